"""Could the rules have produced this stream? What `verify` calls *unauthorised* is decided here.

Each kind of stream has its own history: a record begins with a filing and goes on as its status allows; a register
counts; the directory's and the reports' streams have ids that follow from what they say.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from domain.event import Event, stream_id
from domain.organisations import events as directory
from domain.records.codes import Entered, parse, register_id
from domain.records.events import RecordEvent, RecordFiled
from domain.records.record import HistoryImpossible, replay
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
    first = events[0]
    if isinstance(first, RecordEvent):
        return _audit_record(events)
    for event in events:
        if isinstance(event, RecordEvent) or _family(event) != _family(first):
            return Impossible(event.originator_version, "它不属于这个流", "it does not belong into this stream")
        if event.originator_id != _expected_stream(event):
            return Impossible(event.originator_version, "它放错了流", "it lies in the wrong stream")
    return None


def _audit_record(events: Sequence[Event]) -> Impossible | None:
    acts: list[RecordEvent] = []
    for event in events:
        if not isinstance(event, RecordEvent):
            return Impossible(event.originator_version, "它不是对记录的操作", "it is no act on a record")
        acts.append(event)
    try:
        replay(acts)
    except HistoryImpossible as error:
        params = error.params
        return Impossible(params["version"], params["why_zh"], params["why_en"])
    filed = acts[0]
    if isinstance(filed, RecordFiled) and (found := parse(filed.code)) is not None:
        year = str(filed.content.get("occurred", {}).get("from", ""))[:4]
        if found[:2] == (filed.organisation, int(year) if year.isdecimal() else 0):
            return None
    return Impossible(1, "档号与单位或年份不符", "the archival code does not fit the organisation or the year")


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
    return None
