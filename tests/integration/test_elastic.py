"""The index on a real Elasticsearch: rebuilding under searches, pages of one moment, what somebody changed, who may."""

from __future__ import annotations

import threading
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from adapters.search.elastic.address import SearchAddress
from adapters.search.elastic.connection import Connection
from adapters.search.elastic.engine import ElasticSearch
from adapters.search.elastic.faults import IndexMissing, SearchRefuses
from adapters.search.elastic.generations import ElasticGenerations
from adapters.search.elastic.indices import Indices
from adapters.search.elastic.inspection import ElasticIndexPlace
from domain.search.errors import IndexLocked
from tests import elastic_world
from tests.contract.search_corpus import document
from tests.elastic_world import Open, ask

address, raw, indices = elastic_world.address, elastic_world.raw, elastic_world.indices
open_engine, engine = elastic_world.open_engine, elastic_world.engine


# ── rebuilding ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_searches_go_on_while_the_index_is_rebuilt(open_engine: Open) -> None:
    """Somebody who searches without a pause sees the old index or the new one, never less, never an error."""
    engine, elsewhere = open_engine(), open_engine()
    engine.write([document(f"r{n}", "旧的会议") for n in range(30)], (), 30)
    seen: list[int] = []
    faults: list[BaseException] = []
    done = threading.Event()

    def search() -> None:
        try:
            while not done.is_set():
                seen.append(ask(elsewhere, "会议").total)
        except BaseException as error:
            faults.append(error)
            raise

    searcher = threading.Thread(target=search)
    searcher.start()
    for total in (40, 50, 60):
        with engine.next() as fresh:
            for start in range(0, total, 10):
                fresh.write([document(f"r{n}", "新的会议") for n in range(start, start + 10)], (), start + 10)
    done.set()
    searcher.join()
    assert (faults, set(seen) - {30, 40, 50, 60}) == ([], set())
    assert sorted(seen) == seen
    assert (elsewhere.position(), ask(elsewhere, "新的会议").total) == (60, 60)


def test_a_writer_stays_with_the_index_whose_position_it_knows(open_engine: Open) -> None:
    """A batch behind the old index's position never lands in a new one that has not come as far."""
    follower, rebuilder = open_engine(), open_engine()
    follower.write([document("r1", "会议")], (), 10)
    assert follower.position() == 10
    with rebuilder.next() as fresh:
        fresh.write([document("r1", "会议")], (), 8)
    follower.write([document("r2", "会议")], (), 12)
    assert (ask(follower, "会议").total, follower.position()) == (1, 8)
    follower.write([document("r2", "会议")], (), 12)
    assert (ask(follower, "会议").total, follower.position()) == (2, 12)


def test_a_rebuild_that_fails_leaves_the_old_index(engine: ElasticGenerations, indices: Indices) -> None:
    """What was begun is taken away, and the next rebuild also takes away what a killed one left."""
    engine.write([document("r1", "会议")], (), 1)
    with pytest.raises(RuntimeError), engine.next() as fresh:
        fresh.write([document("r2", "会议")], (), 2)
        raise RuntimeError
    assert (indices.numbers(), ask(engine, "会议").hits[0].record) == ([1], "r1")
    indices.create(2)
    indices.create(7)
    with engine.next() as fresh:
        assert fresh.position() == 0
    assert (indices.numbers(), indices.serving(), ask(engine, "会议").total) == ([1, 2], 2, 0)
    with engine.next():
        pass
    assert (indices.numbers(), indices.serving()) == ([2, 3], 3)


def test_one_rebuild_at_a_time(open_engine: Open) -> None:
    """The second is told, and nothing happens to the first."""
    first, second = open_engine(), open_engine()
    with first.next() as fresh:
        with pytest.raises(IndexLocked), second.next():
            raise AssertionError("two at once")
        fresh.write([document("r1", "会议")], (), 3)
    assert second.position() == 3


def test_a_generation_is_emptied_in_its_place(engine: ElasticGenerations) -> None:
    """While it is built it does not serve, and does not by being cleared."""
    engine.write([document("r1", "会议")], (), 1)
    with engine.next() as fresh:
        fresh.write([document("r2", "会议")], (), 5)
        fresh.clear()
        assert (fresh.position(), engine.position()) == (0, 1)
        fresh.write([document("r3", "会议")], (), 2)
    assert [hit.record for hit in ask(engine).hits] == ["r3"]


def test_two_processes_make_the_first_index_at_once(open_engine: Open, indices: Indices) -> None:
    """Both find the same one."""
    made = [open_engine() for _ in range(4)]
    threads = [threading.Thread(target=each.position) for each in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (indices.numbers(), indices.serving()) == ([1], 1)
    assert {each.position() for each in made} == {0}


# ── pages ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_pages_go_on_in_a_new_generation(engine: ElasticGenerations, indices: Indices) -> None:
    """An index that was rebuilt between two pages, and the old one removed, changes nothing for who turns them."""
    documents = [document(f"r{n:02}", "会议记录" + "安全" * (n % 7)) for n in range(30)]
    engine.write(documents, (), 30)
    whole = [hit.record for hit in ask(engine, "会议记录", limit=100).hits]
    first = ask(engine, "会议记录", limit=5)
    with engine.next() as fresh:
        fresh.write(documents, (), 30)
    indices.remove(1)
    rest = ask(engine, "会议记录", limit=100, cursor=first.next)
    assert [hit.record for page in (first, rest) for hit in page.hits] == whole


# ── what somebody changed ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("parts", [1, 3])
def test_every_change_behind_our_back_is_named(
    engine: ElasticGenerations, indices: Indices, raw: Elasticsearch, address: SearchAddress, parts: int
) -> None:
    """A word, a right, a part, an entry under another name, one of somebody else: each by its id, and no other."""
    batch = [document(f"r{n}", f"会议{n}\n\n记录", people=("甲",), readers=("p1",)) for n in range(450)]
    files = [document(f"r{n}", "附件" * n, source="file:0", page=n, file_type="pdf") for n in range(1, 30)]
    engine.write([*batch, *files], (), 500)
    index = indices.name(1)
    stored = raw.get(index=index, id="r7:1")["_source"]
    changed: dict[str, dict[str, Any]] = {
        "r1:1": {"title": "别 的"},
        "r2:1": {"confidential": True},
        "r3:1": {"parts": []},
        "r4:1": {"document": "{}"},
        "r5:1": {"reader": ["p2"]},
        "r6:1": {"document": stored["document"]},
    }
    for id_, fields in changed.items():
        raw.index(index=index, id=id_, document={**raw.get(index=index, id=id_)["_source"], **fields})
    raw.index(index=index, id="r7:9", document=stored)
    raw.index(index=index, id="foreign", document={"position": 3}, refresh=True)
    with closing(ElasticIndexPlace(address).open()) as rows:
        listed = [each for part in range(parts) for each in rows.entries(part, parts)]
        found = {each.name: each for each in rows.named({each.name for each in listed})}
    assert len(listed) == len(found) == 452
    assert {each.name: each.content for each in listed} == {each.name: each.content for each in found.values()}
    assert sorted(name for name, each in found.items() if not each.documents) == sorted([*changed, "r7:9", "foreign"])
    assert {one for each in found.values() for one in each.documents} < {*batch, *files}


# ── who may ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_wrong_password(address: SearchAddress, open_engine: Open) -> None:
    """Refused without the password in it."""
    with pytest.raises(SearchRefuses) as refused:
        ask(open_engine(replace(address, password="hidden")))
    assert "hidden" not in str(refused.value)


def test_an_engine_that_reads_whatever_serves_writes_nothing(address: SearchAddress) -> None:
    """There is no generation that it could be sure of."""
    with closing(Connection(address)) as connection, pytest.raises(IndexMissing):
        ElasticSearch(connection, Indices(connection)).write((), (), 1)
