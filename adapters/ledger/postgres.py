"""The ledger's tables on PostgreSQL: as `adapters.ledger.store` on SQLite, for processes on any number of machines.

Only the holder of the ledger's lock writes. Should it lose the lock without noticing (its connection broke, another
took over), its next batch is refused: a batch begins behind the position that the tracking row names, and that row is
locked until the batch is committed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import LiteralString
from uuid import UUID

from adapters.ledger.nodes import Batch, NodeTree, nodes_above, require_next, whole
from adapters.postgres.arrays import Bigints, Bytes, RawUuids, Texts
from adapters.postgres.database import Database, Link, Params
from adapters.postgres.locks import AdvisoryLock
from adapters.postgres.schema import require
from domain.errors import ArchiveBusy, DatabaseDamaged, NotFound
from domain.ports.ledger import Leaf, NewLeaf


def ledger_lock(database: Database) -> AdvisoryLock:
    """One integrator at a time, among all processes on all machines."""
    return AdvisoryLock(database, "ledger")


class PostgresLedgerStore(NodeTree):
    """`domain.ports.ledger.LedgerReader`, and what the integrator and the check need besides.

    The database belongs to whoever passes it in, and is closed there.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self) -> None:
        """Raises `SchemaMissing`, `SchemaTooNew`: the tables are made by `adapters.postgres.schema.migrate`."""
        require(self._database)

    def close(self) -> None:
        """Nothing of its own is open."""

    # ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────

    def size(self) -> int:
        return int(self._database.value("SELECT max(idx) + 1 FROM leaves") or 0)

    def leaves(self, start: int, limit: int) -> list[Leaf]:
        return self._leaves("idx >= %s ORDER BY idx LIMIT %s", (start, limit))

    def leaf_of(self, stream_id: UUID, version: int) -> Leaf | None:
        return next(iter(self._leaves("id = %s AND version = %s ORDER BY idx LIMIT 1", (stream_id, version))), None)

    def leaves_of(self, stream_id: UUID) -> list[Leaf]:
        return self._leaves("id = %s ORDER BY version, idx", (stream_id,))

    def size_at(self, instant: datetime) -> int:
        return int(self._database.value("SELECT max(size) FROM batches WHERE time <= %s", (instant,)) or 0)

    def batch_time(self, index: int) -> datetime | None:
        statement = "SELECT time FROM batches WHERE first <= %s AND size > %s ORDER BY first DESC LIMIT 1"
        at = self._database.value(statement, (index, index))
        return None if at is None else at.astimezone(UTC)

    def nodes(self, level: int, start: int, end: int) -> list[bytes]:
        with self._database.connection() as link:
            return _nodes(link, level, start, end)

    def tracking(self) -> int:
        """The position in the event store up to which events are leaves."""
        return int(self._database.value("SELECT position FROM tracking") or 0)

    def checkpoint(self) -> str:
        note = self._database.value("SELECT note FROM checkpoints ORDER BY size DESC LIMIT 1")
        if note is None:
            raise NotFound("检查点", "checkpoint", "checkpoint")
        return str(note)

    def published(self) -> int:
        """The size of the last tree whose publication was completed."""
        return int(self._database.value("SELECT max(size) FROM checkpoints") or 0)

    def batches(self, start: int, limit: int) -> list[Batch]:
        """Batches from the one that begins at leaf ``start`` on."""
        statement = "SELECT first, size, time FROM batches WHERE first >= %s ORDER BY first LIMIT %s"
        return [(f, s, t.astimezone(UTC)) for f, s, t in self._database.all(statement, (start, limit))]

    def checkpoints(self, after: int, limit: int) -> list[tuple[int, str]]:
        """Size and note of those that were kept, from the first above ``after`` on."""
        statement = "SELECT size, note FROM checkpoints WHERE size > %s ORDER BY size LIMIT %s"
        return [(size, note) for size, note in self._database.all(statement, (after, limit))]

    def timestamps(self) -> list[tuple[int, str, bytes]]:
        """Size, authority and seal of every time stamp that was kept, ascending."""
        rows = self._database.all("SELECT size, authority, seal FROM timestamps ORDER BY size, authority")
        return [(size, authority, bytes(seal)) for size, authority, seal in rows]

    def record_timestamp(self, size: int, authority: str, seal: bytes) -> None:
        """Remember that a time stamp is kept. Whoever holds the stamps' lock may, whoever has the ledger's."""
        with self._database.connection() as link:
            statement = "INSERT INTO timestamps VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"
            link.execute(statement, (size, authority, seal))

    # ── writing: only the holder of the ledger's lock ───────────────────────────────────────────────────────────

    def append(self, leaves: Sequence[NewLeaf], at: datetime) -> int:
        """Add a batch of leaves behind the last, in one durable transaction; returns the new size.

        The batch's time is ``at``, or that of the batch before where the clock was stepped back. Raises `ArchiveBusy`
        where another integrator went on from the same place, `DatabaseDamaged` where a position is a leaf already.
        """
        with self._next(leaves[0][0]) as (link, first):
            [(last_time,)] = link.execute("SELECT max(time) FROM batches")
            size = first + len(leaves)
            _add(link, first, leaves, [(first, size, max(at, last_time or at))])
        return size

    def take_over(self, leaves: Sequence[NewLeaf], batches: Sequence[Batch]) -> None:
        """Add whole batches of another store of the same ledger behind the last, in one durable transaction."""
        with self._next(leaves[0][0]) as (link, first):
            require_next(batches, first, first + len(leaves))
            _add(link, first, leaves, batches)

    def take_over_checkpoints(self, checkpoints: Sequence[tuple[int, str]]) -> None:
        """Keep checkpoints of another store of the same ledger: size and note."""
        sizes, notes = zip(*checkpoints, strict=True)
        with self._database.connection() as link:
            link.execute(
                "INSERT INTO checkpoints SELECT * FROM unnest(%b, %b) ON CONFLICT DO NOTHING",
                (Bigints(sizes), Texts(notes)),
            )

    @contextmanager
    def _next(self, position: int) -> Iterator[tuple[Link, int]]:
        """A transaction that adds leaves from that position on, and the index of the first."""
        with self._database.transaction() as link:
            row = link.execute("SELECT position FROM tracking FOR UPDATE").fetchone()
            if row is None:
                raise DatabaseDamaged(why="the ledger's tracking row is missing")
            if position <= row[0]:
                raise ArchiveBusy
            [(first,)] = link.execute("SELECT coalesce((SELECT max(idx) + 1 FROM leaves), 0)")
            yield link, int(first)

    def record_checkpoint(self, size: int, note: str) -> None:
        """Keep a checkpoint for ever; its being here says that its publication was completed."""
        with self._database.connection() as link:
            link.execute("INSERT INTO checkpoints VALUES (%s, %s) ON CONFLICT DO NOTHING", (size, note))

    def _leaves(self, condition: LiteralString, params: Params) -> list[Leaf]:
        statement = f"SELECT idx, position, id, version, hash FROM leaves WHERE {condition}"  # noqa: S608  (constants)
        return [Leaf(*row) for row in self._database.all(statement, params)]


def _add(link: Link, first: int, leaves: Sequence[NewLeaf], batches: Sequence[Batch]) -> None:
    size = first + len(leaves)
    positions, ids, versions, hashes = zip(*leaves, strict=True)
    link.execute(
        "INSERT INTO leaves (idx, position, id, version, hash) SELECT * FROM unnest(%b, %b, %b, %b, %b)",
        (
            Bigints(range(first, size)),
            Bigints(positions),
            RawUuids(ids),
            Bigints(versions),
            Bytes(hashes),
        ),
    )
    for level, start, fresh in nodes_above(first, size, list(hashes), partial(_nodes, link)):
        link.execute(
            "INSERT INTO nodes SELECT %s, * FROM unnest(%b, %b)",
            (level, Bigints(range(start, start + len(fresh))), Bytes(fresh)),
        )
    starts, ends, times = zip(*batches, strict=True)
    link.execute(
        "INSERT INTO batches SELECT * FROM unnest(%b, %b, %s::timestamptz[])",
        (Bigints(starts), Bigints(ends), list(times)),
    )
    link.execute("UPDATE tracking SET position = %s", (leaves[-1][0],))


def _nodes(link: Link, level: int, start: int, end: int) -> list[bytes]:
    cursor = link.cursor(binary=True)
    if level == 0:
        cursor.execute("SELECT hash FROM leaves WHERE idx >= %s AND idx < %s ORDER BY idx", (start, end))
    else:
        statement = "SELECT hash FROM nodes WHERE level = %s AND idx >= %s AND idx < %s ORDER BY idx"
        cursor.execute(statement, (level, start, end))
    return whole(cursor.fetchall(), level, start, end)
