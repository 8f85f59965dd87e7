"""The annual report: a pure fold over the events of an organisation, and those below it, in a year.

It depends on nothing but the events with a leaf index below the checkpoint's tree size, the organisation and the year;
the directory is folded from those same events. No clock, no setting, no language of the machine enters it, so the same
checkpoint gives the same bytes, today and in thirty years.

*The day of the report* is the day, at UTC+08:00, on which the last event below the checkpoint was recorded (that time
is part of the event and so of the root), or the 31st of December of the year, whichever is earlier. What is overdue is
overdue on that day.

`FOLDS` keeps every fold a report was ever issued with, each a folder of `domain.reports.folds` with the words that it
shows: to change what a figure means, or a word that is shown, copy what changes and enter the new fold under the next
version.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Final

import orjson

from domain.errors import InputError, IntegrityFault
from domain.organisations.directory import Directory
from domain.reports.cases import Fact
from domain.reports.folds import v1

FOLD_VERSION: Final = 1
"""The fold of new reports."""

CHINA: Final = timezone(timedelta(hours=8))
"""One fixed offset for the day of the report, in every report of every archive."""

Json = dict[str, Any]


class ReportImpossible(IntegrityFault):
    code = "report_impossible"
    zh = "{organisation} {year} 年的事件内容残缺，年报无法生成（{why}）。"
    en = "The events of {organisation} in {year} are damaged; the report cannot be made ({why})."


class UnknownFold(InputError):
    code = "fold_unknown"
    zh = "这份年报用的是第 {version} 版算法，本程序没有。"
    en = "This report was made with version {version} of the fold, which this program does not have."
    next_zh = "请升级程序。"
    next_en = "Upgrade the program."


class InvalidYear(InputError):
    code = "year_invalid"
    zh = "“{year}”不是 1900 到 9999 之间的年份。"
    en = "“{year}” is not a year between 1900 and 9999."

    def __init__(self, year: object) -> None:
        super().__init__(year=year, field="year")


@dataclass(frozen=True)
class AsOf:
    """The checkpoint: tree size and root, and when the last event below it was recorded (None for an empty tree)."""

    tree_size: int
    root: bytes
    last_recorded: datetime | None


@dataclass(frozen=True)
class Report:
    organisation: str
    organisation_name: str
    year: int
    as_of: AsOf
    day: str  # the day of the report, YYYY-MM-DD
    fold_version: int
    events: int  # how many were folded
    figures: dict[str, Json]
    sections: list[Json]

    def as_json(self) -> Json:
        """The JSON contract of ``report annual``; the root in hexadecimal."""
        return {
            "organisation": self.organisation,
            "organisation_name": self.organisation_name,
            "year": self.year,
            "as_of": {"tree_size": self.as_of.tree_size, "root": self.as_of.root.hex()},
            "day": self.day,
            "fold_version": self.fold_version,
            "generated_from": {
                "events": self.events,
                "last_recorded_at": self.as_of.last_recorded.isoformat() if self.as_of.last_recorded else None,
            },
            "figures": self.figures,
            "sections": self.sections,
        }

    def to_bytes(self) -> bytes:
        """Canonical: sorted keys, no spaces, UTF-8, a newline at the end."""
        if all(_plain(figure["value"]) for figure in self.figures.values()):
            try:
                return orjson.dumps(self.as_json(), option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)
            except TypeError:  # what an altered event brought in; `json` decides what it is
                pass
        text = json.dumps(self.as_json(), ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
        return text.encode() + b"\n"


def _plain(value: object) -> bool:
    """A number that `orjson` writes as `json` does, ten times as fast: they differ where an exponent is needed."""
    return type(value) is int or (type(value) is float and (1e-4 <= abs(value) < 1e15 or value == 0))


def annual(
    facts: Iterable[Fact],
    *,
    organisation: str,
    year: int,
    as_of: AsOf,
    directory: Directory,
    version: int = FOLD_VERSION,
) -> Report:
    """Fold ``facts`` (below the checkpoint's size, each stream in order) into the report.

    ``directory`` is as it stood at the checkpoint. Raises `NotFound` for an organisation that was not there yet,
    `UnknownFold`, and `ReportImpossible` where the events are not what the archive writes.
    """
    if not 1900 <= year <= 9999:
        raise InvalidYear(year)
    fold = FOLDS.get(version)
    if fold is None:
        raise UnknownFold(version=version)
    directory.organisation(organisation)
    day = report_day(year, as_of)
    try:
        events, figures, sections = fold(facts, organisation, year, day, directory)
    # An event edited in the database may hold anything; whatever it makes the fold stumble over, that is the reason.
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        why = f"{type(error).__name__}: {error}"
        raise ReportImpossible(organisation=organisation, year=year, why=why[:200]) from error
    name = directory.name(organisation)
    return Report(organisation, name, year, as_of, day, version, events, figures, sections)


def report_day(year: int, as_of: AsOf) -> str:
    """See the module's text."""
    last = f"{year:04d}-12-31"
    return last if as_of.last_recorded is None else min(last, as_of.last_recorded.astimezone(CHINA).date().isoformat())


Fold = Callable[[Iterable[Fact], str, int, str, Directory], tuple[int, dict[str, Json], list[Json]]]

FOLDS: Final[dict[int, Fold]] = {1: v1.fold}
