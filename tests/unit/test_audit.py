"""Histories that the rules could have made pass; others are named with the event that gives them away."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import fields, replace
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.audit import audit, fits_alone
from domain.event import stream_id
from domain.organisations.events import OrganisationAdded
from domain.records.events import (
    FilesAttached,
    ItemClosed,
    ProgressNoted,
    RecordCorrected,
    RecordEvent,
    RecordFiled,
    RecordReturned,
    RecordSignedOff,
    RecordWithdrawn,
)
from domain.reports.events import ReportIssued
from tests.fakes import School, lecture, stamp


@pytest.fixture(scope="module")
def streams():
    """Everything a small school did, by stream."""
    school = School()
    archive, clerk, secretary = school.archive, school.actor("clerk"), school.actor("secretary")
    code = archive.file(clerk, lecture()).record.code
    archive.sign_off(secretary, code)
    archive.file(clerk, lecture(title="第二次"))
    school.office.rename_organisation(school.actor("admin"), "school-01", "实验中学")
    school.office.leave_post(school.actor("admin"), "p-1", "branch-1", "党员", "2023-05-01")
    school.office.revoke(school.actor("admin"), "reader", "reader", "school-01")
    school.office.close_account(school.actor("admin"), "reader")
    found = defaultdict(list)
    for event in school.events.events:
        found[event.originator_id].append(event)
    issued = ReportIssued(
        organisation="a", year=2023, tree_size=1, root="", fold_version=1, digests={},
        **stamp().header(stream_id("report", "a/2023"), 1),
    )  # fmt: skip
    found[issued.originator_id].append(issued)
    return dict(found)


def stream_of(streams, kind):
    return next(events for events in streams.values() if type(events[0]).__name__ == kind)


def test_what_the_use_cases_did_is_possible(streams):
    """All of it."""
    assert all(audit(events) is None for events in streams.values())


@pytest.mark.parametrize("kind", ["RecordFiled", "Entered", "OrganisationAdded", "PersonAdded", "AccountOpened"])
def test_a_hole_is_named(streams, kind):
    """A stream counts from one."""
    [*events] = stream_of(streams, kind)
    assert audit([replace(events[0], originator_version=2)]).version == 2


@pytest.mark.parametrize("kind", ["Entered", "OrganisationAdded", "PersonAdded", "AccountOpened", "ReportIssued"])
def test_an_event_in_a_stream_that_is_not_its_own_is_named(streams, kind):
    """The id follows from what the event says."""
    first = stream_of(streams, kind)[0]
    assert audit([replace(first, originator_id=UUID(int=1))]).version == 1


def test_kinds_are_not_mixed_in_one_stream(streams):
    """No act on a record among the organisation's events, and the other way round."""
    organisation = stream_of(streams, "OrganisationAdded")[0]
    record = stream_of(streams, "RecordFiled")[0]
    signed = RecordSignedOff(remark="", **stamp().header(organisation.originator_id, 2))
    assert audit([organisation, signed]).version == 2
    added = OrganisationAdded(code="x", name="x", kind="", parent=None, **stamp().header(record.originator_id, 2))
    assert audit([record, added]).version == 2
    report = stream_of(streams, "ReportIssued")[0]
    mixed = audit([organisation, replace(report, originator_id=organisation.originator_id, originator_version=2)])
    assert (mixed.version, mixed.en) == (2, "it does not belong into this stream")


def test_acts_out_of_turn_are_named(streams):
    """Signed off twice."""
    record, signed = stream_of(streams, "RecordFiled")[:2]
    assert audit([record, signed, replace(signed, originator_version=3)]).version == 3


@pytest.mark.parametrize("code", ["nonsense", "branch-1-2022-0001", "school-01-2023-0001"])
def test_a_code_fits_its_record(streams, code):
    """Organisation and year are part of it."""
    record = stream_of(streams, "RecordFiled")[0]
    assert audit([replace(record, code=code)]).version == 1
    assert audit([replace(record, content={**record.content, "occurred": {"from": "x"}})]).version == 1


def test_an_event_of_no_kind_has_no_stream(streams):
    """Nothing that the archive knows."""
    from domain.event import Event

    class Foreign(Event):
        TOPIC = "jianzheng:foreign"

    assert audit([Foreign(**stamp().header(UUID(int=3), 1))]).version == 1


def alone(event):
    attributes = {k: v for k, v in vars(event).items() if not k.startswith("originator_")}
    return fits_alone(type(event), event.originator_id.hex, event.originator_version, attributes)


def random_id(event):
    """A record's event in a stream such as outside tests, where ids are random."""
    if not isinstance(event, RecordEvent):
        return event
    return replace(event, originator_id=UUID(int=event.originator_id.int, version=4))


def test_what_the_use_cases_did_fits_alone(streams):
    """Each event of them, so that the fast check has nothing to replay."""
    assert all(alone(random_id(event)) for events in streams.values() for event in events)


FILE = {"name": "a.txt", "sha256": "0" * 64, "size": 1, "media_type": "text/plain"}
CONTENT = {"family": "study_session", "occurred": {"from": "2023-05-01"}}
JSON = st.sampled_from(
    [None, 0, 1.5, True, "x", "2023-05-01", "rectification", [], ["a"], [FILE], [{"x": 1}], {}, CONTENT]
)
TEXTS = ("on", "note", "reason", "remark", "recorded_at", "actor", "salt")
ACTS = (
    RecordFiled, FilesAttached, RecordCorrected, RecordSignedOff, RecordReturned, RecordWithdrawn, ProgressNoted,
    ItemClosed,
)  # fmt: skip
SOUND = {
    "code": st.sampled_from(["a-2023-0001", "a-2023-0002"]),
    "organisation": st.just("a"),
    "content": st.sampled_from([CONTENT, {**CONTENT, "family": "rectification"}]),
    "files": st.sampled_from([[], [FILE], [FILE, {**FILE, "name": "b", "role": "photo"}]]),
    "gaps": st.just([]),
    "late": st.booleans(),
    "attached": st.sampled_from([[], ["a.txt"]]),
    "evidence": st.just([]),
    **{name: st.just("x") for name in TEXTS},
}


@st.composite
def acts(draw, odd, kinds=None):
    """A record's stream: any acts in any order, and some attributes that are none of theirs where ``odd``."""
    kinds = kinds or [RecordFiled, *draw(st.lists(st.sampled_from(ACTS), max_size=5))]
    stream = uuid4()
    made = []
    for version, kind in enumerate(kinds, 1):
        event = object.__new__(kind)
        names = [field.name for field in fields(kind) if not field.name.startswith("originator_")]
        attributes = {name: draw(SOUND[name] if not odd or draw(st.integers(0, 9)) else JSON) for name in names}
        vars(event).update(attributes, originator_id=stream, originator_version=version)
        made.append(event)
    return made


CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@CALM
@given(st.data())
def test_the_way_it_went_decides(data):
    """Of two histories whose events fit alone and are of the same kinds, both are possible or none, at one event."""
    one = data.draw(acts(odd=False))
    other = data.draw(acts(odd=False, kinds=[type(event) for event in one]))
    if all(map(alone, one)) and all(map(alone, other)):
        assert audit(one) == audit(other)


@CALM
@given(acts(odd=True))
def test_whatever_an_event_holds(stream):
    """No content makes the check stumble, and an only event that fits alone is one that the rules could have made."""
    assert not all(map(alone, stream)) or len(stream) > 1 or audit(stream) is None
    audit(stream)
    audit(stream[1:] or stream)


@pytest.mark.parametrize("kind", ["Entered", "OrganisationAdded", "PersonAdded", "AccountOpened", "ReportIssued"])
@pytest.mark.parametrize("change", ["stream", "attribute", "missing", "type"])
def test_streams_that_count_fit_alone_or_are_impossible(streams, kind, change):
    """Where a stream is not a record's, `audit` objects exactly where an event does not fit alone."""
    events = stream_of(streams, kind)
    assert audit(events) is None
    event = object.__new__(type(events[0]))
    vars(event).update(vars(events[0]))
    match change:
        case "stream":
            vars(event)["originator_id"] = uuid4()
        case "attribute":
            vars(event)["more"] = 1
        case "missing":
            del vars(event)["salt"]
        case "type":
            vars(event)["actor"] = 5
    assert not alone(event)
    assert audit([event]).version == 1


def test_an_act_cannot_begin_a_record(streams):
    """A first event that is no filing does not fit alone, nor does a filing that is not the first."""
    filed, *rest = map(random_id, stream_of(streams, "RecordFiled"))
    assert not alone(replace(filed, originator_version=2))
    assert all(isinstance(event, RecordEvent) and not alone(replace(event, originator_version=1)) for event in rest)
    assert not alone(replace(filed, originator_id=stream_id("register", "a/2023")))
