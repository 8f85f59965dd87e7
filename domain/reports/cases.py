"""How each record stood at the checkpoint: the first half of the fold, from events to cases.

It mirrors `domain.records.record.Record.apply` on plain attributes and keeps for everything the leaf index of the event
it came from. It runs once for each event of a report and is most of its cost, so it makes no objects but one `Case` a
record, and keeps of the content only what some figure counts: what is let go at once need not be moved around.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from domain.records.events import (
    FilesAttached,
    ItemClosed,
    ProgressNoted,
    RecordCorrected,
    RecordFiled,
    RecordReturned,
    RecordSignedOff,
    RecordWithdrawn,
)

Fact = tuple[int, str, UUID, dict[str, Any]]
"""Leaf index, topic, stream and attributes of one event."""


class Case:
    """One record as it stood. Every ``*_leaf`` is the leaf index of the event that the attribute comes from."""

    __slots__ = (
        "attendees", "bytes", "closed", "code", "content", "content_leaf", "events", "expected", "family", "filed_leaf",
        "files", "files_leaf", "form", "gaps", "gaps_leaf", "late", "occurred_on", "on_leave", "organisation",
        "present", "progress", "status", "status_leaf",
    )  # fmt: skip

    code: str
    organisation: str
    content: dict[str, Any]  # the fields in `KEPT`
    occurred_on: str  # YYYY-MM-DD
    expected: int | None
    present: int | None
    attendees: Sequence[str | None]  # codes, None for a person without one
    on_leave: Sequence[str | None]
    files: int
    bytes: int
    gaps: list[str]  # their codes
    late: bool
    status: str
    family: str
    form: str
    filed_leaf: int
    content_leaf: int
    files_leaf: int
    gaps_leaf: int
    status_leaf: int
    events: int
    progress: tuple[tuple[str, int], ...]  # (day, leaf)
    closed: tuple[str, int] | None  # (day, leaf)

    @property
    def title(self) -> str:
        return str(self.content["title"])


FILED, ATTACHED, CORRECTED = RecordFiled.TOPIC, FilesAttached.TOPIC, RecordCorrected.TOPIC
SIGNED, RETURNED, WITHDRAWN = RecordSignedOff.TOPIC, RecordReturned.TOPIC, RecordWithdrawn.TOPIC
PROGRESS, CLOSED = ProgressNoted.TOPIC, ItemClosed.TOPIC

KEPT = (
    "title", "hours", "publicity",
    "results", "grade", "subject", "ballots", "satisfied", "mostly_satisfied", "dissatisfied", "makes_up_for",
    "quarter", "scores",
    "department", "deadline", "term",
)  # fmt: skip
"""Fields of the content that some figure counts or some row shows."""

_STATUS = {SIGNED: "signed", RETURNED: "returned", WITHDRAWN: "withdrawn"}


def cases_of(facts: Iterable[Fact], year: int, organisations: frozenset[str]) -> tuple[list[Case], int]:
    """The records of the organisations and the year, withdrawn ones included, in the order of their filing, and how
    many events they have.

    Facts of one stream come in the order of their versions; facts of different streams may come in any order.
    """
    found: dict[UUID, Case] = {}
    for leaf, topic, stream, attributes in facts:
        if topic == FILED:
            case = found[stream] = Case()
            case.code = attributes["code"]
            case.organisation = attributes["organisation"]
            case.late = attributes["late"]
            case.filed_leaf = leaf
            case.progress = ()
            case.events = 1
            case.closed = None
            _content(case, leaf, attributes)
            continue
        case = found[stream]
        case.events += 1
        if topic in _STATUS:
            case.status = _STATUS[topic]
            case.status_leaf = leaf
        elif topic == ATTACHED:
            _files(case, leaf, attributes)
            if case.status == "signed":
                case.status, case.status_leaf = "filed", leaf
        elif topic == CORRECTED:
            _content(case, leaf, attributes)
        elif topic == PROGRESS:
            case.progress += ((attributes["on"], leaf),)
        elif topic == CLOSED:
            case.closed = (attributes["on"], leaf)
    prefix = f"{year:04d}-"
    chosen = [
        case for case in found.values() if case.organisation in organisations and case.occurred_on.startswith(prefix)
    ]
    chosen.sort(key=lambda case: case.filed_leaf)
    return chosen, sum(case.events for case in chosen)


def _content(case: Case, leaf: int, attributes: dict[str, Any]) -> None:
    content = attributes["content"]
    case.family, case.form, case.occurred_on = content["family"], content["form"], content["occurred"]["from"][:10]
    case.content = {key: content[key] for key in KEPT if key in content}
    attendance = content.get("attendance")
    if attendance is None:
        case.expected = case.present = None
        case.attendees = case.on_leave = ()
    else:
        case.expected, case.present = attendance.get("expected"), attendance.get("present")
        case.attendees = [person.get("person") for person in attendance.get("attendees", ())]
        case.on_leave = [absence["person"].get("person") for absence in attendance.get("on_leave", ())]
    case.status, case.content_leaf, case.status_leaf = "filed", leaf, leaf
    _files(case, leaf, attributes)


def _files(case: Case, leaf: int, attributes: dict[str, Any]) -> None:
    files = attributes["files"]
    case.files = len(files)
    case.bytes = sum([file["size"] for file in files])
    case.gaps = [gap["code"] for gap in attributes["gaps"]]
    case.files_leaf = case.gaps_leaf = leaf
