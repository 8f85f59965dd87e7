"""What is left to be done of erasures: in ``views.sqlite``, or on PostgreSQL.

All of it may be lost: erasures are then followed from the first one on, and what is done already is done again, which
changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from adapters.disk.sqlite_tables import SQLiteTables
from adapters.disk.tables import Store


class Left(NamedTuple):
    """An erasure that is not complete: the position of its event, and why it is not, as far as that is known."""

    position: int
    stream: UUID
    version: int
    zh: str = ""
    en: str = ""


_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS erasures_left (position INTEGER PRIMARY KEY, stream BLOB NOT NULL,"
    " version INTEGER NOT NULL, zh TEXT NOT NULL DEFAULT '', en TEXT NOT NULL DEFAULT '')",
    "CREATE TABLE IF NOT EXISTS erasures_tracking (one INTEGER PRIMARY KEY CHECK (one = 1), position INTEGER NOT NULL)",
)


_TRACK = (
    "UPDATE erasures_tracking SET position = CASE WHEN position > ? THEN position ELSE ? END",
    "INSERT INTO erasures_tracking VALUES (TRUE, ?)",
)


class ErasureLog(Store):
    """Written by whoever follows erasures, read by whoever wants to know."""

    def position(self) -> int:
        """Up to here events were followed."""
        rows = self._all("SELECT position FROM erasures_tracking")
        return int(rows[0][0]) if rows else 0

    def take(self, position: int, new: Sequence[Left]) -> None:
        """Events up to ``position`` were followed, and these erasures are to be done; durable."""
        with self._tables.writing(durable=True) as db:
            for each in new:
                db.execute(
                    "INSERT INTO erasures_left (position, stream, version) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                    (each.position, self._stored(each.stream), each.version),
                )
            if not db.execute(_TRACK[0], (position, position)).rowcount:
                db.execute(_TRACK[1], (position,))

    def left(self) -> list[Left]:
        """The oldest first."""
        rows = self._all("SELECT position, stream, version, zh, en FROM erasures_left ORDER BY position")
        return [Left(position, self._read(stream), *rest) for position, stream, *rest in rows]

    def stays(self, position: int, zh: str, en: str) -> None:
        """It could not be completed, and why."""
        self._run("UPDATE erasures_left SET zh = ?, en = ? WHERE position = ?", zh, en, position)

    def done(self, position: int) -> None:
        """It is complete."""
        self._run("DELETE FROM erasures_left WHERE position = ?", position)

    @staticmethod
    def _stored(stream: UUID) -> object:
        """As the column takes it."""
        return stream

    @staticmethod
    def _read(stored: Any) -> UUID:
        return UUID(str(stored))


class SQLiteErasureLog(ErasureLog):
    """Of an archive on one machine, for its threads and processes."""

    def __init__(self, path: Path) -> None:
        super().__init__(SQLiteTables(path, _SCHEMA))

    @staticmethod
    def _stored(stream: UUID) -> object:
        return stream.bytes

    @staticmethod
    def _read(stored: Any) -> UUID:
        return UUID(bytes=stored)
