"""The figures indexer: follows the ledger and keeps, for each organisation and year, which events concern it.

A report then reads just those. It can be stopped, repeated or started over at any point; what it writes depends only
on the leaves and the events.

An event that cannot be taken in is put into quarantine with its record, and holds up no other. When it is tried again
the record's whole history is read: what it adds to the index is the same whatever was added before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from adapters.figures.index import FiguresTables, Home, Row
from adapters.work.log import SQLiteWorkLog
from domain.errors import EventUnreadable
from domain.ledger.tombstone import PREFIX
from domain.ports.events import EventStore, StoredRow
from domain.ports.ledger import Leaf
from domain.records.events import RecordCorrected, RecordErased, RecordFiled
from domain.records.subject import RECORDS
from domain.reports.events import ReportIssued
from indexers.loop.quarantine import Attempts, Quarantine

BATCH = 2_000
"""Leaves taken in by one transaction."""

RECORD_PREFIX = RECORDS.topics
SAYS_YEAR = frozenset({RecordFiled.TOPIC, RecordCorrected.TOPIC})
"""Events that can put a record into another year; besides, an erasure says all years that it ever belonged to. No
others are decoded."""


def homes_said(topic: str, state: bytes, attributes: Callable[[], dict[str, Any]], known: Sequence[Home]) -> list[Home]:
    """Where an event of a record says that the record belongs; ``known`` is where it belonged before.

    Raises `KeyError`, `TypeError`, `ValueError` or `IndexError` where it says so in a way that no event of ours does.
    """
    if topic == RecordErased.TOPIC:
        said = attributes()
        if not said.get("events"):
            return []  # it erased files alone
        return [Home(str(said["organisation"]), int(year)) for year in said["years"]]
    if topic not in SAYS_YEAR or state.startswith(PREFIX):
        return []  # what an erased event said, its erasure says
    said = attributes()
    year = int(said["content"]["occurred"]["from"][:4])
    return [Home(str(said["organisation"] if topic == RecordFiled.TOPIC else known[0].organisation), year)]


class Leaves(Protocol):
    """What the indexer needs of `domain.ports.ledger.LedgerReader`."""

    def leaves(self, start: int, limit: int) -> list[Leaf]:
        """As the port's: at most ``limit`` from index ``start`` on, in order."""
        ...

    def leaves_of(self, stream_id: UUID) -> list[Leaf]:
        """As the port's: those of a stream, in order of the versions."""
        ...


def forgetful() -> Quarantine:
    """For an index that is made once, to compare: what cannot be taken in is left out."""
    return Quarantine("figures", SQLiteWorkLog(Path(":memory:")), lambda: 0.0, lambda: 0.0)


class Figures:
    def __init__(
        self, events: EventStore, ledger: Leaves, index: FiguresTables, quarantine: Quarantine | None = None
    ) -> None:
        """``index`` is the archive's own, or one beside it that is made to compare."""
        self.events, self.ledger, self.index = events, ledger, index
        self.quarantine = forgetful() if quarantine is None else quarantine

    def run_once(self) -> int:
        """Take in the next batch of leaves; returns how many, 0 for nothing to do."""
        start = self.index.size()
        tried = self._try_again(start)
        leaves = self.ledger.leaves(start, BATCH)
        if not leaves:
            return tried
        batch = _Batch(self, leaves)
        batch.read()
        self.quarantine.keep(batch.attempts)
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

    def _try_again(self, size: int) -> int:
        """The streams in quarantine whose time has come, from their first event on."""
        due = self.quarantine.due(size)
        for trouble in due:
            stream = UUID(trouble.event.stream)
            batch = _Batch(self, [leaf for leaf in self.ledger.leaves_of(stream) if leaf.index < size])
            batch.read(afresh=True)
            self.quarantine.keep(batch.attempts)
            if not batch.attempts.failed and self.index.write(size, size, batch.rows, batch.new_homes, batch.issued):
                self.quarantine.release([trouble.event.stream])
        return len(due)


class _Batch:
    """One batch while it is read: what will be written."""

    def __init__(self, figures: Figures, leaves: Sequence[Leaf]) -> None:
        self.figures, self.leaves = figures, leaves
        self.attempts = Attempts()
        self.rows: list[Row] = []
        self.new_homes: list[tuple[UUID, Home]] = []
        self.issued: list[tuple[str, int]] = []
        self.homes: dict[UUID, list[Home]] = {}

    def read(self, *, afresh: bool = False) -> None:
        """``afresh``: the leaves are whole histories, as if nothing of them were known."""
        stored = {row.position: row for row in self.figures.events.rows_at([leaf.position for leaf in self.leaves])}
        acts = {row.id for row in stored.values() if row.topic.startswith(RECORD_PREFIX)}
        begun = {row.id for row in stored.values() if row.topic == RecordFiled.TOPIC}
        self.homes = {} if afresh else self.figures.index.homes(acts - begun)
        for leaf in self.leaves:
            self.attempts.at(leaf, self._taking_in(leaf, stored.get(leaf.position)), lambda: None)

    def _taking_in(self, leaf: Leaf, row: StoredRow | None) -> Callable[[], None]:
        def work() -> None:
            if row is None:
                raise EventUnreadable(what=f"{leaf.id}/{leaf.version}", why="the row is missing")
            if row.topic.startswith(RECORD_PREFIX):
                self._record(leaf, row)
            elif row.topic == ReportIssued.TOPIC:
                digests = self.figures.events.attributes(row).get("digests")
                if isinstance(digests, dict):
                    self.issued += [(str(digest), leaf.index) for digest in digests.values()]

        return work

    def _record(self, leaf: Leaf, row: StoredRow) -> None:
        homes = self.homes.setdefault(leaf.id, [])
        self.rows += [Row(home.organisation, home.year, leaf.index, leaf.position) for home in homes]
        try:
            said = homes_said(row.topic, row.state, lambda: self.figures.events.attributes(row), homes)
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise EventUnreadable(what=f"{leaf.id}/{leaf.version}", why=type(error).__name__) from error
        for home in said:
            self._enter(leaf, row, home, homes)

    def _enter(self, leaf: Leaf, row: StoredRow, home: Home, homes: list[Home]) -> None:
        if home not in homes:
            # It moved to a year where it was not yet: its whole history moves along.
            history = [leaf]
            if row.topic != RecordFiled.TOPIC:
                history = [each for each in self.figures.ledger.leaves_of(leaf.id) if each.index <= leaf.index]
            self.rows += [Row(home.organisation, home.year, each.index, each.position) for each in history]
            self.new_homes.append((leaf.id, home))
            homes.append(home)
