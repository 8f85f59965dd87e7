"""What is left to be done of erasures: here in ``views.sqlite``.

All of it may be lost: erasures are then followed from the first one on, and what is done already is done again, which
changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol
from uuid import UUID

from adapters.sqlite_tables import SQLiteTables


class Left(NamedTuple):
    """An erasure that is not complete: the position of its event, and why it is not, as far as that is known."""

    position: int
    stream: UUID
    version: int
    zh: str = ""
    en: str = ""


class ErasureLog(Protocol):
    """Written by whoever follows erasures, read by whoever wants to know."""

    def position(self) -> int:
        """Up to here events were followed."""
        ...

    def take(self, position: int, new: Sequence[Left]) -> None:
        """Events up to ``position`` were followed, and these erasures are to be done; durable."""
        ...

    def left(self) -> list[Left]:
        """The oldest first."""
        ...

    def stays(self, position: int, zh: str, en: str) -> None:
        """It could not be completed, and why."""
        ...

    def done(self, position: int) -> None: ...


_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS erasures_left (position INTEGER PRIMARY KEY, stream BLOB NOT NULL,"
    " version INTEGER NOT NULL, zh TEXT NOT NULL DEFAULT '', en TEXT NOT NULL DEFAULT '')",
    "CREATE TABLE IF NOT EXISTS erasures_tracking (one INTEGER PRIMARY KEY CHECK (one = 1), position INTEGER NOT NULL)",
)


class SQLiteErasureLog:
    """`ErasureLog` of an archive on one machine, for its threads and processes."""

    def __init__(self, path: Path) -> None:
        self._tables = SQLiteTables(path, _SCHEMA)

    def position(self) -> int:
        with self._tables.reading() as db:
            found = db.execute("SELECT position FROM erasures_tracking").fetchone()
        return int(found[0]) if found else 0

    def take(self, position: int, new: Sequence[Left]) -> None:
        with self._tables.writing(durable=True) as db:
            db.executemany(
                "INSERT OR IGNORE INTO erasures_left (position, stream, version) VALUES (?, ?, ?)",
                [(each.position, each.stream.bytes, each.version) for each in new],
            )
            db.execute(
                "INSERT INTO erasures_tracking VALUES (1, ?)"
                " ON CONFLICT DO UPDATE SET position = max(position, excluded.position)",
                (position,),
            )

    def left(self) -> list[Left]:
        with self._tables.reading() as db:
            rows = db.execute(
                "SELECT position, stream, version, zh, en FROM erasures_left ORDER BY position"
            ).fetchall()
        return [Left(position, UUID(bytes=stream), *rest) for position, stream, *rest in rows]

    def stays(self, position: int, zh: str, en: str) -> None:
        with self._tables.writing() as db:
            db.execute("UPDATE erasures_left SET zh = ?, en = ? WHERE position = ?", (zh, en, position))

    def done(self, position: int) -> None:
        with self._tables.writing() as db:
            db.execute("DELETE FROM erasures_left WHERE position = ?", (position,))
