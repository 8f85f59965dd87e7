"""Issued reports made once more, for the forensic check: from events, ledger, and an index of figures that it made anew
or found right.

With connections of their own, so that several processes can share the work.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from adapters.events.directory import DirectoryCache
from adapters.figures.index import FiguresIndex, FiguresTables
from adapters.home import connections, parts
from adapters.home.house import SystemEntropy, utc_now
from adapters.home.settings import Settings
from domain.ports.ledger import Leaf
from domain.reports.events import ReportIssued
from domain.reports.reporting import Remark, Reporting


@dataclass(frozen=True)
class FoldsPlace:
    """`operations.verify.issued.FoldsPlace`."""

    settings: Settings

    def open(self, figures: Path | None) -> Folds:
        return Folds(self.settings, figures)


class Folds:
    """`operations.verify.issued.Folds`; whoever opened it closes it."""

    def __init__(self, settings: Settings, figures: Path | None) -> None:
        self._servers = connections.servers(settings)
        self._events, self._ledger = (
            parts.tables(settings, self._servers).events(),
            parts.tables(settings, self._servers).ledger(),
        )
        self.figures: FiguresTables = (
            parts.tables(settings, self._servers).figures() if figures is None else FiguresIndex(figures)
        )
        directory = DirectoryCache(self._events)
        self._reporting = Reporting(
            events=self._events,
            ledger=self._ledger,
            figures=self.figures,
            directory=directory,
            directory_at=directory.at,
            renderers={},
            clock=utc_now,
            entropy=SystemEntropy(),
            zone=settings.zone,
        )

    def close(self) -> None:
        self.figures.close()
        self._ledger.close()
        self._events.close()
        self._servers.close()

    def issued(self, index: int) -> tuple[Leaf, ReportIssued] | None:
        leaves = self._ledger.leaves(index, 1)
        rows = self._events.rows_at([leaf.position for leaf in leaves])
        event = self._events.decode(rows[0]) if rows else None
        return (leaves[0], event) if isinstance(event, ReportIssued) else None

    def objection(self, event: ReportIssued) -> Remark | None:
        return self._reporting.objection(event)
