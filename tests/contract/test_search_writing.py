"""What every search engine makes of what is written, beside its main suite: as it stood, replays, positions."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.ports.search import SearchDocument, SearchEngine
from tests.contract import search_engines
from tests.contract.search_corpus import document
from tests.contract.search_engines import ask, found

new_engine, engine = search_engines.new_engine, search_engines.engine


def versions() -> list[SearchDocument]:
    """Filed at leaf 3, corrected at leaf 7, its file with it."""
    return [
        document("r1", "旧文", from_leaf=3, until_leaf=7),
        document("r1", "旧附件", source="file:0", from_leaf=3, until_leaf=7),
        document("r1", "新文", revision=2, from_leaf=7),
        document("r1", "新附件", source="file:0", revision=2, from_leaf=7),
    ]


@pytest.mark.parametrize(
    ("as_of", "old", "new"),
    [(0, 0, 0), (3, 0, 0), (4, 1, 0), (7, 1, 0), (8, 0, 1), (10**9, 0, 1), (None, 0, 1), (-1, 0, 0), (2**70, 0, 0)],
)
def test_as_it_stood(engine: SearchEngine, as_of: int | None, old: int, new: int) -> None:
    """A version is found at tree sizes behind its own leaf, up to that of the event that ended it."""
    engine.write(versions(), (), 8)
    for word, count in (("旧文", old), ("旧附件", old), ("新文", new), ("新附件", new), ("", old + new)):
        result = ask(engine, word, as_of=as_of)
        assert (result.total, len(result.hits)) == (count, count)
    if old + new:
        assert [hit.revision for hit in ask(engine, as_of=as_of).hits] == [1 if old else 2]


def test_writing_again_changes_nothing(engine: SearchEngine) -> None:
    """A replay, whole or in pieces, leaves the same answers and the same documents."""
    documents = versions()
    engine.write(documents, (), 8)
    before, ids = ask(engine, "新"), engine.documents("r1")
    engine.write(documents, (), 8)
    for each in reversed(documents):
        engine.write([each], (), 8)
    assert (ask(engine, "新"), engine.documents("r1")) == (before, ids)
    assert ids == sorted(each.id for each in documents)


def test_closing_a_range_replaces_the_document(engine: SearchEngine) -> None:
    """The same id with another range is the same document."""
    old = document("r1", "旧文", from_leaf=3)
    engine.write([old], (), 4)
    engine.write([replace(old, until_leaf=7), document("r1", "新文", revision=2, from_leaf=7)], (), 8)
    assert found(engine, "旧文") == set()
    assert found(engine, "旧文", as_of=5) == {"r1"}
    assert len(engine.documents("r1")) == 2


def test_files_may_come_before_and_after_their_record(engine: SearchEngine) -> None:
    """In whatever batches they arrive, a record is one hit with the types of all its files."""
    pdf = document("r1", "会议照片", source="file:0", source_name="a.pdf", file_type="pdf", page=1)
    doc = document("r1", "会议记录", source="file:1", source_name="b.docx", file_type="docx", page=1)
    for nth, each in enumerate((pdf, document("r1", "会议"), doc)):
        engine.write([each], (), nth)
    result = ask(engine, "会议")
    assert (result.total, [hit.record for hit in result.hits]) == (1, ["r1"])
    assert result.facets["file_type"] == (("docx", 1), ("pdf", 1))
    assert found(engine, "照片 记录") == {"r1"}
    engine.write([], [doc.id], 3)
    assert ask(engine, "会议").facets["file_type"] == (("pdf", 1),)
    assert found(engine, "记录") == set()
    engine.write([], [document("r1").id], 4)
    assert found(engine, "照片") == {"r1"}
    engine.write([], [pdf.id, "r9:1:body"], 5)
    assert ask(engine).total == 0
    assert engine.documents("r1") == []


def test_the_position_is_that_of_the_last_write(engine: SearchEngine) -> None:
    """Empty: 0; then what each batch said; cleared: 0 again and nothing left."""
    assert engine.position() == 0
    engine.write([document("r1", "会议")], (), 5)
    assert engine.position() == 5
    engine.write([], (), 9)
    assert (engine.position(), ask(engine, "会议").total) == (9, 1)
    engine.clear()
    assert (engine.position(), ask(engine).total) == (0, 0)
    engine.write([document("r1", "会议")], (), 1)
    assert (engine.position(), ask(engine, "会议").total) == (1, 1)
