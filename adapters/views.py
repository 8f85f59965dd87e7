"""Bookkeeping of the indexers: which files wait for their text, and for which records; here in ``views.sqlite``.

Everything here can be deleted: `index rebuild` fills it again from events and cached texts.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from adapters.sqlite_faults import LOCK_TIMEOUT, translated
from adapters.sqlite_tables import SQLiteTables
from adapters.work import MAX_ATTEMPTS, Fault
from domain.errors import ProgramFault

LEASE = 45.0
"""Seconds after which a file that was handed out is handed to another worker, unless the lease was renewed: so long
waits a file whose worker was killed. Clocks of several machines must agree to much less."""


class WorkerLost(ProgramFault):
    """Nobody raises it: it is what is kept of a file whose worker stopped without a word."""

    code = "worker_lost"
    zh = "处理它的程序中途停止了，没有留下原因。"
    en = "The worker that had it stopped without a word."
    next_zh = "会自动再试；几次都这样就会搁置，请查看系统日志（例如内存不足）。"
    next_en = "It is tried again by itself. If that goes on, look into the system's log (memory, for instance)."


LOST = Fault.of(WorkerLost())
"""What is kept of a file whose worker was lost."""


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


class FailedText(NamedTuple):
    """A file whose text could not be extracted: tried again by itself, or set ``aside``. In seconds since 1970."""

    sha256: str
    media_type: str
    aside: bool
    fault: Fault
    attempts: int
    first: float
    last: float
    not_before: float
    records: tuple[str, ...]  # those that wait for it


def handed(hand_out: Callable[[], list[Handed]]) -> list[WaitingText]:
    """Ask until there is something to do, or nothing was handed out at all."""
    while rows := hand_out():
        if found := [WaitingText(r.sha256, r.media_type, r.attempts) for r in sorted(rows) if r.state == "waiting"]:
            return found
    return []


class QueueTables(Protocol):
    """Files whose text is to be extracted. A file waits once, whatever number of records holds it.

    Several workers may ask at once: a file is handed to one of them. It has `LEASE` seconds to say `done`, `failed` or
    `renew`; one that says nothing was lost, which counts as a failure. A lease only saves work: a text that is
    extracted twice is the same text. An ``owner`` is a name of `adapters.presence`, one for each worker.
    """

    def wait(self, files: Sequence[tuple[str, str, str]]) -> None:
        """``(sha256, media type, record)`` of files whose text is not there yet.

        Durable: who waits is known only once, everything that happens later to a file can happen again.
        """
        ...

    def next(self, now: float, limit: int, owner: str = "") -> list[WaitingText]:
        """Up to ``limit`` files, the owner's until ``now + LEASE``; those that failed least come first."""
        ...

    def renew(self, owner: str, now: float) -> None:
        """Whatever the owner has is its until ``now + LEASE``."""
        ...

    def owners(self) -> list[str]:
        """Those who have files in their hands."""
        ...

    def lost(self, owners: Sequence[str]) -> None:
        """These are gone: what they had may be handed out at once, and counts as failed."""
        ...

    def give_back(self, owner: str, not_before: float = 0.0) -> None:
        """The owner does not go on with what it has, which is nobody's failure."""
        ...

    def done(self, sha256: str) -> None: ...

    def again(self, digests: Sequence[str]) -> None:
        """Texts that were done and are gone from the cache wait again."""
        ...

    def forget(self, sha256: str) -> None:
        """The file was erased: nothing waits for it any more."""
        ...

    def failed(self, sha256: str, fault: Fault, now: float, not_before: float, owner: str = "") -> None:
        """Try again after ``not_before``, or set it aside when it failed too often.

        Changes nothing where the file is not the owner's any more: whoever has it now will say.
        """
        ...

    def retry(self, digests: Sequence[str] | None = None) -> int:
        """What failed (of these; None: of all) waits again and its failures are forgotten; returns how many files."""
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

    def waiting(self, records: Collection[str]) -> list[tuple[str, str]]:
        """``(record, sha256)`` of the files of these records whose text is not known to be in the index."""
        ...

    def counts(self) -> dict[str, int]:
        """How many files are ``waiting``, ``done`` and set ``aside``; a state without files may be missing."""
        ...

    def aside(self) -> list[tuple[str, str]]:
        """``(sha256, reason)`` of the texts that were set aside."""
        ...

    def failures(self) -> list[FailedText]:
        """All whose last attempt failed, set aside or not, those that failed first before the others."""
        ...

    def clear(self) -> None: ...


_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS texts (sha256 TEXT PRIMARY KEY, media_type TEXT NOT NULL,"
    " state TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, not_before REAL NOT NULL DEFAULT 0,"
    " detail TEXT NOT NULL DEFAULT '', taken INTEGER NOT NULL DEFAULT 0, owner TEXT NOT NULL DEFAULT '',"
    " code TEXT NOT NULL DEFAULT '', detail_zh TEXT NOT NULL DEFAULT '', first REAL NOT NULL DEFAULT 0,"
    " last REAL NOT NULL DEFAULT 0)",
    "CREATE TABLE IF NOT EXISTS text_waiters (sha256 TEXT NOT NULL, record TEXT NOT NULL,"
    " PRIMARY KEY (sha256, record))",
    "CREATE INDEX IF NOT EXISTS texts_waiting ON texts (attempts) WHERE state = 'waiting'",
    "CREATE INDEX IF NOT EXISTS texts_taken ON texts (owner) WHERE taken",
    "CREATE INDEX IF NOT EXISTS texts_failed ON texts (first) WHERE state != 'done' AND attempts > 0",
)

_ADDED = (
    ("taken", "INTEGER NOT NULL DEFAULT 0"),
    ("owner", "TEXT NOT NULL DEFAULT ''"),
    ("code", "TEXT NOT NULL DEFAULT ''"),
    ("detail_zh", "TEXT NOT NULL DEFAULT ''"),
    ("first", "REAL NOT NULL DEFAULT 0"),
    ("last", "REAL NOT NULL DEFAULT 0"),
)
"""Columns that a file of an older version may lack."""

# A file that is taken and may be handed out again is one whose worker was lost.
_NEXT = """
UPDATE texts SET attempts = attempts + taken, not_before = :until, taken = attempts + taken < :most,
    owner = CASE WHEN attempts + taken < :most THEN :owner ELSE '' END,
    state = CASE WHEN attempts + taken < :most THEN 'waiting' ELSE 'aside' END,
    code = CASE WHEN taken THEN :code ELSE code END, detail = CASE WHEN taken THEN :en ELSE detail END,
    detail_zh = CASE WHEN taken THEN :zh ELSE detail_zh END, last = CASE WHEN taken THEN :now ELSE last END,
    first = CASE WHEN taken AND attempts = 0 THEN :now ELSE first END
WHERE rowid IN (
    SELECT rowid FROM texts WHERE state = 'waiting' AND not_before <= :now ORDER BY attempts, rowid LIMIT :limit)
RETURNING attempts, rowid, sha256, media_type, state
"""

_FAILED = """
UPDATE texts SET attempts = attempts + 1, taken = 0, owner = '', not_before = :not_before,
    code = :code, detail = :en, detail_zh = :zh, last = :now, first = CASE WHEN attempts = 0 THEN :now ELSE first END,
    state = CASE WHEN attempts + 1 >= :most THEN 'aside' ELSE 'waiting' END
WHERE sha256 = :sha256 AND state = 'waiting' AND owner = :owner
"""

_AFRESH = "state = 'waiting', attempts = 0, not_before = 0, taken = 0, owner = ''"
"""As if it had never been tried."""


class TextQueue:
    """The queue of an archive on one machine: `QueueTables` on SQLite, for its threads and processes."""

    def __init__(self, path: Path) -> None:
        with translated():
            _bring_up_to_date(path)
        self._tables = SQLiteTables(path, _SCHEMA)
        self.counts()

    def wait(self, files: Sequence[tuple[str, str, str]]) -> None:
        with self._tables.writing(durable=True) as db:
            db.executemany(
                "INSERT OR IGNORE INTO texts (sha256, media_type, state) VALUES (?, ?, 'waiting')",
                [(sha256, media_type) for sha256, media_type, _ in files],
            )
            db.executemany(
                "INSERT OR IGNORE INTO text_waiters VALUES (?, ?)", [(sha256, record) for sha256, _, record in files]
            )

    def next(self, now: float, limit: int, owner: str = "") -> list[WaitingText]:
        said = {"now": now, "until": now + LEASE, "limit": limit, "most": MAX_ATTEMPTS, "owner": owner, **vars(LOST)}
        return handed(lambda: self._hand_out(said))

    def _hand_out(self, said: dict[str, object]) -> list[Handed]:
        with self._tables.writing() as db:
            return [Handed(*row) for row in db.execute(_NEXT, said)]

    def renew(self, owner: str, now: float) -> None:
        self._run("UPDATE texts SET not_before = ? WHERE taken AND owner = ?", now + LEASE, owner)

    def owners(self) -> list[str]:
        return [owner for (owner,) in self._all("SELECT DISTINCT owner FROM texts WHERE taken")]

    def lost(self, owners: Sequence[str]) -> None:
        for owner in owners:
            self._run("UPDATE texts SET not_before = 0 WHERE taken AND owner = ?", owner)

    def give_back(self, owner: str, not_before: float = 0.0) -> None:
        self._run("UPDATE texts SET taken = 0, owner = '', not_before = ? WHERE taken AND owner = ?", not_before, owner)

    def done(self, sha256: str) -> None:
        self._run(
            "UPDATE texts SET state = 'done', attempts = 0, taken = 0, owner = '', code = '', detail = '',"
            " detail_zh = '' WHERE sha256 = ?",
            sha256,
        )

    def again(self, digests: Sequence[str]) -> None:
        with self._tables.writing() as db:
            db.executemany(
                f"UPDATE texts SET {_AFRESH} WHERE sha256 = ? AND state = 'done'",  # noqa: S608  (constants)
                [(sha256,) for sha256 in digests],
            )

    def forget(self, sha256: str) -> None:
        with self._tables.writing(durable=True) as db:
            db.execute("DELETE FROM texts WHERE sha256 = ?", (sha256,))
            db.execute("DELETE FROM text_waiters WHERE sha256 = ?", (sha256,))

    def failed(self, sha256: str, fault: Fault, now: float, not_before: float, owner: str = "") -> None:
        said = {"sha256": sha256, "now": now, "not_before": not_before, "owner": owner, **vars(fault)}
        with self._tables.writing() as db:
            db.execute(_FAILED, {**said, "most": MAX_ATTEMPTS})

    def retry(self, digests: Sequence[str] | None = None) -> int:
        which = "state != 'done' AND attempts > 0 AND NOT taken"
        if digests is None:
            return self._run(f"UPDATE texts SET {_AFRESH} WHERE {which}")  # noqa: S608  (constants)
        return sum(
            self._run(f"UPDATE texts SET {_AFRESH} WHERE {which} AND sha256 = ?", sha256)  # noqa: S608  (constants)
            for sha256 in digests
        )

    def ready(self, limit: int) -> list[tuple[str, list[str]]]:
        rows = self._all(
            "SELECT w.record, w.sha256 FROM text_waiters w JOIN texts t USING (sha256) WHERE t.state = 'done'"
            " ORDER BY w.record LIMIT ?",
            limit,
        )
        found: dict[str, list[str]] = {}
        for record, sha256 in rows:
            found.setdefault(record, []).append(sha256)
        return list(found.items())

    def taken(self, pairs: Sequence[tuple[str, str]]) -> None:
        with self._tables.writing() as db:
            db.executemany("DELETE FROM text_waiters WHERE record = ? AND sha256 = ?", pairs)

    def unfinished(self) -> list[tuple[str, str, str]]:
        return self._all(
            "SELECT t.sha256, t.media_type, w.record FROM texts t JOIN text_waiters w USING (sha256)"
            " WHERE t.state != 'done'"
        )

    def waiting(self, records: Collection[str]) -> list[tuple[str, str]]:
        return self._all(
            "SELECT record, sha256 FROM text_waiters WHERE record IN (SELECT value FROM json_each(?))",
            json.dumps(sorted(records)),
        )

    def counts(self) -> dict[str, int]:
        return dict(self._all("SELECT state, COUNT(*) FROM texts GROUP BY state"))

    def aside(self) -> list[tuple[str, str]]:
        return self._all("SELECT sha256, detail FROM texts WHERE state = 'aside' ORDER BY sha256")

    def failures(self) -> list[FailedText]:
        rows = self._all(
            "SELECT sha256, media_type, state = 'aside', code, detail_zh, detail, attempts, first, last, not_before"
            " FROM texts WHERE state != 'done' AND attempts > 0 ORDER BY first, sha256"
        )
        waiting: dict[str, list[str]] = {}
        for sha256, record in self._all(
            "SELECT sha256, record FROM text_waiters JOIN texts USING (sha256)"
            " WHERE state != 'done' AND attempts > 0 ORDER BY record"
        ):
            waiting.setdefault(sha256, []).append(record)
        return [failed_text(row, waiting.get(row[0], ())) for row in rows]

    def clear(self) -> None:
        with self._tables.writing() as db:
            db.execute("DELETE FROM texts")
            db.execute("DELETE FROM text_waiters")

    def _all(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with self._tables.reading() as db:
            return db.execute(statement, values).fetchall()

    def _run(self, statement: str, *values: object) -> int:
        with self._tables.writing() as db:
            return db.execute(statement, values).rowcount


def failed_text(row: Sequence[Any], records: Sequence[str]) -> FailedText:
    """From digest, media type, whether it was set aside, the fault's three parts, attempts and three times."""
    sha256, media_type, aside, code, zh, en, attempts, first, last, not_before = row
    fault = Fault(code, zh, en)
    return FailedText(sha256, media_type, bool(aside), fault, attempts, first, last, not_before, tuple(records))


def _bring_up_to_date(path: Path) -> None:
    """Add what a file of an older version lacks. One process at a time does it."""
    with closing(sqlite3.connect(path, timeout=LOCK_TIMEOUT, isolation_level=None)) as db:
        there = {name for _, name, *_ in db.execute("PRAGMA table_info(texts)")}
        if not there or all(name in there for name, _ in _ADDED):
            return
        db.execute("BEGIN IMMEDIATE")
        there = {name for _, name, *_ in db.execute("PRAGMA table_info(texts)")}
        for name, kind in _ADDED:
            if name not in there:
                db.execute(f"ALTER TABLE texts ADD COLUMN {name} {kind}")
        db.execute("COMMIT")
