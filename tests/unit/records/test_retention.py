"""Until when files are kept: by the period that the record says, from the end of its year on."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.files import Keeping
from domain.records.record import Record
from domain.records.retention import files_kept, keeping
from tests.fakes import stamp
from tests.unit.records.test_record import PHOTO, SHEET, checked, filed

TODAY = date(2026, 11, 21)


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        ("10y", Keeping(date(2034, 1, 1))),
        ("30y", Keeping(date(2054, 1, 1))),
        ("permanent", Keeping(date(2057, 1, 1), permanent=True)),
        (None, Keeping(date(2034, 1, 1))),
        ("forever", Keeping(date(2034, 1, 1))),
        (["30y"], Keeping(date(2034, 1, 1))),
    ],
)
def test_a_period_begins_with_the_year_after(period: Any, expected: Keeping) -> None:
    """Ten and thirty years from the end of the year; what is permanent moves on; what says nothing has the shortest."""
    content = {"occurred": {"from": "2023-04-21T14:30+08:00"}, "retention": period}
    assert keeping(content, date(2024, 2, 1), TODAY) == expected


@pytest.mark.parametrize("occurred", [None, {}, {"from": 7}, {"from": "soon"}, {"from": "9999-12-31"}])
def test_a_year_that_cannot_be_is_that_of_the_recording(occurred: Any) -> None:
    """Nothing happens after it was recorded, and an unreadable date stops nobody."""
    assert keeping({"occurred": occurred, "retention": "10y"}, date(2024, 2, 1), TODAY).until == date(2035, 1, 1)


def test_what_is_permanent_is_kept_a_year_longer_every_year() -> None:
    """Its lock never comes nearer than thirty years."""
    found = [keeping({"retention": "permanent"}, TODAY, date(year, 6, 1)).until.year for year in (2026, 2027, 2060)]
    assert found == [2057, 2058, 2091]


def test_the_longer_of_two_records_counts() -> None:
    """Of a file that both name; one that is permanent for one of them is permanent."""
    ten, thirty = Keeping(date(2034, 1, 1)), Keeping(date(2054, 1, 1))
    assert ten.joined(thirty) == thirty.joined(ten) == thirty
    assert Keeping(date(2030, 1, 1), permanent=True).joined(thirty) == Keeping(date(2054, 1, 1), permanent=True)


def test_a_correction_counts_for_all_files_of_the_record() -> None:
    """Those of earlier versions too; other acts say nothing about it."""
    first = filed(checked(retention="10y"))
    record = Record.begin(first)
    history: list[Any] = [first]
    assert {each.until.year for each in files_kept(history, TODAY).values()} == {2034}
    attached = record.attach([PHOTO], [], stamp())
    assert attached is not None
    record.apply(attached)
    signed = record.sign_off("同意", stamp("secretary"))
    record.apply(signed)
    corrected = record.correct(checked(retention="30y"), [PHOTO], "期限", stamp())
    assert corrected is not None
    history += [attached, signed, corrected]
    assert files_kept(history, TODAY) == dict.fromkeys((SHEET.sha256, PHOTO.sha256), Keeping(date(2054, 1, 1)))
    assert files_kept(history[1:3], TODAY) == {}
