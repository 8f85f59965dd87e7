"""The days of the demonstration: working days, hours of the day, and when a clerk gets round to filing."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone
from random import Random

ZONE = timezone(timedelta(hours=8))
"""China has had this offset in all the years of the demonstration."""


def workday(day: date) -> date:
    """``day`` itself, or the Monday after a weekend."""
    return day + timedelta(days=max(0, 7 - day.weekday()) if day.weekday() >= 5 else 0)


def after(day: date, working_days: int) -> date:
    """The working day that comes so many working days later."""
    day = workday(day)
    for _ in range(working_days):
        day = workday(day + timedelta(days=1))
    return day


def at(day: date, clock: str) -> datetime:
    """A moment from a date and an ``HH:MM``."""
    return datetime.combine(day, time.fromisoformat(clock), ZONE)


def span(day: date, clock: str, hours: float) -> dict[str, str]:
    """``occurred`` of a record: from a clock time for so many hours."""
    start = at(day, clock)
    return {"from": _minutes(start), "to": _minutes(start + timedelta(hours=hours))}


def filing(day: date, random: Random, late: bool = False) -> datetime:
    """When it is filed: within a week, in office hours; what was forgotten, months later."""
    when = after(day, random.randint(35, 95) if late else random.randint(1, 5))
    return office_hour(when, random)


def office_hour(day: date, random: Random) -> datetime:
    return datetime.combine(
        day, time(random.choice((8, 9, 10, 11, 14, 15, 16)), random.randrange(60)), ZONE
    ) + timedelta(seconds=random.randrange(60))


def month_days(year: int, month: int, week: int, weekday: int) -> date:
    """The nth (from 0) such weekday of a month; Monday is 0."""
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * week)


def _minutes(moment: datetime) -> str:
    return moment.isoformat(timespec="minutes")
