"""A reader that got better reads its files again, and nobody waits for a text meanwhile."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from adapters.extraction import formats
from adapters.home.house import House
from domain.access import SYSTEM
from domain.ports.search import SearchRequest
from domain.ports.texts import ExtractedText
from indexers.pipeline import Pipeline
from indexers.renewal import BATCH, Renewal
from tests.http_world import HERE, World, make_world, record

NOTE, TABLE = "第一页的讲稿", "甲,乙"


@pytest.fixture
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = make_world(tmp_path_factory.mktemp("home") / "archive")
    browser = made.signed_in("clerk-here")
    files = []
    for name, text in (("讲稿.txt", NOTE), ("说明.md", "# 立行立改"), ("不明.bin", "\x00\x01\x02")):
        sent = browser.post("/api/v1/uploads", params={"name": name}, content=text.encode()).json()
        files.append({"name": name, "sha256": sent["sha256"]})
    answer = browser.post("/api/v1/records", json=record(HERE, files=files))
    assert answer.status_code == 201, answer.text
    made.catch_up()
    yield made
    made.house.close()


def texts(house: House) -> dict[str, ExtractedText | None]:
    """By name, what is kept of each file of the one record."""
    files = house.archive.find(f"{HERE}-2023-0001").current.files
    return {entry.name: house.texts.get(entry.sha256) for entry in files}


def found(house: House, words: str) -> int:
    return house.searching.search(SYSTEM, SearchRequest(query=words)).total


def test_a_better_reader_reads_its_own_files_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The text of before is shown and found until then; files of other readers are not touched."""
    house = world.house
    before = texts(house)
    assert {name: text and text.reader for name, text in before.items()} == {
        "讲稿.txt": "txt-1", "说明.md": "markdown-1", "不明.bin": "none",
    }  # fmt: skip
    monkeypatch.setitem(formats.READERS, "txt", formats.READERS["txt"]._replace(version=2))
    pipeline = Pipeline(house)
    renewal = pipeline._renewal()
    assert renewal.run_once() > 0
    assert house.queue.counts() == {"waiting": 1, "done": 2}
    assert (texts(house), found(house, NOTE)) == (before, 1)
    pipeline.catch_up()
    after = texts(house)
    assert after["讲稿.txt"] is not None and after["讲稿.txt"].reader == "txt-2"
    assert {**after, "讲稿.txt": None} == {**before, "讲稿.txt": None}
    assert (found(house, NOTE), house.queue.counts()) == (1, {"done": 3})


def test_a_format_that_gets_a_reader_is_read(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody could read has its text, and is found by it, without anything being rebuilt."""
    house = world.house
    kind = next(e.media_type for e in house.archive.find(f"{HERE}-2023-0001").current.files if e.name == "不明.bin")
    assert texts(house)["不明.bin"] == ExtractedText("unsupported", reader="none")
    monkeypatch.setitem(formats.MODULES, kind, "txt")
    monkeypatch.setattr(
        house.extractor, "_extract", lambda blob, media_type: ExtractedText("extracted", ("终于读出来的内容",))
    )
    Pipeline(house).catch_up()
    assert found(house, "终于读出来的内容") == 1


def test_texts_that_were_deleted_are_made_again(world: World) -> None:
    """With them goes how far it came, so everything is looked through."""

    house = world.house
    before = texts(house)
    shutil.rmtree(house.settings.text_folder)
    assert set(texts(house).values()) == {None}
    Pipeline(house).catch_up()
    assert texts(house) == before


def test_a_walk_goes_on_where_it_was_and_begins_anew_where_readers_change(world: World) -> None:
    """Batch by batch; a process that dies loses one at most; what was walked for other readers counts for nothing."""
    house = world.house

    def renewal(**readers: str) -> Renewal:
        return Renewal(house.events, house.texts, house.extractor, house.queue, lambda: readers)

    events = house.events.rows(0, BATCH)
    assert renewal(a="a-1").run_once() == len(events)  # a process that dies after its first batch
    second = renewal(a="a-1")
    assert (second.run_once(), second.run_once()) == (0, 0)
    assert renewal(a="a-1").run_once() == 0
    other = renewal(a="a-2")
    assert (other.run_once(), other.run_once(), other.run_once()) == (len(events), 0, 0)
    house.texts.walk_on(b"{ not a mark")
    assert renewal(a="a-2").run_once() == len(events)
