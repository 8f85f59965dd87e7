"""Bookkeeping of the indexers in ``views.sqlite``: which files wait for their text, and for which records.

Everything here can be deleted: `index rebuild` fills it again from events and cached texts.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from adapters.sqlite_faults import LOCK_TIMEOUT, translated

MAX_ATTEMPTS = 3
"""After so many failures that are not the file's own, a text is set aside and shown, until somebody retries it."""


class WaitingText(NamedTuple):
    sha256: str
    media_type: str
    attempts: int


class TextQueue:
    """Files whose text is to be extracted. A file waits once, whatever number of records holds it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()
        with self._transaction() as db:
            db.execute(
                "CREATE TABLE IF NOT EXISTS texts (sha256 TEXT PRIMARY KEY, media_type TEXT NOT NULL,"
                " state TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, not_before REAL NOT NULL DEFAULT 0,"
                " detail TEXT NOT NULL DEFAULT '')"
            )
            db.execute(
                "CREATE TABLE IF NOT EXISTS text_waiters (sha256 TEXT NOT NULL, record TEXT NOT NULL,"
                " PRIMARY KEY (sha256, record))"
            )

    def wait(self, files: Sequence[tuple[str, str, str]]) -> None:
        """``(sha256, media type, record)`` of files whose text is not there yet."""
        with self._transaction() as db:
            db.executemany(
                "INSERT OR IGNORE INTO texts (sha256, media_type, state) VALUES (?, ?, 'waiting')",
                [(sha256, media_type) for sha256, media_type, _ in files],
            )
            db.executemany(
                "INSERT OR IGNORE INTO text_waiters VALUES (?, ?)", [(sha256, record) for sha256, _, record in files]
            )

    def next(self, now: float, limit: int) -> list[WaitingText]:
        with self._transaction() as db:
            rows = db.execute(
                "SELECT sha256, media_type, attempts FROM texts WHERE state = 'waiting' AND not_before <= ?"
                " ORDER BY attempts, rowid LIMIT ?",
                (now, limit),
            )
            return [WaitingText(*row) for row in rows]

    def done(self, sha256: str) -> None:
        with self._transaction() as db:
            db.execute("UPDATE texts SET state = 'done', detail = '' WHERE sha256 = ?", (sha256,))

    def again(self, digests: Sequence[str]) -> None:
        """Texts that were done and are gone from the cache wait again."""
        with self._transaction() as db:
            db.executemany(
                "UPDATE texts SET state = 'waiting', attempts = 0, not_before = 0 WHERE sha256 = ? AND state = 'done'",
                [(sha256,) for sha256 in digests],
            )

    def failed(self, sha256: str, detail: str, not_before: float) -> None:
        """Try again after ``not_before``, or set it aside when it failed too often."""
        with self._transaction() as db:
            db.execute(
                "UPDATE texts SET attempts = attempts + 1, not_before = ?, detail = ?,"
                " state = CASE WHEN attempts + 1 >= ? THEN 'aside' ELSE 'waiting' END WHERE sha256 = ?",
                (not_before, detail[:500], MAX_ATTEMPTS, sha256),
            )

    def retry(self) -> int:
        """Everything set aside waits again; returns how many."""
        with self._transaction() as db:
            cursor = db.execute(
                "UPDATE texts SET state = 'waiting', attempts = 0, not_before = 0 WHERE state = 'aside'"
            )
            return cursor.rowcount

    def ready(self, limit: int) -> list[tuple[str, list[str]]]:
        """Records that can take in a text: ``(record, digests)``. Stays so until `taken` is called."""
        with self._transaction() as db:
            rows = db.execute(
                "SELECT w.record, w.sha256 FROM text_waiters w JOIN texts t USING (sha256) WHERE t.state = 'done'"
                " ORDER BY w.record LIMIT ?",
                (limit,),
            )
            found: dict[str, list[str]] = {}
            for record, sha256 in rows:
                found.setdefault(record, []).append(sha256)
            return list(found.items())

    def taken(self, pairs: Sequence[tuple[str, str]]) -> None:
        """``(record, sha256)`` pairs whose text is in the index."""
        with self._transaction() as db:
            db.executemany("DELETE FROM text_waiters WHERE record = ? AND sha256 = ?", pairs)

    def unfinished(self) -> list[tuple[str, str, str]]:
        """``(sha256, media type, record)`` of everything that still waits or was set aside."""
        with self._transaction() as db:
            return db.execute(
                "SELECT t.sha256, t.media_type, w.record FROM texts t JOIN text_waiters w USING (sha256)"
                " WHERE t.state != 'done'"
            ).fetchall()

    def counts(self) -> dict[str, int]:
        with self._transaction() as db:
            return dict(db.execute("SELECT state, COUNT(*) FROM texts GROUP BY state").fetchall())

    def aside(self) -> list[tuple[str, str]]:
        """``(sha256, reason)`` of the texts that were set aside."""
        with self._transaction() as db:
            return db.execute("SELECT sha256, detail FROM texts WHERE state = 'aside' ORDER BY sha256").fetchall()

    def clear(self) -> None:
        with self._transaction() as db:
            db.execute("DELETE FROM texts")
            db.execute("DELETE FROM text_waiters")

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """A connection of this thread's own, opened when first needed; committed at the end, else rolled back."""
        with translated():
            db: sqlite3.Connection | None = getattr(self._local, "db", None)
            if db is None:
                db = sqlite3.connect(self._path, timeout=LOCK_TIMEOUT, isolation_level=None)
                db.execute("PRAGMA journal_mode=WAL")
                db.execute("PRAGMA synchronous=NORMAL")  # a lost commit only repeats work
                self._local.db = db
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise
