"""What a witness must not forget: the logs that it knows, and of each the checkpoint that it cosigned last.

A checkpoint is compared with the last one, cosigned and kept in one transaction that is durable before anybody gets the
cosignature. A crash between the two is harmless: the log asks again, is told the size that was kept, and goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from adapters.disk.durable import storage_errors
from adapters.disk.sqlite_tables import SQLiteTables
from domain.ledger.note import VerifierKey, parse_vkey
from domain.ledger.witness import NEVER, Seen

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS logs (vkey TEXT PRIMARY KEY, origin TEXT NOT NULL, added REAL NOT NULL)",
    "CREATE TABLE IF NOT EXISTS seen (origin TEXT PRIMARY KEY, hash TEXT NOT NULL UNIQUE, size INTEGER NOT NULL,"
    " root BLOB NOT NULL, time INTEGER NOT NULL, note TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS suspicious (id INTEGER PRIMARY KEY, origin TEXT NOT NULL, time INTEGER NOT NULL,"
    " request TEXT NOT NULL)",
)

_LAST = "SELECT size, root, time, note FROM seen WHERE origin = ?"

MAX_SUSPICIOUS = 1_000
"""Requests that are kept as evidence for each log."""


class Cosigned(NamedTuple):
    """``note``: the checkpoint with the log's signature and ours. ``time``: seconds since 1970."""

    seen: Seen
    time: int
    note: str


class WitnessState:
    """Shared by threads and processes."""

    def __init__(self, path: Path) -> None:
        self._tables = SQLiteTables(path, _SCHEMA)
        self._path = path

    def create(self) -> None:
        with storage_errors():
            self._path.touch(mode=0o600)
        with self._tables.reading():
            pass

    # ── logs ────────────────────────────────────────────────────────────────────────────────────────────────────

    def add_log(self, key: VerifierKey, now: float) -> bool:
        """Know a log by this key; False where it was known."""
        with self._tables.writing(durable=True) as db:
            added = db.execute("INSERT OR IGNORE INTO logs VALUES (?, ?, ?)", (key.encode(), key.name, now))
            return added.rowcount > 0

    def remove_log(self, key: VerifierKey) -> bool:
        """Know it no more; what was cosigned stays remembered."""
        with self._tables.writing(durable=True) as db:
            return db.execute("DELETE FROM logs WHERE vkey = ?", (key.encode(),)).rowcount > 0

    def logs(self) -> list[VerifierKey]:
        return [parse_vkey(vkey) for (vkey,) in self._all("SELECT vkey FROM logs ORDER BY origin, added")]

    # ── checkpoints ─────────────────────────────────────────────────────────────────────────────────────────────

    def cosigned(self, origin: str) -> Cosigned | None:
        return _cosigned(self._all(_LAST, origin))

    def by_hash(self, digest: str) -> Cosigned | None:
        """The same by the hash of the origin, as monitors ask."""
        return _cosigned(self._all("SELECT size, root, time, note FROM seen WHERE hash = ?", digest))

    def replace(self, origin: str, digest: str, decide: Callable[[Seen, int], Cosigned | None]) -> Cosigned | None:
        """Compare and swap: ``decide`` is given what was seen last, and its time; what it returns is kept, durably.

        No other decision about any log is made meanwhile.
        """
        with self._tables.writing(durable=True) as db:
            last = _cosigned(
                db.execute("SELECT size, root, time, note FROM seen WHERE origin = ?", (origin,)).fetchall()
            )
            made = decide(last.seen if last else NEVER, last.time if last else 0)
            if made is not None:
                db.execute(
                    "INSERT OR REPLACE INTO seen VALUES (?, ?, ?, ?, ?, ?)",
                    (origin, digest, made.seen.size, made.seen.root, made.time, made.note),
                )
        return made

    def suspect(self, origin: str, time: int, request: str) -> None:
        """Keep a signed checkpoint that does not continue the last one: it may be proof of misbehaviour."""
        with self._tables.writing() as db:
            count = db.execute("SELECT COUNT(*) FROM suspicious WHERE origin = ?", (origin,)).fetchone()[0]
            if count < MAX_SUSPICIOUS:
                db.execute("INSERT INTO suspicious (origin, time, request) VALUES (?, ?, ?)", (origin, time, request))

    def suspicious(self, origin: str) -> list[tuple[int, str]]:
        """Time and request of each."""
        return self._all("SELECT time, request FROM suspicious WHERE origin = ? ORDER BY id", origin)

    def close(self) -> None:
        """Close this thread's connection."""
        self._tables.close()

    def _all(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with self._tables.reading() as db:
            return db.execute(statement, values).fetchall()


def _cosigned(rows: list[tuple[Any, ...]]) -> Cosigned | None:
    for size, root, time, note in rows:
        return Cosigned(Seen(size, root), time, note)
    return None
