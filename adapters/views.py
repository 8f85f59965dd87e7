"""Bookkeeping of the indexers: which files wait for their text, and for which records; here in ``views.sqlite``.

Everything here can be deleted: `index rebuild` fills it again from events and cached texts.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, Protocol

from adapters.sqlite_faults import LOCK_TIMEOUT, translated

MAX_ATTEMPTS = 3
"""After so many failures that are not the file's own, a text is set aside and shown, until somebody retries it."""


LEASE = 600.0
"""Seconds after which a file that was handed out is handed to another worker: more than fetching a large file and
extracting it take. A file whose worker was killed waits that long."""

LOST = "the worker that had it stopped without a word"
"""The reason kept for a file whose worker was lost."""


class WaitingText(NamedTuple):
    sha256: str
    media_type: str
    attempts: int  # that failed so far


class Handed(NamedTuple):
    """A file that was handed out, or set aside because too many workers were lost over it; in the order of its turn."""

    attempts: int
    number: int
    sha256: str
    media_type: str
    state: str


def reason(detail: str) -> str:
    """What of an error's text is kept: some lines of it, without characters that no database takes."""
    return detail[:500].encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")


def handed(hand_out: Callable[[], list[Handed]]) -> list[WaitingText]:
    """Ask until there is something to do, or nothing was handed out at all."""
    while rows := hand_out():
        if found := [WaitingText(r.sha256, r.media_type, r.attempts) for r in sorted(rows) if r.state == "waiting"]:
            return found
    return []


class QueueTables(Protocol):
    """Files whose text is to be extracted. A file waits once, whatever number of records holds it.

    Several workers may ask at once: a file is handed to one of them. It has `LEASE` seconds to say `done` or `failed`;
    one that says nothing was lost, which counts as a failure. A lease only saves work: a text that is extracted twice
    is the same text.
    """

    def wait(self, files: Sequence[tuple[str, str, str]]) -> None:
        """``(sha256, media type, record)`` of files whose text is not there yet.

        Durable: who waits is known only once, everything that happens later to a file can happen again.
        """
        ...

    def next(self, now: float, limit: int) -> list[WaitingText]:
        """Up to ``limit`` files, the caller's until ``now + LEASE``; those that failed least come first."""
        ...

    def done(self, sha256: str) -> None: ...

    def again(self, digests: Sequence[str]) -> None:
        """Texts that were done and are gone from the cache wait again."""
        ...

    def failed(self, sha256: str, detail: str, not_before: float) -> None:
        """Try again after ``not_before``, or set it aside when it failed too often."""
        ...

    def retry(self) -> int:
        """Everything set aside waits again; returns how many."""
        ...

    def ready(self, limit: int) -> list[tuple[str, list[str]]]:
        """Records that can take in a text: ``(record, digests)``. Stays so until `taken` is called."""
        ...

    def taken(self, pairs: Sequence[tuple[str, str]]) -> None:
        """``(record, sha256)`` pairs whose text is in the index."""
        ...

    def unfinished(self) -> list[tuple[str, str, str]]:
        """``(sha256, media type, record)`` of everything that still waits or was set aside."""
        ...

    def counts(self) -> dict[str, int]:
        """How many files are ``waiting``, ``done`` and set ``aside``; a state without files may be missing."""
        ...

    def aside(self) -> list[tuple[str, str]]:
        """``(sha256, reason)`` of the texts that were set aside."""
        ...

    def clear(self) -> None: ...


_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS texts (sha256 TEXT PRIMARY KEY, media_type TEXT NOT NULL,"
    " state TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, not_before REAL NOT NULL DEFAULT 0,"
    " detail TEXT NOT NULL DEFAULT '', taken INTEGER NOT NULL DEFAULT 0)",
    "CREATE TABLE IF NOT EXISTS text_waiters (sha256 TEXT NOT NULL, record TEXT NOT NULL,"
    " PRIMARY KEY (sha256, record))",
    "CREATE INDEX IF NOT EXISTS texts_waiting ON texts (attempts) WHERE state = 'waiting'",
)

# A file that is taken and may be handed out again is one whose worker was lost.
_NEXT = """
UPDATE texts SET attempts = attempts + taken, not_before = :until, taken = attempts + taken < :most,
    state = CASE WHEN attempts + taken < :most THEN 'waiting' ELSE 'aside' END,
    detail = CASE WHEN taken THEN :lost ELSE detail END
WHERE rowid IN (
    SELECT rowid FROM texts WHERE state = 'waiting' AND not_before <= :now ORDER BY attempts, rowid LIMIT :limit)
RETURNING attempts, rowid, sha256, media_type, state
"""


class TextQueue:
    """The queue of an archive on one machine: `QueueTables` on SQLite, for its threads and processes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()
        with self._transaction() as db:
            for statement in _SCHEMA:
                db.execute(statement)
            if not any(name == "taken" for _, name, *_ in db.execute("PRAGMA table_info(texts)")):
                db.execute(
                    "ALTER TABLE texts ADD COLUMN taken INTEGER NOT NULL DEFAULT 0"
                )  # made before there were leases

    def wait(self, files: Sequence[tuple[str, str, str]]) -> None:
        with self._transaction(durable=True) as db:
            db.executemany(
                "INSERT OR IGNORE INTO texts (sha256, media_type, state) VALUES (?, ?, 'waiting')",
                [(sha256, media_type) for sha256, media_type, _ in files],
            )
            db.executemany(
                "INSERT OR IGNORE INTO text_waiters VALUES (?, ?)", [(sha256, record) for sha256, _, record in files]
            )

    def next(self, now: float, limit: int) -> list[WaitingText]:
        said = {"now": now, "until": now + LEASE, "limit": limit, "most": MAX_ATTEMPTS, "lost": LOST}
        return handed(lambda: self._hand_out(said))

    def _hand_out(self, said: dict[str, object]) -> list[Handed]:
        with self._transaction() as db:
            return [Handed(*row) for row in db.execute(_NEXT, said)]

    def done(self, sha256: str) -> None:
        with self._transaction() as db:
            db.execute("UPDATE texts SET state = 'done', taken = 0, detail = '' WHERE sha256 = ?", (sha256,))

    def again(self, digests: Sequence[str]) -> None:
        with self._transaction() as db:
            db.executemany(
                "UPDATE texts SET state = 'waiting', attempts = 0, not_before = 0 WHERE sha256 = ? AND state = 'done'",
                [(sha256,) for sha256 in digests],
            )

    def failed(self, sha256: str, detail: str, not_before: float) -> None:
        with self._transaction() as db:
            db.execute(
                "UPDATE texts SET attempts = attempts + 1, taken = 0, not_before = ?, detail = ?,"
                " state = CASE WHEN attempts + 1 >= ? THEN 'aside' ELSE 'waiting' END"
                " WHERE sha256 = ? AND state = 'waiting'",
                (not_before, reason(detail), MAX_ATTEMPTS, sha256),
            )

    def retry(self) -> int:
        with self._transaction() as db:
            cursor = db.execute(
                "UPDATE texts SET state = 'waiting', attempts = 0, not_before = 0 WHERE state = 'aside'"
            )
            return cursor.rowcount

    def ready(self, limit: int) -> list[tuple[str, list[str]]]:
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
        with self._transaction() as db:
            db.executemany("DELETE FROM text_waiters WHERE record = ? AND sha256 = ?", pairs)

    def unfinished(self) -> list[tuple[str, str, str]]:
        with self._transaction() as db:
            return db.execute(
                "SELECT t.sha256, t.media_type, w.record FROM texts t JOIN text_waiters w USING (sha256)"
                " WHERE t.state != 'done'"
            ).fetchall()

    def counts(self) -> dict[str, int]:
        with self._transaction() as db:
            return dict(db.execute("SELECT state, COUNT(*) FROM texts GROUP BY state").fetchall())

    def aside(self) -> list[tuple[str, str]]:
        with self._transaction() as db:
            return db.execute("SELECT sha256, detail FROM texts WHERE state = 'aside' ORDER BY sha256").fetchall()

    def clear(self) -> None:
        with self._transaction() as db:
            db.execute("DELETE FROM texts")
            db.execute("DELETE FROM text_waiters")

    @contextmanager
    def _transaction(self, *, durable: bool = False) -> Iterator[sqlite3.Connection]:
        """A connection of this thread's own, opened when first needed; committed at the end, else rolled back.

        What is not durable may be lost with the power, in order from the end; then some work is done again.
        """
        with translated():
            db: sqlite3.Connection | None = getattr(self._local, "db", None)
            if db is None:
                db = sqlite3.connect(self._path, timeout=LOCK_TIMEOUT, isolation_level=None)
                db.execute("PRAGMA journal_mode=WAL")
                self._local.db = db
            db.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise
