"""*As of* goes by the time of receipt that is shown, not by when an event became a leaf."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from domain.moments import Moments
from tests.fakes import NOON, SHANGHAI, School, lecture
from tests.ledger_fakes import MemoryLedger


@pytest.fixture
def school() -> School:
    return School()


def filed_at(school: School, moment: datetime) -> None:
    school.now = moment
    school.archive.file(school.actor("clerk"), lecture())


def test_what_was_received_before_midnight_and_integrated_after_it_counts(school: School) -> None:
    """The ledger took the evening's filings in the next morning; they are of the evening all the same."""
    ledger = MemoryLedger(school)
    before = ledger.integrate()
    evening = NOON.astimezone(SHANGHAI).replace(hour=23, minute=59)
    filed_at(school, evening)
    school.now = evening + timedelta(hours=8)
    taken = ledger.integrate()
    filed_at(school, evening + timedelta(hours=9))
    ledger.integrate()
    moments = Moments(ledger, school.events, SHANGHAI)
    assert ledger.size_at(evening + timedelta(minutes=1)) == before
    assert moments.end_of(evening.date()) == taken
    assert moments.at(evening - timedelta(seconds=1)) == before
    assert moments.at(evening.replace(tzinfo=None)) == taken
    assert moments.end_of(evening.date() + timedelta(days=1)) == ledger.size()


def test_before_the_first_and_after_the_last(school: School) -> None:
    """Nothing was known before anything was received; later all was."""
    ledger = MemoryLedger(school)
    moments = Moments(ledger, school.events, SHANGHAI)
    assert moments.end_of(date(2999, 1, 1)) == 0
    size = ledger.integrate()
    assert (moments.end_of(date(1999, 1, 1)), moments.end_of(date(2999, 1, 1))) == (0, size)
    with pytest.raises(OverflowError):
        moments.end_of(date.max)


def test_an_event_out_of_order_ends_what_was_known(school: School) -> None:
    """A clock that ran ahead for a while: what came behind it is not known earlier than what it is built on."""
    ledger = MemoryLedger(school)
    size = ledger.integrate()
    filed_at(school, NOON + timedelta(hours=5))
    school.now = NOON + timedelta(hours=6)
    ahead = ledger.integrate()
    filed_at(school, NOON + timedelta(hours=1))
    school.now = NOON + timedelta(hours=6)
    ledger.integrate()
    moments = Moments(ledger, school.events, SHANGHAI)
    assert moments.at(NOON + timedelta(hours=2)) == size
    assert moments.at(NOON + timedelta(hours=5)) == ledger.size() > ahead


def test_rows_that_are_gone_or_damaged_say_nothing(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    """An archive that somebody harmed is asked all the same: what is left decides, and the answer comes."""
    ledger = MemoryLedger(school)
    before = ledger.integrate()
    filed_at(school, NOON + timedelta(hours=1))
    filed_at(school, NOON + timedelta(hours=3))
    school.now = NOON + timedelta(hours=4)
    ledger.integrate()
    moments, rows_at = Moments(ledger, school.events, SHANGHAI), school.events.rows_at
    known = moments.at(NOON + timedelta(hours=2))
    monkeypatch.setattr(school.events, "rows_at", lambda positions: rows_at(positions[1:]))
    assert moments.at(NOON + timedelta(hours=2)) == known > before
    decode = school.events.decode
    for damaged in ("yesterday", "2023-05-04T00:00:00", 7):
        monkeypatch.setattr(
            school.events, "decode", lambda row, damaged=damaged: replace(decode(row), recorded_at=damaged)
        )
        assert moments.at(NOON + timedelta(hours=2)) == ledger.size()
    monkeypatch.setattr(school.events, "rows_at", lambda positions: [])
    assert moments.at(NOON + timedelta(hours=2)) == ledger.size()
