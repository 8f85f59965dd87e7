"""Could the rules have produced this stream? What `verify` calls *unauthorised* is decided here.

Each kind of stream has its own history: a record begins with a filing and goes on as its status allows; a register
counts; the directory's and the reports' streams have ids that follow from what they say.

`audit` is the authority: it judges a stream. `fits_alone` judges one event, for a check of millions: in a stream all
of whose events fit alone, `audit` has nothing left to object to but a hole in the count, and, where it is a record's,
the order of the kinds of acts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from functools import lru_cache
from types import UnionType
from typing import Any, NamedTuple, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from domain.errors import InvalidNote
from domain.event import Event, stream_id
from domain.ledger.key_events import KeyEvent, KeyRotated, KeySucceeded, keys_stream
from domain.ledger.keys import fold
from domain.ledger.note import Verifier, VerifierKey, parse_vkey
from domain.organisations import events as directory
from domain.records.codes import Entered, is_code_of, register_id
from domain.records.events import (
    ERASURE_PREFIX,
    FileEntry,
    RecordErased,
    RecordEvent,
    RecordFiled,
    Tombstone,
)
from domain.records.record import replay
from domain.records.refusals import HistoryImpossible
from domain.reports.events import ReportIssued


class Impossible(NamedTuple):
    """Event ``version`` of a stream is the first that the rules could not have made, and why."""

    version: int
    zh: str
    en: str


def audit(events: Sequence[Event]) -> Impossible | None:
    """All events of one stream, in order. None where the rules could have made them."""
    for n, event in enumerate(events, start=1):
        if event.originator_version != n:
            return Impossible(event.originator_version, "它前面缺了事件", "events before it are missing")
    for event in events:
        if not _has_shape(type(event), vars(event)):
            return Impossible(event.originator_version, "它的内容不是这类事件的", "its content is not that of its kind")
    first = events[0]
    if isinstance(first, RecordEvent):
        return _audit_record(events)
    for event in events:
        if isinstance(event, RecordEvent) or _family(event) != _family(first):
            return Impossible(event.originator_version, "它不属于这个流", "it does not belong into this stream")
        if event.originator_id != _expected_stream(event):
            return Impossible(event.originator_version, "它放错了流", "it lies in the wrong stream")
    return _audit_keys(events) if isinstance(first, KeyEvent) else None


def _audit_keys(events: Sequence[Event]) -> Impossible | None:
    """Whether the acts on a ledger's keys can follow each other; who signed them, the forensic check sees to."""
    acts = [event for event in events if isinstance(event, KeyEvent)]
    try:
        before = [parse_vkey(key) for key in _before(acts[0])]
        new = [parse_vkey(act.new) for act in acts if isinstance(act, KeySucceeded)]
    except InvalidNote as error:
        return Impossible(1, error.params["problem_zh"], error.params["problem_en"])
    refused = fold([*before[:1], *new], acts, _believed).refused
    return Impossible(refused[0].act.originator_version, refused[0].zh, refused[0].en) if refused else None


def _before(first: KeyEvent) -> Sequence[str]:
    """The key that was in force before the first act."""
    if isinstance(first, KeyRotated):
        return [first.old]
    return first.lost if isinstance(first, KeySucceeded) else []


def _believed(key: VerifierKey) -> Verifier:
    return Verifier(key, lambda message, blob: True)


def _audit_record(events: Sequence[Event]) -> Impossible | None:
    acts: list[RecordEvent] = []
    for event in events:
        if not isinstance(event, RecordEvent):
            return Impossible(event.originator_version, "它不是对记录的操作", "it is no act on a record")
        acts.append(event)
    try:
        record = replay(acts)
    except HistoryImpossible as error:
        params = error.params
        return Impossible(params["version"], params["why_zh"], params["why_en"])
    filed = acts[0]
    if isinstance(filed, Tombstone) and record is not None and (erased := record.erased) is not None:
        return _audit_stub(erased)
    if isinstance(filed, RecordFiled) and _code_fits(filed.code, filed.organisation, filed.content):
        return None
    return Impossible(1, "档号与单位或年份不符", "the archival code does not fit the organisation or the year")


def _audit_stub(erased: RecordErased) -> Impossible | None:
    """The code tells the year of the first version, which must be one of those that the erasure names."""
    years = {year for year in (*erased.years, erased.year) if type(year) is int}
    if any(is_code_of(erased.code, erased.organisation, year) for year in years):
        return None
    version = erased.originator_version
    return Impossible(version, "档号与单位或年份不符", "the archival code does not fit the organisation or the year")


def fits_alone(kind: type[Event], stream: str, version: int, attributes: Mapping[str, Any]) -> bool:
    """Whether nothing in the event itself speaks against it; ``attributes`` are what is stored of it, without the
    stream (32 hexadecimal digits) and the version.

    Records lie in streams with random ids, all others in derived ones, so that no stream of events that fit alone mixes
    the two. What does not fit alone may still be possible: `audit` says.
    """
    if not _stored_shape(kind, attributes):
        return False
    if issubclass(kind, RecordEvent):
        if kind.TOPIC.startswith(ERASURE_PREFIX):
            return False  # two people and what they said: the whole stream tells
        if stream[_UUID_VERSION] != _RANDOM or (version == 1) is not (kind is RecordFiled):
            return False
        return kind is not RecordFiled or _code_fits(
            attributes["code"], attributes["organisation"], attributes["content"]
        )
    if issubclass(kind, KeyEvent):
        return False  # what is signed is judged with the whole stream
    if kind is Entered:
        return stream == _register(attributes["organisation"], attributes["year"])
    event = object.__new__(kind)
    vars(event).update(attributes)
    expected = _expected_stream(event)
    return expected is not None and stream == expected.hex


_UUID_VERSION, _RANDOM, _DERIVED = 12, "4", "5"
"""Where the digits of a UUID say how it was made."""


def _code_fits(code: str, organisation: str, content: Mapping[str, Any]) -> bool:
    occurred = content.get("occurred", {})
    year = str(occurred.get("from", ""))[:4] if isinstance(occurred, dict) else ""
    return is_code_of(code, organisation, int(year) if year.isdecimal() else 0)


@lru_cache(maxsize=4096)
def _register(organisation: str, year: int) -> str:
    return register_id(organisation, year).hex


# ── shape ───────────────────────────────────────────────────────────────────────────────────────────────────────

_IDENTITY = {"originator_id", "originator_version"}
_FILE_NAMES = {field.name for field in fields(FileEntry)}
_FILE_REQUIRED = {field.name for field in fields(FileEntry) if field.default is MISSING}


def _has_shape(kind: type[Event], attributes: Mapping[str, Any]) -> bool:
    return _stored_shape(kind, {name: value for name, value in attributes.items() if name not in _IDENTITY})


def _stored_shape(kind: type[Event], attributes: Mapping[str, Any]) -> bool:
    """Whether these are the attributes of a kind of event, each of its type, as far as the rules look at them."""
    types = _SHAPES.get(kind) or _SHAPES.setdefault(kind, _types(kind))
    if len(attributes) != len(types):
        return False
    for name, allowed in types.items():
        if type(attributes.get(name, _types)) not in allowed:
            return False
    if not issubclass(kind, RecordEvent):
        return True
    if "content" in types and type(attributes["content"].get("family")) is not str:
        return False
    if "attached" in types and not all(type(name) is str for name in attributes["attached"]):
        return False
    return "files" not in types or all(
        type(file) is dict and _FILE_REQUIRED <= file.keys() <= _FILE_NAMES for file in attributes["files"]
    )


_SHAPES: dict[type[Event], dict[str, tuple[type, ...]]] = {}
"""A cache: there are a few dozen kinds of events."""


def _types(kind: type[Event]) -> dict[str, tuple[type, ...]]:
    """The types that a stored attribute may have: those of its annotation, whatever they contain."""
    hints = get_type_hints(kind)
    return {
        field.name: tuple(get_origin(each) or each for each in _union(hints[field.name]))
        for field in fields(kind)
        if field.name not in _IDENTITY
    }


def _union(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)


def _family(event: Event) -> str:
    return event.TOPIC.partition(".")[0]


def _expected_stream(event: Event) -> UUID | None:
    match event:
        case Entered():
            return register_id(event.organisation, event.year)
        case directory.OrganisationAdded() | directory.OrganisationRenamed():
            return stream_id("organisation", event.code)
        case directory.PersonAdded():
            return stream_id("person", event.code)
        case directory.PostTaken() | directory.PostLeft():
            return stream_id("person", event.person)
        case directory.AccountOpened() | directory.AccountClosed() | directory.RoleGranted() | directory.RoleRevoked():
            return stream_id("account", event.username)
        case ReportIssued():
            return stream_id("report", f"{event.organisation}/{event.year}")
        case KeyEvent():
            return keys_stream(event.origin)
    return None
