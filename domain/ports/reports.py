"""What reports are made from, and made into."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from domain.errors import Lang
from domain.event import Json


class Concerned(NamedTuple):
    """One event that a report must read."""

    leaf: int
    position: int  # of the row in the event store


class FiguresReader(Protocol):
    """Which events concern an organisation's year: a view, rebuilt from the ledger and the events at any time."""

    def size(self) -> int:
        """The tree size it has taken in."""
        ...

    def concerned(self, organisations: Iterable[str], year: int, below: int) -> list[Concerned]:
        """The events, with leaf indices under ``below``, of all records that at any time belonged to the year.

        More than a checkpoint's report counts where a correction moved a record from one year to another: the fold
        decides by the content that was current.
        """
        ...

    def issued(self, digest: str) -> list[int]:
        """Leaf indices of the events that issued a file of that SHA-256, oldest first."""
        ...


class ReportRenderer(Protocol):
    """Makes a file of a report. The same report and language give the same bytes."""

    def __call__(self, report: Json, lang: Lang) -> bytes:
        """``report`` is `domain.reports.annual.Report.as_json`."""
        ...
