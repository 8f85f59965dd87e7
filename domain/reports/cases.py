"""How each record stood at the checkpoint: the first half of the fold, from events to cases.

It mirrors `domain.records.record.Record.apply` on plain attributes and keeps for everything the leaf index of the event
it came from. It runs once for each event of a report and is most of its cost, so it makes no objects but one `Case` a
record, and keeps of the content only what some figure counts: what is let go at once need not be moved around.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from operator import attrgetter, itemgetter
from typing import Any

from domain.records.events import (
    FilesAttached,
    ItemClosed,
    ProgressNoted,
    RecordCorrected,
    RecordErased,
    RecordFiled,
    RecordReturned,
    RecordSignedOff,
    RecordWithdrawn,
)

Fact = tuple[int, str, Hashable, dict[str, Any]]
"""Leaf index, topic, stream (whatever tells it from the others) and attributes of one event."""


class Case:
    """One record as it stood. Every ``*_leaf`` is the leaf index of the event that the attribute comes from."""

    __slots__ = (
        "attendees", "bytes", "closed", "code", "content", "content_leaf", "events", "expected", "family", "filed_leaf",
        "files", "files_leaf", "form", "gaps", "hours", "late", "occurred_on", "on_leave", "organisation", "present",
        "progress", "status", "status_leaf",
    )  # fmt: skip

    code: str
    organisation: str
    content: dict[str, Any]  # the fields that figures of its family need, see `KEPT`
    occurred_on: str  # YYYY-MM-DD
    hours: float | None
    expected: int | None
    present: int | None
    attendees: Sequence[str | None]  # codes, None for a person without one
    on_leave: Sequence[str | None]
    files: int
    bytes: int
    gaps: Sequence[str]  # their codes
    late: bool
    status: str
    family: str
    form: str
    filed_leaf: int
    content_leaf: int
    files_leaf: int  # that of the gaps, too
    status_leaf: int
    events: int
    progress: tuple[tuple[str, int], ...]  # (day, leaf)
    closed: tuple[str, int] | None  # (day, leaf)

    @property
    def title(self) -> str:
        """As the content says it."""
        return str(self.content["title"])


FILED, ATTACHED, CORRECTED = RecordFiled.TOPIC, FilesAttached.TOPIC, RecordCorrected.TOPIC
SIGNED, RETURNED, WITHDRAWN = RecordSignedOff.TOPIC, RecordReturned.TOPIC, RecordWithdrawn.TOPIC
PROGRESS, CLOSED, ERASED = ProgressNoted.TOPIC, ItemClosed.TOPIC, RecordErased.TOPIC

KEPT = {
    "evaluation": (
        "title", "results", "grade", "subject", "ballots", "satisfied", "mostly_satisfied", "dissatisfied",
        "makes_up_for", "quarter", "scores",
    ),
    "rectification": ("title", "department", "deadline", "term"),
    "paper": ("publicity",),
}  # fmt: skip
"""Fields of the content that some figure counts or some row shows, by family; of other families there are none."""

_NOTHING: dict[str, Any] = {}
_STATUS = {SIGNED: "signed", RETURNED: "returned", WITHDRAWN: "withdrawn"}
_person, _size, _code = itemgetter("person"), itemgetter("size"), itemgetter("code")


def cases_of(facts: Iterable[Fact], year: int, organisations: frozenset[str]) -> tuple[list[Case], int, list[int]]:
    """The records of the organisations and the year, withdrawn ones included, in the order of their filing, how many
    events they have, and a leaf of each record of theirs that was erased: of it nothing else is known.

    Facts of one stream come in the order of their versions; facts of different streams may come in any order.
    """
    cases: dict[Hashable, Case] = {}
    erased: dict[Hashable, int | None] = {}
    for leaf, topic, stream, attributes in facts:
        if topic == FILED:
            case = cases[stream] = Case()
            case.code = attributes["code"]
            case.organisation = attributes["organisation"]
            case.late = attributes["late"]
            case.filed_leaf = leaf
            case.progress = ()
            case.events = 1
            case.closed = None
            _content(case, leaf, attributes)
            continue
        if topic == ERASED and attributes["events"]:
            cases.pop(stream, None)
            ours = attributes["organisation"] in organisations and attributes["year"] == year
            erased.setdefault(stream, leaf if ours else None)
            continue
        if stream in erased:
            continue
        case = cases[stream]
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
        case for case in cases.values() if case.organisation in organisations and case.occurred_on.startswith(prefix)
    ]
    chosen.sort(key=attrgetter("filed_leaf"))
    return chosen, sum([case.events for case in chosen]), [leaf for leaf in erased.values() if leaf is not None]


def _content(case: Case, leaf: int, attributes: dict[str, Any]) -> None:
    content = attributes["content"]
    family = content["family"]
    case.family, case.form, case.occurred_on = family, content["form"], content["occurred"]["from"][:10]
    case.hours = content.get("hours")
    case.content = {key: content[key] for key in KEPT[family] if key in content} if family in KEPT else _NOTHING
    attendance = content.get("attendance")
    if attendance is None:
        case.expected = case.present = None
        case.attendees = case.on_leave = ()
    else:
        case.expected, case.present = attendance.get("expected"), attendance.get("present")
        case.attendees = _codes(attendance.get("attendees", ()))
        case.on_leave = _codes([absence["person"] for absence in attendance.get("on_leave", ())])
    case.status, case.content_leaf, case.status_leaf = "filed", leaf, leaf
    _files(case, leaf, attributes)


def _codes(people: Sequence[dict[str, Any]]) -> tuple[str | None, ...]:
    """A tuple, not a list: the garbage collector looks at tuples of strings once and then lets them be."""
    try:
        return tuple(map(_person, people))
    except KeyError:  # somebody without a code is among them
        return tuple([person.get("person") for person in people])


def _files(case: Case, leaf: int, attributes: dict[str, Any]) -> None:
    files, gaps = attributes["files"], attributes["gaps"]
    case.files = len(files)
    case.bytes = sum(map(_size, files))
    case.gaps = tuple(map(_code, gaps))
    case.files_leaf = leaf
