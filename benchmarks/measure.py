"""Paired rounds: the two sides of a comparison take turns, so that a noisy machine is noisy to both."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True)
class Target:
    """``at least`` or ``at most`` this ratio; ``allowance`` is added to the limit of an ``at most``, in the unit."""

    relation: Literal["at least", "at most"]
    ratio: float
    allowance: float = 0.0

    def text(self, unit: str) -> str:
        sign = "≥" if self.relation == "at least" else "≤"
        return f"{sign} {self.ratio:g}" + (f" × + {self.allowance:g} {unit}" if self.allowance else "")


@dataclass
class Comparison:
    """Ours against a yardstick, a value a round each. A ratio is always ours divided by theirs."""

    work: str
    against: str
    unit: str
    ours: list[float]
    theirs: list[float]
    target: Target | None = None
    note: str = ""

    @property
    def ratios(self) -> list[float]:
        return [ours / theirs for ours, theirs in zip(self.ours, self.theirs, strict=True)]

    @property
    def met(self) -> bool | None:
        """By the median over the rounds; None where there is no target."""
        if self.target is None:
            return None
        if self.target.relation == "at least":
            return statistics.median(self.ratios) >= self.target.ratio
        pairs = zip(self.ours, self.theirs, strict=True)
        over = [ours - theirs * self.target.ratio - self.target.allowance for ours, theirs in pairs]
        return statistics.median(over) <= 0

    def as_json(self) -> dict[str, Any]:
        return {
            "work": self.work,
            "against": self.against,
            "unit": self.unit,
            "ours": spread(self.ours),
            "theirs": spread(self.theirs),
            "ratio": spread(self.ratios),
            "rounds": len(self.ours),
            "target": None if self.target is None else self.target.text(self.unit),
            "met": self.met,
            "note": self.note,
        }


@dataclass
class Result:
    """What one row came to with one number of records."""

    row: int
    name: str
    records: int
    comparisons: list[Comparison] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {
            "row": self.row,
            "name": self.name,
            "records": self.records,
            "comparisons": [c.as_json() for c in self.comparisons],
            "facts": self.facts,
        }


def spread(values: list[float]) -> dict[str, float]:
    """Three significant figures and more are noise."""
    low, middle, high = min(values), statistics.median(values), max(values)
    return {"min": _short(low), "median": _short(middle), "max": _short(high)}


def _short(value: float) -> float:
    return float(f"{value:.4g}")


def seconds(work: Callable[[], object]) -> float:
    """How long the work takes. Garbage of the round before is not paid for by this one."""
    gc.collect()
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def each(work: Callable[[Item], object], items: Iterable[Item]) -> None:
    for item in items:
        work(item)


def paired(rounds: int, *sides: Callable[[int], float]) -> list[list[float]]:
    """Each side's value in each round; who begins changes from round to round."""
    values: list[list[float]] = [[] for _ in sides]
    for n in range(rounds):
        order = list(range(len(sides)))
        for which in order[n % len(sides) :] + order[: n % len(sides)]:
            values[which].append(sides[which](n))
    return values


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
