"""The figures of a report: a value, its unit, and the leaf indices of the events behind it.

An event is *behind* a figure when taking it away would change what was counted: for what a record says, the filing or
the correction that its current content comes from; for its files and gaps, the event that last set them; for its
status, the sign-off, return or withdrawal; for an item, the progress or closing. Directory events are not listed.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import fsum
from typing import Any, Final

from domain.words import Words

Number = int | float
Labels = dict[str, str]
"""The same words in each language: ``{"zh": …, "en": …}``."""

UNITS: Final[dict[str, Words]] = {
    "records": Words("条", "records"),
    "times": Words("次", "times"),
    "persons": Words("人", "people"),
    "person_times": Words("人次", "attendances"),
    "hours": Words("学时", "hours"),
    "person_hours": Words("人学时", "person-hours"),
    "items": Words("项", "items"),
    "gaps": Words("处", "gaps"),
    "files": Words("个", "files"),
    "bytes": Words("字节", "bytes"),
    "points": Words("分", "points"),
    "rank": Words("名", "rank"),
    "days": Words("天", "days"),
    "ratio": Words("", ""),
}
"""Units by key, as shown in Chinese and in English; a ``ratio`` is between 0 and 1 and shown in per cent."""

DECIMALS: Final = 4
"""Fractions are rounded to so many places, so that the same figure has one spelling."""


class Figures:
    """Collects figures by name. A name comes twice only where two records claim one archival code."""

    def __init__(self) -> None:
        self._figures: dict[str, dict[str, Any]] = {}

    def add(self, name: str, value: Number, unit: str, events: Iterable[int]) -> str:
        """Note a figure and give back its name, for the cell that shows it."""
        return self._put(name, value, unit, sorted(set(events)))

    def count(self, name: str, unit: str, events: list[int]) -> str:
        """As many as there are events: one for each record, so none comes twice."""
        return self._put(name, len(events), unit, sorted(events) if events else [])

    def counts(self, unit: str, events: dict[str, list[int]]) -> None:
        """`count` for each name: a report has hundreds, and most of them are of nothing."""
        if unit not in UNITS or not self._figures.keys().isdisjoint(events):
            raise ValueError(f"figures {', '.join(events)} in {unit}")
        for name, leaves in events.items():
            self._figures[name] = {"value": len(leaves), "unit": unit, "events": sorted(leaves) if leaves else []}

    def beside(self, other: str, name: str, value: Number, unit: str) -> str:
        """Another figure behind which are the very events that are behind ``other``."""
        return self._put(name, value, unit, self._figures[other]["events"])

    def _put(self, name: str, value: Number, unit: str, events: list[int]) -> str:
        if unit not in UNITS or name in self._figures:
            raise ValueError(f"figure {name} in {unit}")
        self._figures[name] = {"value": value, "unit": unit, "events": events}
        return name

    def value(self, name: str) -> Number:
        """Raises `KeyError` for a figure that nobody noted."""
        return self._figures[name]["value"]  # type: ignore[no-any-return]  # put there by `add`

    def as_json(self) -> dict[str, dict[str, Any]]:
        """By name: ``value``, ``unit`` (a key of `UNITS`) and ``events``, the leaf indices behind it, ascending."""
        return self._figures


def total(values: Iterable[Number]) -> Number:
    """The sum, whatever the order of the values."""
    return tidy(fsum(values))


def share(part: Number, whole: Number) -> float:
    """``part / whole`` to `DECIMALS` places; ``whole`` is not 0."""
    return round(part / whole, DECIMALS)


def tidy(value: Number) -> Number:
    """Whole numbers as integers, others to `DECIMALS` places."""
    rounded = round(value, DECIMALS)
    return int(rounded) if rounded == int(rounded) else rounded
