"""The figures indexer: follows the ledger and keeps, for each organisation and year, which events concern it.

A report then reads just those. It can be stopped, repeated or started over at any point; what it writes depends only
on the leaves and the events.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol
from uuid import UUID

from adapters.figures import FiguresTables, Home, Row
from domain.errors import EventUnreadable
from domain.ports import EventStore, Leaf, LedgerReader, StoredRow
from domain.records.events import RecordCorrected, RecordFiled
from domain.reports.events import ReportIssued

BATCH = 2_000
"""Leaves taken in by one transaction."""

RECORD_PREFIX = "jianzheng:record."
SAYS_YEAR = frozenset({RecordFiled.TOPIC, RecordCorrected.TOPIC})
"""Events that can put a record into another year; no others are decoded."""


class House(Protocol):
    """What the indexer needs of `adapters.bootstrap.House`."""

    @property
    def events(self) -> EventStore: ...
    @property
    def ledger(self) -> LedgerReader: ...
    @property
    def figures(self) -> FiguresTables: ...


class Figures:
    def __init__(self, house: House, index: FiguresTables | None = None) -> None:
        """``index`` is the house's own, or one beside it that is made to compare."""
        self.events, self.ledger = house.events, house.ledger
        self.index = house.figures if index is None else index
        self.unreadable: dict[int, str] = {}  # leaf → why; named by `verify`

    def run_once(self) -> int:
        """Take in the next batch of leaves; returns how many, 0 for nothing to do."""
        start = self.index.size()
        leaves = self.ledger.leaves(start, BATCH)
        if not leaves:
            return 0
        batch = _Batch(self, leaves)
        batch.read()
        end = leaves[-1].index + 1
        return end - start if self.index.write(start, end, batch.rows, batch.new_homes, batch.issued) else 0

    def catch_up(self) -> int:
        """Run until nothing is left; returns how many leaves were taken in."""
        done = 0
        while taken := self.run_once():
            done += taken
        return done

    def rebuild(self) -> None:
        """Forget everything; the next runs start over from the first leaf."""
        self.index.clear()


class _Batch:
    """One batch while it is read: what will be written."""

    def __init__(self, figures: Figures, leaves: Sequence[Leaf]) -> None:
        self.figures, self.leaves = figures, leaves
        self.rows: list[Row] = []
        self.new_homes: list[tuple[UUID, Home]] = []
        self.issued: list[tuple[str, int]] = []
        self.homes: dict[UUID, list[Home]] = {}

    def read(self) -> None:
        stored = {row.position: row for row in self.figures.events.rows_at([leaf.position for leaf in self.leaves])}
        acts = {row.id for row in stored.values() if row.topic.startswith(RECORD_PREFIX)}
        begun = {row.id for row in stored.values() if row.topic == RecordFiled.TOPIC}
        self.homes = self.figures.index.homes(acts - begun)
        for leaf in self.leaves:
            row = stored.get(leaf.position)
            if row is None:
                self.figures.unreadable[leaf.index] = "the row is missing"
            elif row.topic.startswith(RECORD_PREFIX):
                self._record(leaf, row)
            elif row.topic == ReportIssued.TOPIC:
                digests = self._attributes(leaf, row).get("digests")
                if isinstance(digests, dict):
                    self.issued += [(str(digest), leaf.index) for digest in digests.values()]

    def _record(self, leaf: Leaf, row: StoredRow) -> None:
        homes = self.homes.setdefault(leaf.id, [])
        self.rows += [Row(home.organisation, home.year, leaf.index, leaf.position) for home in homes]
        if row.topic not in SAYS_YEAR:
            return
        found = self._home(leaf, row, homes)
        if found is not None and found not in homes:
            # It moved to a year where it was not yet: its whole history moves along.
            history = [leaf]
            if row.topic != RecordFiled.TOPIC:
                history = [each for each in self.figures.ledger.leaves_of(leaf.id) if each.index <= leaf.index]
            self.rows += [Row(found.organisation, found.year, each.index, each.position) for each in history]
            self.new_homes.append((leaf.id, found))
            homes.append(found)

    def _home(self, leaf: Leaf, row: StoredRow, homes: list[Home]) -> Home | None:
        attributes = self._attributes(leaf, row)
        try:
            year = int(attributes["content"]["occurred"]["from"][:4])
            organisation = attributes["organisation"] if row.topic == RecordFiled.TOPIC else homes[0].organisation
        except (KeyError, TypeError, ValueError, IndexError) as error:
            self.figures.unreadable[leaf.index] = f"{type(error).__name__}: {error}"
            return None
        return Home(str(organisation), year)

    def _attributes(self, leaf: Leaf, row: StoredRow) -> dict[str, Any]:
        """Those of the event; none where it cannot be read, which is noted and does not stop the others."""
        try:
            return self.figures.events.attributes(row)
        except EventUnreadable as error:
            self.figures.unreadable[leaf.index] = str(error)
            return {}
