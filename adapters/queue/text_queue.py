"""Bookkeeping of the indexers: which files wait for their text, and for which records.

In ``views.sqlite``, or on PostgreSQL. Everything here can be deleted: `index rebuild` fills it again from events and
cached texts.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, LiteralString, NamedTuple

from adapters.disk.sqlite_faults import LOCK_TIMEOUT, translated
from adapters.disk.sqlite_tables import SQLiteTables
from adapters.disk.tables import Store
from adapters.work.log import MAX_ATTEMPTS, Fault
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

_FAILED = """
UPDATE texts SET attempts = attempts + 1, taken = FALSE, owner = '', not_before = ?, code = ?, detail_zh = ?,
    detail = ?, last = ?, first = CASE WHEN attempts = 0 THEN ? ELSE first END,
    state = CASE WHEN attempts + 1 >= ? THEN 'aside' ELSE 'waiting' END
WHERE sha256 = ? AND state = 'waiting' AND owner = ?
"""

_AFRESH: LiteralString = "state = 'waiting', attempts = 0, not_before = 0, taken = FALSE, owner = ''"
"""As if it had never been tried."""


def hand_out(number: LiteralString, lock: LiteralString = "") -> LiteralString:
    """Hands out the next files. ``number``: the column that says which came first; ``lock``: what keeps several from
    taking the same rows."""
    # A file that is taken and may be handed out again is one whose worker was lost.
    return f"""
WITH chosen AS (
    SELECT sha256 AS digest, attempts + CASE WHEN taken THEN 1 ELSE 0 END AS failed, taken AS lost FROM texts
    WHERE state = 'waiting' AND not_before <= ? ORDER BY attempts, {number} LIMIT ? {lock})
UPDATE texts SET attempts = failed, not_before = ?, taken = failed < ?,
    owner = CASE WHEN failed < ? THEN ? ELSE '' END, state = CASE WHEN failed < ? THEN 'waiting' ELSE 'aside' END,
    code = CASE WHEN lost THEN ? ELSE code END, detail_zh = CASE WHEN lost THEN ? ELSE detail_zh END,
    detail = CASE WHEN lost THEN ? ELSE detail END, last = CASE WHEN lost THEN ? ELSE last END,
    first = CASE WHEN lost AND attempts = 0 THEN ? ELSE first END
FROM chosen WHERE sha256 = digest
RETURNING attempts, {number}, sha256, media_type, state
"""  # noqa: S608  (constants)


class QueueTables(Store):
    """Files whose text is to be extracted. A file waits once, whatever number of records holds it.

    Several workers may ask at once: a file is handed to one of them. It has `LEASE` seconds to say `done`, `failed` or
    `renew`; one that says nothing was lost, which counts as a failure. A lease only saves work: a text that is
    extracted twice is the same text. An ``owner`` is a name of `adapters.queue.presence`, one for each worker.
    """

    _hand_out: LiteralString
    """The statement that `hand_out` makes."""

    def wait(self, files: Sequence[tuple[str, str, str]]) -> None:
        """``(sha256, media type, record)`` of files whose text is not there yet.

        Durable: who waits is known only once, everything that happens later to a file can happen again.
        """
        with self._tables.writing(durable=True) as db:
            for sha256, media_type, record in files:
                db.execute(
                    "INSERT INTO texts (sha256, media_type, state) VALUES (?, ?, 'waiting') ON CONFLICT DO NOTHING",
                    (sha256, media_type),
                )
                db.execute(
                    "INSERT INTO text_waiters (sha256, record) VALUES (?, ?) ON CONFLICT DO NOTHING", (sha256, record)
                )

    def next(self, now: float, limit: int, owner: str = "") -> list[WaitingText]:
        """Up to ``limit`` files, the owner's until ``now + LEASE``; those that failed least come first."""
        most, lost = MAX_ATTEMPTS, (LOST.code, LOST.zh, LOST.en)
        said = now, limit, now + LEASE, most, most, owner, most, *lost, now, now
        while True:
            with self._tables.writing() as db:
                rows = sorted(Handed(*row) for row in db.execute(self._hand_out, said).fetchall())
            waiting = [WaitingText(row.sha256, row.media_type, row.attempts) for row in rows if row.state == "waiting"]
            if waiting or not rows:  # where all were set aside there may be more
                return waiting

    def renew(self, owner: str, now: float) -> None:
        """Whatever the owner has is its until ``now + LEASE``."""
        self._run("UPDATE texts SET not_before = ? WHERE taken AND owner = ?", now + LEASE, owner)

    def owners(self) -> list[str]:
        """Those who have files in their hands."""
        return [owner for (owner,) in self._all("SELECT DISTINCT owner FROM texts WHERE taken")]

    def lost(self, owners: Sequence[str]) -> None:
        """These are gone: what they had may be handed out at once, and counts as failed."""
        self._each("UPDATE texts SET not_before = 0 WHERE taken AND owner = ?", [(owner,) for owner in owners])

    def give_back(self, owner: str, not_before: float = 0.0) -> None:
        """The owner does not go on with what it has, which is nobody's failure."""
        self._run(
            "UPDATE texts SET taken = FALSE, owner = '', not_before = ? WHERE taken AND owner = ?", not_before, owner
        )

    def done(self, sha256: str) -> None:
        """Its text is there."""
        self._run(
            "UPDATE texts SET state = 'done', attempts = 0, taken = FALSE, owner = '', code = '', detail = '',"
            " detail_zh = '' WHERE sha256 = ?",
            sha256,
        )

    def again(self, digests: Sequence[str]) -> None:
        """Texts that were done and are gone from the cache wait again."""
        self._each(
            f"UPDATE texts SET {_AFRESH} WHERE sha256 = ? AND state = 'done'",  # noqa: S608  (constants)
            [(sha256,) for sha256 in sorted(digests)],
        )

    def forget(self, sha256: str) -> None:
        """The file was erased: nothing waits for it any more."""
        with self._tables.writing(durable=True) as db:
            db.execute("DELETE FROM texts WHERE sha256 = ?", (sha256,))
            db.execute("DELETE FROM text_waiters WHERE sha256 = ?", (sha256,))

    def failed(self, sha256: str, fault: Fault, now: float, not_before: float, owner: str = "") -> None:
        """Try again after ``not_before``, or set it aside when it failed too often.

        Changes nothing where the file is not the owner's any more: whoever has it now will say.
        """
        said = fault.code, fault.zh, fault.en
        self._run(_FAILED, not_before, *said, now, now, MAX_ATTEMPTS, sha256, owner)

    def retry(self, digests: Sequence[str] | None = None) -> int:
        """What failed (of these; None: of all) waits again and its failures are forgotten; returns how many files."""
        statement: LiteralString = f"UPDATE texts SET {_AFRESH} WHERE state != 'done' AND attempts > 0 AND NOT taken"  # noqa: S608  (constants)
        if digests is None:
            return self._run(statement)
        return self._each(f"{statement} AND sha256 = ?", [(sha256,) for sha256 in sorted(digests)])

    def ready(self, limit: int) -> list[tuple[str, list[str]]]:
        """Records that can take in a text: ``(record, digests)``. Stays so until `taken` is called."""
        rows = self._all(
            "SELECT record, sha256 FROM text_waiters JOIN texts USING (sha256) WHERE state = 'done'"
            " ORDER BY record, sha256 LIMIT ?",
            limit,
        )
        files: dict[str, list[str]] = {}
        for record, sha256 in rows:
            files.setdefault(record, []).append(sha256)
        return list(files.items())

    def taken(self, pairs: Sequence[tuple[str, str]]) -> None:
        """``(record, sha256)`` pairs whose text is in the index."""
        self._each("DELETE FROM text_waiters WHERE record = ? AND sha256 = ?", pairs)

    def unfinished(self) -> list[tuple[str, str, str]]:
        """``(sha256, media type, record)`` of everything that still waits or was set aside."""
        return self._all(
            "SELECT sha256, media_type, record FROM texts JOIN text_waiters USING (sha256) WHERE state != 'done'"
        )

    def waiting(self, records: Collection[str]) -> list[tuple[str, str]]:
        """``(record, sha256)`` of the files of these records whose text is not known to be in the index."""
        return list(self._among("SELECT record, sha256 FROM text_waiters WHERE record", sorted(records)))

    def counts(self) -> dict[str, int]:
        """How many files are ``waiting``, ``done`` and set ``aside``; a state without files may be missing."""
        return dict(self._all("SELECT state, count(*) FROM texts GROUP BY state"))

    def aside(self) -> list[tuple[str, str]]:
        """``(sha256, reason)`` of the texts that were set aside."""
        return self._all("SELECT sha256, detail FROM texts WHERE state = 'aside' ORDER BY sha256")

    def failures(self) -> list[FailedText]:
        """All whose last attempt failed, set aside or not, those that failed first before the others."""
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
        return [_failed_text(row, waiting.get(row[0], ())) for row in rows]

    def clear(self) -> None:
        """Forget everything."""
        with self._tables.writing() as db:
            db.execute("DELETE FROM text_waiters")
            db.execute("DELETE FROM texts")


class TextQueue(QueueTables):
    """The queue of an archive on one machine, for its threads and processes."""

    _hand_out = hand_out("rowid")

    def __init__(self, path: Path) -> None:
        with translated():
            _bring_up_to_date(path)
        super().__init__(SQLiteTables(path, _SCHEMA))
        self.counts()


def _failed_text(row: Sequence[Any], records: Sequence[str]) -> FailedText:
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
