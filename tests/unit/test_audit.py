"""Histories that the rules could have made pass; others are named with the event that gives them away."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from uuid import UUID

import pytest

from domain.audit import audit
from domain.event import stream_id
from domain.organisations.events import OrganisationAdded
from domain.records.events import RecordSignedOff
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
