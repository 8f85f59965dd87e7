"""Annual reports that were issued: their files are known again in every form, and whatever was changed is found."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import pytest

from domain.access import SYSTEM
from domain.errors import EventUnreadable
from domain.reports.annual import ReportImpossible
from domain.reports.events import ReportIssued
from domain.reports.reporting import Issued
from tests.report_world import BRANCH, SCHOOL, World, actor, furnish, world


@pytest.fixture
def made(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path / "archive") as found:
        yield found


@pytest.fixture
def issued(made: World) -> tuple[World, dict[str, bytes]]:
    furnish(made)
    made.settle()
    files = made.reporting.issue(actor("secretary", SCHOOL), BRANCH, 2023, endings=(".html", "pdf")).files
    made.settle()
    return made, files


def test_an_issued_file_is_known_in_every_form(issued: tuple[World, dict[str, bytes]]) -> None:
    """Each of the issued files verifies, also after much else has happened."""
    made, files = issued
    assert sorted(files) == ["html", "json", "pdf"]
    made.file("study_session", "theme_day", "2023-12-28")
    made.settle()
    for ending, data in files.items():
        verdict = made.reporting.verify_file(SYSTEM, data)
        assert (verdict.ok, verdict.ending, verdict.remarks) == (True, ending, ())
        assert verdict.event is not None
        assert (verdict.event.organisation, verdict.event.actor) == (BRANCH, "somebody")


def test_the_same_report_is_issued_once(issued: tuple[World, dict[str, bytes]]) -> None:
    """Issuing what has been issued at the same checkpoint records nothing; a later one is another event."""
    made, _ = issued
    first = made.reporting.issue(SYSTEM, BRANCH, 2023)
    again = made.reporting.issue(SYSTEM, BRANCH, 2023)
    assert first.changed
    assert not again.changed
    assert again.event == first.event
    assert first.event.originator_version == 2


@pytest.mark.parametrize("same", [True, False])
def test_a_report_that_two_issue_at_once(
    issued: tuple[World, dict[str, bytes]], monkeypatch: pytest.MonkeyPatch, same: bool
) -> None:
    """The slower one finds the event of the faster one where the files are the same, and else comes after it."""
    made, _ = issued
    really, faster = made.house.events.append_next, list[Issued]()

    def overtaken(stream: UUID, decide: Callable[[int], list[ReportIssued]]) -> list[ReportIssued]:
        monkeypatch.undo()
        faster.append(made.reporting.issue(SYSTEM, BRANCH, 2023, endings=() if same else ("html",)))
        return really(stream, decide)

    monkeypatch.setattr(made.house.events, "append_next", overtaken)
    slower = made.reporting.issue(SYSTEM, BRANCH, 2023, endings=())
    assert [each.changed for each in faster] == [True]
    assert slower.changed is not same
    assert (slower.event == faster[0].event) is same
    assert slower.event.originator_version == (2 if same else 3)


def test_a_changed_file_is_not_issued(issued: tuple[World, dict[str, bytes]]) -> None:
    """One byte more, and the file is none that was issued."""
    made, files = issued
    verdict = made.reporting.verify_file(SYSTEM, files["html"] + b" ")
    assert not verdict.ok
    assert [remark.code for remark in verdict.remarks] == ["not_issued"]


def tamper(made: World, statement: str, *params: object) -> None:
    with sqlite3.connect(made.house.settings.events_file) as db:
        assert db.execute(statement, params).rowcount == 1
    db.close()


def state_of(made: World, leaf: int) -> tuple[int, dict[str, object]]:
    position = made.house.ledger.leaves(leaf, 1)[0].position
    return position, json.loads(made.house.events.rows_at([position])[0].state)


def test_changed_history_does_not_yield_it(issued: tuple[World, dict[str, bytes]]) -> None:
    """An event edited after the report was issued: the file is the issued one, but history says otherwise."""
    made, files = issued
    leaf = made.leaf(made.house.archive.find(f"{BRANCH}-2023-0001").code)
    position, state = state_of(made, leaf)
    state["content"]["hours"] = 20  # type: ignore[index]  # a JSON object
    tamper(made, "UPDATE stored_events SET state = ? WHERE position = ?", json.dumps(state).encode(), position)
    for data in files.values():
        verdict = made.reporting.verify_file(SYSTEM, data)
        assert verdict.issued
        assert not verdict.ok
        assert [remark.code for remark in verdict.remarks] == ["history_differs"]


def test_a_deleted_or_broken_event_is_named(issued: tuple[World, dict[str, bytes]]) -> None:
    """Where an event is unreadable or gone, the report refuses and the check says why."""
    made, files = issued
    leaf = made.leaf(f"{BRANCH}-2023-0001")
    position, state = state_of(made, leaf)
    del state["content"]
    tamper(made, "UPDATE stored_events SET state = ? WHERE position = ?", json.dumps(state).encode(), position)
    with pytest.raises(ReportImpossible):
        made.report()
    tamper(made, "UPDATE stored_events SET state = ? WHERE position = ?", b"{", position)
    with pytest.raises(EventUnreadable):
        made.report()
    tamper(made, "DELETE FROM stored_events WHERE position = ?", position)
    with pytest.raises(EventUnreadable):
        made.report()
    verdict = made.reporting.verify_file(SYSTEM, files["json"])
    assert [remark.code for remark in verdict.remarks] == ["history_unreadable"]


def test_an_edited_issue_is_found(issued: tuple[World, dict[str, bytes]]) -> None:
    """Whoever makes a forged file the issued one by editing the event is found by the leaf."""
    made, files = issued
    forged = files["html"].replace(b"2023", b"2024")
    stored = made.house.ledger.size() - 1
    position, state = state_of(made, stored)
    state["digests"]["html"] = sha256(forged).hexdigest()  # type: ignore[index]  # a JSON object
    tamper(made, "UPDATE stored_events SET state = ? WHERE position = ?", json.dumps(state).encode(), position)
    made.figures.rebuild()
    made.figures.catch_up()
    verdict = made.reporting.verify_file(SYSTEM, forged)
    assert not verdict.ok
    assert [remark.code for remark in verdict.remarks] == ["event_altered"]


def test_a_rewritten_ledger_is_found(issued: tuple[World, dict[str, bytes]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Another root at the size of that time: history was rewritten."""
    made, files = issued
    root = made.house.ledger.root
    size = made.reporting.verify_file(SYSTEM, files["json"]).event.tree_size  # type: ignore[union-attr]  # it is issued
    monkeypatch.setattr(made.house.ledger, "root", lambda n: b"\0" * 32 if n == size else root(n))
    verdict = made.reporting.verify_file(SYSTEM, files["json"])
    assert [remark.code for remark in verdict.remarks] == ["root_differs"]


def test_other_fonts_are_no_reproach(issued: tuple[World, dict[str, bytes]]) -> None:
    """A PDF that this machine sets with other bytes is genuine while its contents agree with history."""
    made, files = issued
    made.reporting.renderers = {**made.reporting.renderers, "pdf": lambda report, lang: b"other bytes"}
    verdict = made.reporting.verify_file(SYSTEM, files["pdf"])
    assert verdict.ok
    assert [remark.code for remark in verdict.remarks] == ["rendering_differs"]
