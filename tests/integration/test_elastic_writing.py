"""Writing to the index on a real Elasticsearch: nothing wrong gets in by who is behind, deposed or interrupted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from adapters.search.elastic.address import SearchAddress
from adapters.search.elastic.bulk import Bulk
from adapters.search.elastic.changes import changes
from adapters.search.elastic.connection import Connection
from adapters.search.elastic.faults import IndexMissing, SearchRefuses
from adapters.search.elastic.generations import ElasticGenerations
from adapters.search.elastic.indices import Indices
from adapters.search.elastic.position import Hold
from domain.search.errors import DocumentRejected, IndexLocked, IndexPositionAltered
from tests import elastic_world
from tests.contract.search_corpus import document
from tests.elastic_world import Open, ask

address, raw, indices = elastic_world.address, elastic_world.raw, elastic_world.indices
open_engine, engine = elastic_world.open_engine, elastic_world.engine


def test_a_writer_that_is_behind_changes_nothing(open_engine: Open) -> None:
    """Who comes late with what he has, at a smaller tree size, is told so, and nothing of it gets in."""
    ahead, behind = open_engine(), open_engine()
    behind.position()
    ahead.write([document("r1", "新文"), document("r2", "新文")], (), 10)
    with pytest.raises(IndexLocked):
        behind.write([document("r1", "旧文"), document("r3", "旧文")], [document("r2").id], 5)
    assert (ask(ahead, "新文").total, ask(ahead, "旧文").total) == (2, 0)
    assert (ahead.position(), behind.position()) == (10, 10)


def test_a_deposed_writer_changes_nothing_at_the_same_size(open_engine: Open) -> None:
    """It read the position before the other took over: its batch is refused as a whole, until it asks again."""
    first, second = open_engine(), open_engine()
    first.write([document("r1", "没有附件")], (), 10)
    assert (first.position(), second.position()) == (10, 10)
    second.write([document("r1", "附件的文字")], (), 10)
    with pytest.raises(IndexLocked):
        first.write([document("r1", "没有附件")], (), 10)
    assert (ask(first, "附件的文字").total, ask(first, "没有附件").total) == (1, 0)
    assert first.position() == 10
    first.write([document("r1", "又一次")], (), 10)
    assert ask(second, "又一次").total == 1


def test_a_late_bulk_of_a_deposed_writer_is_refused(
    open_engine: Open, indices: Indices, address: SearchAddress
) -> None:
    """It was sent, and the server comes to it when another writer has written the same entries at the same size: it
    changes none of them, and the position of the deposed one is refused too."""
    second = open_engine()
    second.position()
    with closing(Connection(address)) as connection:
        hold = Hold(connection, indices.name(1), indices.into(1))
        claim = hold.claim()
        late = list(changes(connection, indices.name(1), [document("r1", "旧文")], (), claim.version))
        second.position()
        second.write([document("r1", "新文")], (), 5)
        assert Bulk(connection, indices.into(1)).send(late) == {"r1:1"}
        with pytest.raises(IndexLocked):
            hold.note(5)
        with pytest.raises(IndexLocked):
            hold.outbid(10)
    assert [hit.record for hit in ask(second, "新文").hits] == ["r1"]


def test_the_answer_to_a_claim_is_lost(engine: ElasticGenerations, indices: Indices, address: SearchAddress) -> None:
    """The client asks again, and the server refuses what it has already done: the writer sees that it was its own."""
    engine.position()
    with closing(Connection(address)) as connection:
        hold = Hold(connection, indices.name(1), indices.into(1))
        real = connection.working

        @contextmanager
        def twice() -> Iterator[Any]:
            with real() as client:
                yield Twice(client)

        connection.working = twice  # type: ignore[method-assign]  # the line, as it may be
        hold.claim()
        hold.note(7)
        hold.claim()
        hold.note(8)
    assert engine.position() == 8


class Twice:
    """A client that sends each document twice, and passes on the second answer."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def options(self, **options: Any) -> Twice:
        return Twice(self.client.options(**options))

    def index(self, **request: Any) -> Any:
        self.client.index(**request)
        return self.client.index(**request)


def test_a_replayed_position_is_another_writing(
    engine: ElasticGenerations, indices: Indices, raw: Elasticsearch
) -> None:
    """Somebody puts back, word for word, what one of us wrote: it is told once, and the next batch builds on it."""
    engine.write([document("r1", "会议")], (), 3)
    raw.index(index=indices.name(1), id="@position", document=raw.get(index=indices.name(1), id="@position")["_source"])
    with pytest.raises(IndexLocked):
        engine.write([document("r2", "会议")], (), 5)
    assert engine.position() == 3
    engine.write([document("r2", "会议")], (), 5)
    assert (engine.position(), ask(engine, "会议").total) == (5, 2)


@pytest.mark.parametrize("foreign", [{"position": 99}, {"position": 1, "seal": "0" * 80}, {"seal": "x"}, {}])
def test_a_position_of_another_hand_is_told(
    engine: ElasticGenerations, indices: Indices, raw: Elasticsearch, foreign: dict[str, Any]
) -> None:
    """To whoever asks, and to a writer that comes between; and it can be written over."""
    engine.write([document("r1", "会议")], (), 3)
    raw.index(index=indices.name(1), id="@position", document=foreign, version=10**9, version_type="external")
    with pytest.raises(IndexPositionAltered):
        engine.write([document("r2", "会议")], (), 5)
    with pytest.raises(IndexPositionAltered):
        engine.position()
    engine.write((), (), 0)
    assert engine.position() == 0


def test_a_batch_that_fails_leaves_the_position(
    engine: ElasticGenerations, indices: Indices, raw: Elasticsearch
) -> None:
    """A document that the server does not take is named; once it does, the same batch goes in whole."""
    engine.write([document("r0", "会议")], (), 1)
    limit = "index.mapping.nested_objects.limit"
    raw.indices.put_settings(index=indices.name(1), settings={limit: 1})
    pages = [document("r2", "附件", source="file:0", page=page) for page in (1, 2)]
    batch = [document("r1", "会议"), document("r2", "会议"), *pages]
    with pytest.raises(DocumentRejected) as refused:
        engine.write(batch, (), 5)
    assert "r2:1" in str(refused.value)
    assert engine.position() == 1
    raw.indices.put_settings(index=indices.name(1), settings={limit: 100})
    engine.write(batch, (), 5)
    assert (engine.position(), ask(engine, "会议").total, ask(engine, "附件").total) == (5, 3, 1)


def test_a_server_that_takes_no_writes(engine: ElasticGenerations, indices: Indices, raw: Elasticsearch) -> None:
    """As it does when its disk is full: a sentence of ours; searching goes on."""
    engine.write([document("r1", "会议")], (), 1)
    raw.indices.put_settings(index=indices.name(1), settings={"index.blocks.write": True})
    with pytest.raises(SearchRefuses):
        engine.write([document("r2", "会议")], (), 2)
    assert (engine.position(), ask(engine, "会议").total) == (1, 1)


def test_only_what_is_in_the_mapping(engine: ElasticGenerations, indices: Indices, raw: Elasticsearch) -> None:
    """The index is strict, and what is written shows that by being taken."""
    engine.write([document("r1", "会议"), document("r1", "附件", source="file:0")], (), 1)
    found = raw.indices.get_mapping(index=indices.name(1))[indices.name(1)]["mappings"]
    assert found["dynamic"] == "strict"


def test_nothing_is_written_to_an_index_that_is_gone(
    engine: ElasticGenerations, indices: Indices, raw: Elasticsearch
) -> None:
    """Writing makes no index by its name; asking for the position finds the one that serves now."""
    engine.write([document("r1", "会议")], (), 1)
    raw.indices.delete(index=indices.name(1))
    with pytest.raises(IndexMissing):
        engine.write([document("r2", "会议")], (), 2)
    assert indices.numbers() == []
    assert engine.position() == 0
    engine.write([document("r2", "会议")], (), 2)
    assert ask(engine, "会议").total == 1
