"""*As of*: how many events the archive knew at a time, by the time of receipt that it shows of each."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, tzinfo

from domain.errors import EventUnreadable
from domain.ports.events import EventStore, StoredRow
from domain.ports.ledger import LedgerReader

BATCH = 500
"""Leaves read in one turn."""


class Moments:
    """``zone``: whose days and clock are meant where an asker names no other."""

    def __init__(self, ledger: LedgerReader, events: EventStore, zone: tzinfo) -> None:
        self.ledger, self.events, self.zone = ledger, events, zone

    def end_of(self, day: date) -> int:
        """The tree size at the end of a day. Raises `OverflowError` for the last day of all."""
        return self.at(datetime.combine(day + timedelta(days=1), time(), self.zone) - timedelta(microseconds=1))

    def at(self, instant: datetime) -> int:
        """The longest beginning of the ledger in which nothing was received after ``instant``, as a tree size; an
        instant without a zone is one of the archive's.

        An event is received, and becomes a leaf a moment later. So what was a leaf by then was received by then, and
        of the rest only the next few have to be looked at.
        """
        moment = instant if instant.tzinfo else instant.replace(tzinfo=self.zone)
        size = self.ledger.size_at(moment)
        while leaves := self.ledger.leaves(size, BATCH):
            rows = {row.position: row for row in self.events.rows_at([leaf.position for leaf in leaves])}
            for leaf in leaves:
                received = self._received(rows.get(leaf.position))
                if received is not None and received > moment:
                    return leaf.index
            size += len(leaves)
        return size

    def _received(self, row: StoredRow | None) -> datetime | None:
        """None where the row does not say: it was erased, or harmed, which `verify` names."""
        try:
            received = None if row is None else datetime.fromisoformat(self.events.decode(row).recorded_at)
        except (EventUnreadable, TypeError, ValueError):
            return None
        return received if received is not None and received.tzinfo else None
