"""How background work fares: what could not be done, which part stands still, when a job was done last.

In ``views.sqlite``, or on PostgreSQL. All of it is about views, so all of it may be lost: an event that an indexer
could not take in is met again by the next `index rebuild`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, LiteralString, NamedTuple, Self

from adapters.disk.sqlite_tables import SQLiteTables
from adapters.disk.tables import Store
from domain.errors import JianzhengError

MAX_ATTEMPTS = 3
"""After so many failures a file or an event is set aside and shown, until somebody has it tried again."""

OUTSIDE = "timestamp:"
"""Begins the names of parts that are authorities outside, whom nothing waits for."""

MAX_REASON = 500
"""Characters of an error's sentence that are kept."""


@dataclass(frozen=True)
class Fault:
    """An error as it is kept: its code, and its sentence in two languages."""

    code: str
    zh: str
    en: str

    @classmethod
    def of(cls, error: JianzhengError) -> Self:
        return cls(error.code, reason(error.message("zh")), reason(error.message("en")))


def reason(detail: str) -> str:
    """What of an error's text is kept: some lines of it, without characters that no database takes."""
    return detail[:MAX_REASON].encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")


class Happened(NamedTuple):
    """An event, and where in the ledger and in the event store it is."""

    stream: str  # of a record: its id
    version: int
    leaf: int
    position: int


State = Literal["failing", "aside"]


@dataclass(frozen=True)
class Trouble:
    """A stream of events, mostly a record, that an indexer could not take in; ``event`` is the one that it failed at.

    ``failing`` is tried again by itself after ``not_before``, ``aside`` only when somebody says so. Times are seconds
    since 1970.
    """

    part: str
    event: Happened
    state: State
    fault: Fault
    attempts: int
    first: float
    last: float
    not_before: float


@dataclass(frozen=True)
class Stopped:
    """A part of the work that stands still as a whole, and is tried again by itself."""

    part: str
    fault: Fault
    attempts: int
    first: float
    last: float


FORGOTTEN = 90 * 86_400.0
"""Seconds after which a machine that does its jobs no more is forgotten."""

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS troubles (part TEXT NOT NULL, stream TEXT NOT NULL, version INTEGER NOT NULL,"
    " leaf INTEGER NOT NULL, position INTEGER NOT NULL, state TEXT NOT NULL, code TEXT NOT NULL, zh TEXT NOT NULL,"
    " en TEXT NOT NULL, attempts INTEGER NOT NULL, first REAL NOT NULL, last REAL NOT NULL, not_before REAL NOT NULL,"
    " PRIMARY KEY (part, stream))",
    "CREATE TABLE IF NOT EXISTS stopped (part TEXT PRIMARY KEY, code TEXT NOT NULL, zh TEXT NOT NULL,"
    " en TEXT NOT NULL, attempts INTEGER NOT NULL, first REAL NOT NULL, last REAL NOT NULL)",
    "CREATE TABLE IF NOT EXISTS jobs (name TEXT PRIMARY KEY, last REAL NOT NULL)",
)

_COLUMNS: LiteralString = (
    "part, stream, version, leaf, position, state, code, zh, en, attempts, first, last, not_before"
)

_FAILED: LiteralString = f"""
INSERT INTO troubles ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?)
ON CONFLICT (part, stream) DO UPDATE SET version = excluded.version, leaf = excluded.leaf,
    position = excluded.position, code = excluded.code, zh = excluded.zh, en = excluded.en,
    attempts = troubles.attempts + 1, last = excluded.last, not_before = excluded.not_before,
    state = CASE WHEN troubles.attempts + 1 >= ? THEN 'aside' ELSE 'failing' END
"""  # noqa: S608  (constants)

_STOPPED: LiteralString = """
INSERT INTO stopped (part, code, zh, en, attempts, first, last) VALUES (?, ?, ?, ?, 1, ?, ?)
ON CONFLICT (part) DO UPDATE SET code = excluded.code, zh = excluded.zh, en = excluded.en,
    attempts = stopped.attempts + 1, last = excluded.last
"""


class WorkLog(Store):
    """Written by the indexers of all processes, read by whoever wants to know. Parts are indexers: ``search`` …"""

    def failed(self, part: str, event: Happened, fault: Fault, now: float, not_before: float) -> None:
        """One more attempt at the event's stream failed; from `MAX_ATTEMPTS` on it is set aside. Durable."""
        state: State = "aside" if MAX_ATTEMPTS <= 1 else "failing"
        said = part, *event, state, fault.code, fault.zh, fault.en, now, now, not_before, MAX_ATTEMPTS
        self._run(_FAILED, *said, durable=True)

    def attempts(self, part: str, stream: str) -> int:
        """How many failed so far."""
        rows = self._all("SELECT attempts FROM troubles WHERE part = ? AND stream = ?", part, stream)
        return int(rows[0][0]) if rows else 0

    def mended(self, part: str, streams: Sequence[str]) -> None:
        """These were taken in."""
        self._each("DELETE FROM troubles WHERE part = ? AND stream = ?", [(part, each) for each in sorted(streams)])

    def streams(self, part: str) -> set[str]:
        """Those that the part has trouble with."""
        return {stream for (stream,) in self._all("SELECT stream FROM troubles WHERE part = ?", part)}

    def due(self, part: str, now: float, limit: int) -> list[Trouble]:
        """Those to be tried again now, the longest overdue first."""
        rows = self._all(
            f"SELECT {_COLUMNS} FROM troubles WHERE part = ? AND state = 'failing' AND not_before <= ?"  # noqa: S608  (constants)
            " ORDER BY not_before, leaf LIMIT ?",
            part,
            now,
            limit,
        )
        return list(map(_trouble, rows))

    def troubles(self) -> list[Trouble]:
        """All, in the order of the ledger."""
        rows = self._all(f"SELECT {_COLUMNS} FROM troubles ORDER BY leaf, part, stream")  # noqa: S608  (constants)
        return list(map(_trouble, rows))

    def retry(self, part: str, streams: Sequence[str]) -> int:
        """Forget the attempts, so that these are tried again at once; returns how many there were."""
        return self._each(
            "UPDATE troubles SET state = 'failing', attempts = 0, not_before = 0 WHERE part = ? AND stream = ?",
            [(part, each) for each in sorted(streams)],
        )

    def clear(self, part: str, before: float) -> None:
        """Forget what the part has had no new trouble with since ``before``."""
        self._run("DELETE FROM troubles WHERE part = ? AND last < ?", part, before)

    def stopped(self, part: str, fault: Fault, now: float) -> None:
        """One more attempt to go on failed."""
        self._run(_STOPPED, part, fault.code, fault.zh, fault.en, now, now)

    def goes(self, part: str) -> None:
        """It goes on."""
        if self._all("SELECT 1 FROM stopped WHERE part = ?", part):
            self._run("DELETE FROM stopped WHERE part = ?", part)

    def standing(self) -> list[Stopped]:
        """The parts that stand still, by name."""
        rows = self._all("SELECT part, code, zh, en, attempts, first, last FROM stopped ORDER BY part")
        return list(map(_standing, rows))

    def done(self, job: str, now: float) -> None:
        """A job of the timetable was done. Those of which nothing was heard for `FORGOTTEN` seconds are forgotten."""
        with self._tables.writing() as db:
            db.execute(
                "INSERT INTO jobs (name, last) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET last = excluded.last",
                (job, now),
            )
            db.execute("DELETE FROM jobs WHERE last < ?", (now - FORGOTTEN,))

    def jobs(self) -> dict[str, float]:
        """When each job was done last."""
        return dict(self._all("SELECT name, last FROM jobs"))


class SQLiteWorkLog(WorkLog):
    """Of an archive on one machine, for its threads and processes."""

    def __init__(self, path: Path) -> None:
        super().__init__(SQLiteTables(path, _SCHEMA))


def _trouble(row: Sequence[object]) -> Trouble:
    """From a row of `_COLUMNS`."""
    part, stream, version, leaf, position, state, code, zh, en, attempts, first, last, not_before = row
    return Trouble(
        part=str(part),
        event=Happened(str(stream), _whole(version), _whole(leaf), _whole(position)),
        state="aside" if state == "aside" else "failing",
        fault=Fault(str(code), str(zh), str(en)),
        attempts=_whole(attempts),
        first=_real(first),
        last=_real(last),
        not_before=_real(not_before),
    )


def _standing(row: Sequence[object]) -> Stopped:
    """From a row of the table ``stopped``."""
    part, code, zh, en, attempts, first, last = row
    return Stopped(str(part), Fault(str(code), str(zh), str(en)), _whole(attempts), _real(first), _real(last))


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0


def _real(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
