"""The ledger's own database: which event is which leaf, the nodes above, the batches, the checkpoints that were signed.

One transaction writes a batch's leaves, its nodes, its time and the position up to which the events were read; so the
ledger's tables always agree among themselves, wherever a process was killed. The file can be read by any number of
threads and processes while one integrates.

Nodes are kept for full tiles only (level L is the root of 256**L leaves): the root of any size, or of any range, costs
a few hundred hashes, however large the tree.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from adapters.disk.durable import storage_errors
from adapters.disk.sqlite_connections import connect
from adapters.disk.sqlite_faults import translated, write_ahead
from adapters.ledger.nodes import Batch, NodeTree, nodes_above, require_next, whole
from domain.errors import DatabaseMissing, NotFound
from domain.ports.ledger import Leaf, NewLeaf

_SCHEMA = """
CREATE TABLE IF NOT EXISTS leaves (
    idx INTEGER PRIMARY KEY, position INTEGER NOT NULL UNIQUE,
    id BLOB NOT NULL, version INTEGER NOT NULL, hash BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS leaves_by_event ON leaves (id, version);
CREATE TABLE IF NOT EXISTS nodes (
    level INTEGER NOT NULL, idx INTEGER NOT NULL, hash BLOB NOT NULL, PRIMARY KEY (level, idx)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS batches (first INTEGER PRIMARY KEY, size INTEGER NOT NULL UNIQUE, time TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS batches_by_time ON batches (time, size);
CREATE TABLE IF NOT EXISTS tracking (one INTEGER PRIMARY KEY CHECK (one = 1), position INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS checkpoints (size INTEGER PRIMARY KEY, note TEXT NOT NULL);
"""

_TIMESTAMPS = """
CREATE TABLE IF NOT EXISTS timestamps (
    size INTEGER NOT NULL, authority TEXT NOT NULL, seal BLOB NOT NULL, PRIMARY KEY (size, authority)) WITHOUT ROWID
"""
"""Made with the first row: archives that were made before there were time stamps have none."""


class LedgerStore(NodeTree):
    """`domain.ports.ledger.LedgerReader`, and what the integrator and the check need besides."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        self._opened: list[sqlite3.Connection] = []
        self._guard = threading.Lock()  # owns `_opened`

    def create(self) -> None:
        """Make the file and its tables where they are missing."""
        with storage_errors():
            self.path.touch(mode=0o600)
        with self.connection(writing=True) as db:
            db.executescript(_SCHEMA)
            db.execute(_TIMESTAMPS)

    def close(self) -> None:
        with self._guard:
            for db in reversed(self._opened):  # writers last: only they may move the log into the file
                db.close()
            self._opened.clear()
        self._local = threading.local()

    @contextmanager
    def connection(self, *, writing: bool = False) -> Iterator[sqlite3.Connection]:
        """This thread's connection, for reading or for writing; SQLite's errors become ours."""
        with translated():
            kind = "writer" if writing else "reader"
            db: sqlite3.Connection | None = getattr(self._local, kind, None)
            if db is None:
                if not self.path.exists():
                    raise DatabaseMissing(file=self.path.name)
                uri = f"{self.path.absolute().as_uri()}?mode={'rw' if writing else 'ro'}"
                db = connect(uri)
                with self._guard:
                    self._opened.insert(0 if writing else len(self._opened), db)
                if writing:
                    write_ahead(db)
                    db.execute("PRAGMA synchronous=FULL")
                setattr(self._local, kind, db)
            yield db

    # ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────

    def size(self) -> int:
        return int(self._one("SELECT MAX(idx) + 1 FROM leaves") or 0)

    def leaves(self, start: int, limit: int) -> list[Leaf]:
        return self._leaves("idx >= ? ORDER BY idx LIMIT ?", start, limit)

    def leaf_of(self, stream_id: UUID, version: int) -> Leaf | None:
        return next(iter(self._leaves("id = ? AND version = ? ORDER BY idx LIMIT 1", stream_id.bytes, version)), None)

    def leaves_of(self, stream_id: UUID) -> list[Leaf]:
        return self._leaves("id = ? ORDER BY version, idx", stream_id.bytes)

    def size_at(self, instant: datetime) -> int:
        return int(self._one("SELECT MAX(size) FROM batches WHERE time <= ?", _iso(instant)) or 0)

    def batch_time(self, index: int) -> datetime | None:
        at = self._one("SELECT time FROM batches WHERE first <= ? AND size > ? ORDER BY first DESC", index, index)
        return None if at is None else datetime.fromisoformat(at)

    def nodes(self, level: int, start: int, end: int) -> list[bytes]:
        """Hashes of a level, ``end`` excluded; level 0 are the leaves. Raises `DatabaseDamaged` if one is missing."""
        table, key = ("leaves", "") if level == 0 else ("nodes", f"level = {level} AND ")
        with self.connection() as db:
            rows = db.execute(
                f"SELECT hash FROM {table} WHERE {key}idx >= ? AND idx < ? ORDER BY idx",  # noqa: S608  (constants)
                (start, end),
            ).fetchall()
        return whole(rows, level, start, end)

    def tracking(self) -> int:
        """The position in the event store up to which events are leaves."""
        return int(self._one("SELECT position FROM tracking") or 0)

    def checkpoint(self) -> str:
        note = self._one("SELECT note FROM checkpoints ORDER BY size DESC LIMIT 1")
        if note is None:
            raise NotFound("检查点", "checkpoint", "checkpoint")
        return str(note)

    def published(self) -> int:
        """The size of the last tree whose publication was completed."""
        return int(self._one("SELECT MAX(size) FROM checkpoints") or 0)

    def batches(self, start: int, limit: int) -> list[Batch]:
        """Batches from the one that begins at leaf ``start`` on."""
        statement = "SELECT first, size, time FROM batches WHERE first >= ? ORDER BY first LIMIT ?"
        with self.connection() as db:
            return [(f, s, datetime.fromisoformat(t)) for f, s, t in db.execute(statement, (start, limit))]

    def checkpoints(self, after: int, limit: int) -> list[tuple[int, str]]:
        """Size and note of those that were kept, from the first above ``after`` on."""
        statement = "SELECT size, note FROM checkpoints WHERE size > ? ORDER BY size LIMIT ?"
        with self.connection() as db:
            return db.execute(statement, (after, limit)).fetchall()

    def timestamps(self) -> list[tuple[int, str, bytes]]:
        """Size, authority and seal of every time stamp that was kept, ascending."""
        if self._one("SELECT 1 FROM sqlite_master WHERE name = 'timestamps'") is None:
            return []
        with self.connection() as db:
            return db.execute("SELECT size, authority, seal FROM timestamps ORDER BY size, authority").fetchall()

    def record_timestamp(self, size: int, authority: str, seal: bytes) -> None:
        """Remember that a time stamp is kept. Whoever holds the stamps' lock may, whoever has the ledger's."""
        with self._transaction() as db:
            db.execute(_TIMESTAMPS)
            db.execute("INSERT OR IGNORE INTO timestamps VALUES (?,?,?)", (size, authority, seal))

    # ── writing: only the holder of the ledger's lock ───────────────────────────────────────────────────────────

    def append(self, leaves: Sequence[NewLeaf], at: datetime) -> int:
        """Add a batch of leaves behind the last, in one durable transaction; returns the new size.

        The batch's time is ``at``, or that of the batch before where the clock was stepped back.
        """
        with self._transaction() as db:
            first = _end(db)
            size = first + len(leaves)
            before = db.execute("SELECT MAX(time) FROM batches").fetchone()[0] or ""
            self._add(db, first, leaves, [(first, size, max(_iso(at), before))])
        return size

    def take_over(self, leaves: Sequence[NewLeaf], batches: Sequence[Batch]) -> None:
        """Add whole batches of another store of the same ledger behind the last, in one durable transaction."""
        with self._transaction() as db:
            first = _end(db)
            require_next(batches, first, first + len(leaves))
            self._add(db, first, leaves, [(start, end, _iso(time)) for start, end, time in batches])

    def take_over_checkpoints(self, checkpoints: Sequence[tuple[int, str]]) -> None:
        """Keep checkpoints of another store of the same ledger: size and note."""
        with self._transaction() as db:
            db.executemany("INSERT OR IGNORE INTO checkpoints VALUES (?,?)", checkpoints)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self.connection(writing=True) as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise

    def _add(
        self, db: sqlite3.Connection, first: int, leaves: Sequence[NewLeaf], batches: Sequence[tuple[int, int, str]]
    ) -> None:
        rows = [(first + n, p, i, v, h) for n, (p, i, v, h) in enumerate(leaves)]
        db.executemany("INSERT INTO leaves (idx, position, id, version, hash) VALUES (?,?,?,?,?)", rows)
        self._add_nodes(db, first, first + len(leaves), [leaf[3] for leaf in leaves])
        db.executemany("INSERT INTO batches VALUES (?,?,?)", batches)
        db.execute("INSERT OR REPLACE INTO tracking VALUES (1, ?)", (leaves[-1][0],))

    def record_checkpoint(self, size: int, note: str) -> None:
        """Keep a checkpoint for ever; its being here says that its publication was completed.

        Not flushed: the next batch's flush takes it along. A power cut before that leaves what a process leaves that is
        killed just before this call, and the same note is recorded again from what the signer remembers.
        """
        with self.connection(writing=True) as db:
            db.execute("PRAGMA synchronous=NORMAL")
            try:
                db.execute("INSERT OR IGNORE INTO checkpoints VALUES (?,?)", (size, note))
            finally:
                db.execute("PRAGMA synchronous=FULL")

    def _add_nodes(self, db: sqlite3.Connection, first: int, size: int, fresh: list[bytes]) -> None:
        for level, start, hashes in nodes_above(first, size, fresh, partial(self._tail, db)):
            rows = [(level, start + n, h) for n, h in enumerate(hashes)]
            db.executemany("INSERT INTO nodes VALUES (?,?,?)", rows)

    @staticmethod
    def _tail(db: sqlite3.Connection, level: int, start: int, end: int) -> list[bytes]:
        table, key = ("leaves", "") if level == 0 else ("nodes", f"level = {level} AND ")
        rows = db.execute(
            f"SELECT hash FROM {table} WHERE {key}idx >= ? AND idx < ? ORDER BY idx",  # noqa: S608  (constants)
            (start, end),
        ).fetchall()
        return whole(rows, level, start, end)

    def _one(self, statement: str, *params: Any) -> Any:
        with self.connection() as db:
            row = db.execute(statement, params).fetchone()
        return None if row is None else row[0]

    def _leaves(self, condition: str, *params: Any) -> list[Leaf]:
        statement = f"SELECT idx, position, id, version, hash FROM leaves WHERE {condition}"  # noqa: S608  (constants)
        with self.connection() as db:
            return [Leaf(i, p, UUID(bytes=u), v, h) for i, p, u, v, h in db.execute(statement, params)]


def _end(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT MAX(idx) + 1 FROM leaves").fetchone()[0] or 0)


def _iso(instant: datetime) -> str:
    """Sorts as text in the order of time."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds")
