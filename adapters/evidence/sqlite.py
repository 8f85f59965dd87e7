"""The evidence of an embedded archive: two SQLite files and a folder (`adapters.evidence.questions`).

Read-only, and without the event store's own code, so that one row that cannot be understood does not hide the others.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from adapters.disk.sqlite_faults import LOCK_TIMEOUT, fault_of
from adapters.evidence.questions import EvidenceUnreadable, RawRow, Said
from domain.errors import ArchiveBusy, StorageFull

__all__ = ["EventRows", "LedgerRows", "PublishedFolder", "RawRow", "SQLiteFile", "SQLiteTables"]

LAST_BYTE = 0xFF


class Rows:
    """A SQLite file opened for reading."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._db = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=LOCK_TIMEOUT, check_same_thread=False
            )
        except sqlite3.Error as error:
            raise _unreadable(error) from error

    def tolerant(self) -> None:
        self._db.text_factory = _text

    def close(self) -> None:
        self._db.close()

    def all(self, statement: str, *params: Any) -> list[Any]:
        try:
            return self._db.execute(statement, params).fetchall()
        except sqlite3.Error as error:
            raise _unreadable(error) from error

    def each(self, statement: str, *params: Any) -> Iterator[Any]:
        try:
            yield from self._db.execute(statement, params)
        except sqlite3.Error as error:
            raise _unreadable(error) from error


class EventRows(Rows):
    """An `EventEvidence`."""

    def rows(self, after: int, limit: int) -> list[Any]:
        return self.all(
            "SELECT position, originator_id, originator_version, topic, state FROM stored_events"
            " WHERE position > ? ORDER BY position LIMIT ?",
            after,
            limit,
        )

    def row(self, position: int) -> RawRow | None:
        rows = self.rows(position - 1, 1)
        return RawRow(*rows[0]) if rows and rows[0][0] == position else None

    def rows_at(self, positions: Iterable[Any]) -> list[RawRow]:
        return [row for each in positions if type(each) is int and (row := self.row(each)) is not None]

    def stream(self, stream: str, end: int) -> list[Any]:
        return self.all(
            "SELECT position, originator_version, topic, state FROM stored_events"
            " WHERE originator_id = ? AND position <= ? ORDER BY originator_version",
            stream,
            end,
        )

    def unsettled(self, first: int, end: int) -> Iterator[tuple[Any, Any, Any]]:
        return self.each(_UNSETTLED, *_between(first, first), end, end)

    def of_streams(self, first: int, last: int, end: int) -> Iterator[tuple[Any, Any, int, Any, Any]]:
        return self.each(
            "SELECT originator_id, originator_version, position, topic, state FROM stored_events"
            " WHERE originator_id >= ? AND originator_id < ? AND position <= ?"
            " ORDER BY originator_id, originator_version",
            *_between(first, last),
            end,
        )

    def count_after(self, position: int) -> int:
        return int(self.all("SELECT COUNT(*) FROM stored_events WHERE position > ?", position)[0][0])

    def counter(self) -> int:
        rows = self.all("SELECT seq FROM sqlite_sequence WHERE name = 'stored_events'")
        return int(rows[0][0]) if rows else 0


def _between(first: int, last: int) -> tuple[str, str]:
    """Ids that begin with these bytes lie from the one up to the other, which is excluded."""
    return f"{first:02x}", f"{last + 1:02x}" if last < LAST_BYTE else "g"


_UNSETTLED = """
SELECT e.originator_id, e.originator_version, e.topic FROM (
    SELECT originator_id FROM stored_events WHERE originator_id >= ? AND originator_id < ? AND position <= ?
    GROUP BY originator_id
    HAVING (COUNT(*) > 1 AND substr(originator_id, 13, 1) <> '5')
        OR MIN(originator_version) <> 1 OR MAX(originator_version) <> COUNT(*)
        OR COUNT(DISTINCT originator_version) <> COUNT(*)
    ) AS stream CROSS JOIN stored_events AS e ON e.originator_id = stream.originator_id AND e.position <= ?
ORDER BY e.originator_id, e.originator_version
"""


class LedgerRows(Rows):
    """A `LedgerEvidence`."""

    name = "ledger.sqlite"

    def leaves(self, start: int, end: int) -> list[Any]:
        return self.all(
            "SELECT idx, position, id, version, hash FROM leaves WHERE idx >= ? AND idx < ? ORDER BY idx", start, end
        )

    def size(self) -> int:
        return int(self.all("SELECT MAX(idx) + 1 FROM leaves")[0][0] or 0)

    def positions(self) -> Iterator[tuple[Any, Any]]:
        return self.each("SELECT idx, position FROM leaves")

    def by_position(self, size: int) -> Iterator[tuple[Any, Any]]:
        return self.each("SELECT idx, position FROM leaves WHERE idx < ? ORDER BY position", size)

    def by_event(self, size: int) -> Iterator[tuple[Any, Any, Any, Any]]:
        return self.each(
            "SELECT id, version, position, idx FROM leaves NOT INDEXED WHERE idx < ? ORDER BY id, version", size
        )

    def of_streams(self, first: int, last: int) -> Iterator[tuple[Any, Any, Any, int]]:
        low, high = bytes([first]), bytes([last + 1]) if last < LAST_BYTE else b"\xff" * 17
        return self.each(
            "SELECT id, version, position, idx FROM leaves WHERE id >= ? AND id < ? ORDER BY id, version", low, high
        )

    def of_stream(self, stream: UUID) -> list[tuple[Any, Any, int]]:
        return self.all("SELECT version, position, idx FROM leaves WHERE id = ? ORDER BY version", stream.bytes)

    def outside(self, end: int) -> Iterator[int]:
        rows = self.each("SELECT idx FROM leaves WHERE idx < 0 OR idx >= ? ORDER BY idx", end)
        return (index for (index,) in rows)

    def nodes(self) -> Iterator[tuple[Any, Any, Any]]:
        return self.each("SELECT level, idx, hash FROM nodes ORDER BY level, idx")

    def batches(self) -> list[tuple[Any, Any, Any]]:
        return self.all("SELECT first, size, time FROM batches ORDER BY first")

    def tracking(self) -> Any:
        rows = self.all("SELECT position FROM tracking")
        return rows[0][0] if rows else 0

    def checkpoints(self) -> list[tuple[Any, Any]]:
        return self.all("SELECT size, note FROM checkpoints ORDER BY size")

    def timestamps(self) -> list[tuple[Any, Any, Any]]:
        if not self.all("SELECT 1 FROM sqlite_master WHERE name = 'timestamps'"):
            return []  # an archive of before there were any
        return self.all("SELECT size, authority, seal FROM timestamps ORDER BY size, authority")


@dataclass(frozen=True)
class SQLiteFile:
    """A `Structure`: a database, and a table that must be in it."""

    path: Path
    table: str

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def kind(self) -> Said:
        return "数据库文件", "database file"

    def there(self) -> bool:
        return self.path.exists()

    def sound(self) -> bool:
        """Whether every page and every index of the file is as it should be."""
        try:
            with closing(Rows(self.path)) as database:
                tables = database.all("SELECT name FROM sqlite_master WHERE name = ?", self.table)
                return bool(tables) and database.all("PRAGMA integrity_check(1)") == [("ok",)]
        except EvidenceUnreadable:
            return False


@dataclass(frozen=True)
class SQLiteTables:
    """A `TablesPlace`: the event store's file and the ledger's."""

    events_file: Path
    ledger_file: Path

    def events(self) -> EventRows:
        return EventRows(self.events_file)

    def ledger(self) -> LedgerRows:
        return LedgerRows(self.ledger_file)

    def structures(self) -> Sequence[SQLiteFile]:
        return SQLiteFile(self.events_file, "stored_events"), SQLiteFile(self.ledger_file, "leaves")

    def remarks(self) -> list[Said]:
        return []


class PublishedFolder:
    """Both `PublishedPlace` and `PublishedFiles`: a folder needs no opening."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._name = folder, str(folder)

    def open(self) -> PublishedFolder:
        return self

    def read(self, name: str) -> bytes | None:
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError:
            return None

    def holds(self, name: str, data: bytes) -> bool:
        with open(f"{self._name}/{name}", "rb", buffering=0) as file:  # noqa: PTH123  (thousands of them)
            return file.read(len(data) + 1) == data

    def has(self, name: str) -> bool:
        return (self._folder / name).is_file()

    def listing(self) -> Iterator[tuple[str, bool]]:
        for path in sorted(self._folder.rglob("*")):
            if not path.is_dir() or path.is_symlink():
                yield path.relative_to(self._folder).as_posix(), path.is_file()

    def expect(self, names: Iterable[str]) -> None:
        """The kernel reads ahead by itself."""

    def close(self) -> None:
        """Nothing is held open."""


def _unreadable(error: sqlite3.Error) -> EvidenceUnreadable:
    fault = fault_of(error)
    return EvidenceUnreadable(str(error), fault if isinstance(fault, StorageFull | ArchiveBusy) else None)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
