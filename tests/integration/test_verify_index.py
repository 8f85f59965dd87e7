"""What somebody changes in the search index is named exactly, embedded and on a server, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NoReturn
from uuid import uuid4

import pytest

from adapters.search.elastic.faults import SearchUnreachable
from domain.errors import JianzhengError
from domain.ports.search import FOREVER
from domain.search.errors import IndexDamaged
from indexers.pipeline import Pipeline
from operations import verification
from operations.verify import due, run
from tests.cli_world import BACK_ENDS
from tests.index_world import Address, Indexed, indexed, other

Act = Callable[[Indexed], object]
Named = Callable[[Indexed], set[Address]]


@pytest.fixture(scope="module", params=BACK_ENDS)
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Indexed]:
    with indexed(request.param, request, tmp_path_factory.mktemp("indexed") / "home") as made:
        yield made


@pytest.fixture
def archive(shared: Indexed) -> Iterator[Indexed]:
    yield shared
    shared.mend()


def of(klass: str, number: int, source: str = "record", revision: int = 1, whole: bool = False) -> Named:
    """The document, where the index is embedded. On a server the entry of the revision: ``whole`` says that it is the
    only document there, so that with it the entry comes and goes; else the entry is another one."""

    def named(archive: Indexed) -> set[Address]:
        entry, found = f"{archive.record(number)}:{revision}", klass
        if archive.raw is None:
            entry = f"index:{entry}:{source}"
        else:
            entry, found = f"elasticsearch:{entry}", klass if whole else "stale"
        event = None if found == "inserted" else f"{archive.record(number)}/{revision}"
        return {(found, archive.codes[number], event, entry)}

    return named


FOREIGN = str(uuid4())


def foreign(archive: Indexed) -> set[Address]:
    entry = f"index:{FOREIGN}:1:record" if archive.raw is None else f"elasticsearch:{FOREIGN}:1"
    return {("inserted", None, None, entry)}


CASES: dict[str, tuple[Act, Named]] = {
    "words of a record": (lambda a: a.write(other(a.document(1), text="别的话")), of("stale", 1)),
    "words of a file": (
        lambda a: a.write(other(a.document(2, "file:1"), text="没有签到")),
        of("stale", 2, "file:1"),
    ),
    "who may read it": (lambda a: a.write(other(a.document(1), confidential=True)), of("stale", 1)),
    "where it belongs": (lambda a: a.write(other(a.document(0), organisation_path=("top",))), of("stale", 0)),
    "a version that was corrected shown as the newest": (
        lambda a: a.write(other(a.document(2), until_leaf=FOREVER)),
        of("stale", 2),
    ),
    "a withdrawn record shown as filed": (
        lambda a: a.write(other(a.document(3, revision=2), status="filed")),
        of("stale", 3, revision=2),
    ),
    "a file's words deleted": (
        lambda a: a.write(without=(a.document(2, "file:0"),)),
        of("deleted", 2, "file:0"),
    ),
    "a record deleted": (lambda a: a.write(without=(a.document(0),)), of("deleted", 0, whole=True)),
    "a file that nobody attached": (
        lambda a: a.write(other(a.document(0), source="file:7", source_name="x.txt", text="x")),
        of("inserted", 0, "file:7"),
    ),
    "a version that nobody filed": (
        lambda a: a.write(other(a.document(0), revision=9)),
        of("inserted", 0, revision=9, whole=True),
    ),
    "a record that nobody filed": (lambda a: a.write(other(a.document(0), record=FOREIGN)), foreign),
    "many at once": (
        lambda a: a.write(
            other(a.document(1), text="别的话"), other(a.document(0), record=FOREIGN), without=(a.document(6),)
        ),
        lambda a: of("stale", 1)(a) | foreign(a) | of("deleted", 6, whole=True)(a),
    ),
}


def test_an_index_that_nobody_touched(archive: Indexed) -> None:
    """No finding, and nothing left unchecked."""
    found = archive.check()
    assert (found.findings, found.not_checked) == ([], [])


@pytest.mark.parametrize("case", CASES)
def test_each_change_is_named_exactly(archive: Indexed, case: str) -> None:
    """By record, event and what the index calls it."""
    act, expected = CASES[case]
    act(archive)
    assert archive.named() == expected(archive)


def source_of(archive: Indexed, number: int, **fields: Any) -> dict[str, Any]:
    return {**archive.stored[archive.entry(number)], **fields}


RAW: dict[str, tuple[Act, Named]] = {
    "a word to search for": (
        lambda a: a.put(a.entry(1), source_of(a, 1, body="别 的")),
        of("stale", 1),
    ),
    "a right without the document": (lambda a: a.put(a.entry(1), source_of(a, 1, below=["top"])), of("stale", 1)),
    "a file's part taken away": (lambda a: a.put(a.entry(2), source_of(a, 2, parts=[])), of("stale", 2)),
    "no document of ours": (lambda a: a.put(a.entry(1), {"title": "别 的"}), of("stale", 1)),
    "an entry under another name": (
        lambda a: a.put("别名", source_of(a, 1)),
        lambda a: {("inserted", None, None, "elasticsearch:别名")},
    ),
    "an entry deleted": (
        lambda a: a.remove(a.entry(2)),
        of("deleted", 2, whole=True),
    ),
    "entries in each other's place": (
        lambda a: [a.put(a.entry(0), source_of(a, 1)), a.put(a.entry(1), source_of(a, 0))],
        lambda a: of("stale", 0)(a) | of("stale", 1)(a),
    ),
}


@pytest.mark.parametrize("shared", ["servers"], indirect=True)
@pytest.mark.parametrize("case", RAW)
def test_what_only_the_server_can_be_told_is_named_too(archive: Indexed, case: str) -> None:
    """An entry whose searched words are not those of its documents; one that never was ours."""
    act, expected = RAW[case]
    act(archive)
    assert archive.named() == expected(archive)


def test_findings_say_what_and_where(archive: Indexed) -> None:
    """In both languages, with the code of the record, its leaf, and without a word of its content."""
    archive.write(other(archive.document(1), text="别的话"))
    [finding] = archive.check().findings
    leaf = archive.house.ledger.leaf_of(archive.house.archive.find(archive.codes[1]).id, 1)
    assert leaf is not None
    assert finding.leaf_index == leaf.index
    for lang in ("zh", "en"):
        assert archive.codes[1] in finding.detail(lang)
        assert str(finding.file) in finding.detail(lang)
        assert "第1次学习" not in finding.detail(lang)


@pytest.mark.parametrize("start", [None, "fork", "spawn"])
def test_in_many_parts_by_several_processes(
    archive: Indexed, monkeypatch: pytest.MonkeyPatch, start: str | None
) -> None:
    """The same is found, however both sides are cut; no entry falls between two parts."""
    monkeypatch.setattr(run, "way_to_start", lambda _size: start)
    monkeypatch.setattr(due, "SPAN", 3)
    assert archive.named() == set()
    archive.write(other(archive.document(1), text="别的话"), without=(archive.document(6),))
    assert archive.named() == of("stale", 1)(archive) | of("deleted", 6, whole=True)(archive)


def test_a_daily_run_leaves_the_index_alone(archive: Indexed) -> None:
    """It looks at what is recorded."""
    archive.write(other(archive.document(1), text="别的话"))
    assert archive.named(sample=1) == set()


def test_an_event_that_was_altered_does_not_accuse_the_index(archive: Indexed) -> None:
    """The index holds what the event said; what another entry lost is told all the same."""
    archive.rewrite(1, "第1次", "第9次")
    archive.write(other(archive.document(4), text="别的话"))
    found = archive.check()
    archive.rewrite(1, "第9次", "第1次")
    assert {(each.klass, each.subject, each.record) for each in found.findings} == {
        ("altered", "event", archive.codes[1]),
        ("stale", "index", archive.codes[4]),
    }
    assert "有 1 条记录的存证有问题" in found.not_checked[0].zh


def test_events_that_were_deleted_do_not_either(archive: Indexed) -> None:
    """What is left of them in the index belongs to something that was there."""
    with archive.without_events(3):
        found = archive.check()
    assert {(each.klass, each.subject) for each in found.findings} == {("deleted", "event")}


def test_what_is_not_in_the_index_yet_is_no_finding(archive: Indexed) -> None:
    """A record that nobody took in is told as such, and so is a file whose words come later."""
    code = archive.file("很快就会取出文字", title="刚刚存入")
    found = archive.check()
    assert found.findings == []
    assert "检索索引还差 2 条" in found.not_checked[0].zh
    pipeline = Pipeline(archive.house)
    while pipeline.search.run_once():
        pass
    found = archive.check()
    assert (found.findings, [each.zh for each in found.not_checked if "检索" in each.zh]) == ([], [])
    archive.catch_up()
    found = archive.check()
    assert (found.findings, found.not_checked) == ([], [])
    archive.codes.append(code)
    archive.seal()


def test_texts_that_are_not_kept_any_more(archive: Indexed) -> None:
    """They can be deleted: then the words of those files cannot be compared, which is said; the rest is."""
    texts = archive.house.texts
    records = [archive.house.archive.find(code) for code in archive.codes]
    kept = {entry.sha256: texts.get(entry.sha256) for record in records for entry in record.current.files}
    for sha256 in kept:
        texts.forget(sha256)
    archive.write(other(archive.document(2), text="别的话"), without=(archive.document(0),))
    found = archive.check()
    for sha256, text in kept.items():
        if text is not None:
            texts.put(sha256, text)
    expected = of("stale", 2)(archive) | of("deleted", 0, whole=True)(archive)
    assert {(each.klass, each.record, each.event, each.file) for each in found.findings} == expected
    assert "附件文字没有留存" in found.not_checked[0].zh


def test_an_index_that_cannot_be_read(archive: Indexed, monkeypatch: pytest.MonkeyPatch) -> None:
    """That is a finding where it is damaged, and a remark where its server does not answer: it proves nothing."""
    broken = Broken(IndexDamaged(detail="x"))
    monkeypatch.setattr(verification.parts, "index", lambda _: broken)
    assert [(each.klass, each.subject) for each in archive.check().findings] == [("altered", "index")]
    broken.error = SearchUnreachable("x")
    found = archive.check()
    assert found.findings == []
    assert "检索索引没有核对：连不上搜索服务器" in found.not_checked[0].zh


@dataclass
class Broken:
    error: JianzhengError

    def open(self) -> NoReturn:
        raise self.error


@pytest.mark.parametrize("shared", ["servers"], indirect=True)
def test_what_somebody_writes_into_the_position(archive: Indexed) -> None:
    """It is named whatever it says, and nothing else is: also where it says that less is in. Words beside it can be
    searched for, and are an entry besides."""
    altered = ("stale", None, None, "elasticsearch:@position")
    archive.put("@position", {"position": archive.house.ledger.size(), "title": "别 的"})
    assert archive.named() == {("inserted", None, None, "elasticsearch:@position"), altered}
    for said in (10_000, 1, 0, archive.house.ledger.size(), -1):
        archive.put("@position", {"position": said})
        assert archive.named() == {altered}
