"""What lies in the databases, read as it lies there: for the forensic check, which believes no column's type.

Read-only, and without the event store's own code, so that one row that cannot be understood does not hide the others.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

LOCK_TIMEOUT = 30.0


class RawRow(NamedTuple):
    """A row of the event store. SQLite lets an edited row hold any type in any column."""

    position: int  # the table's key: SQLite holds nothing but integers in it
    id: Any  # 32 hexadecimal digits
    version: Any
    topic: Any
    state: Any


class Database:
    """A SQLite file opened for reading. Raises `sqlite3.Error` as it comes: it is evidence."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._db = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=LOCK_TIMEOUT, check_same_thread=False
        )

    def tolerant(self) -> None:
        """From now on text that is not UTF-8 is read as well (slower)."""
        self._db.text_factory = _text

    def close(self) -> None:
        self._db.close()

    def all(self, statement: str, *params: Any) -> list[Any]:
        return self._db.execute(statement, params).fetchall()

    def each(self, statement: str, *params: Any) -> Iterator[Any]:
        return self._db.execute(statement, params)


class EventRows(Database):
    """The rows of the event store."""

    def rows(self, after: int, limit: int) -> list[Any]:
        """Plain tuples in the order of `RawRow`: a million named ones cost a second."""
        return self.all(
            "SELECT position, originator_id, originator_version, topic, state FROM stored_events"
            " WHERE position > ? ORDER BY position LIMIT ?",
            after,
            limit,
        )

    def row(self, position: int) -> RawRow | None:
        found = self.rows(position - 1, 1)
        return RawRow(*found[0]) if found and found[0][0] == position else None

    def count_after(self, position: int) -> int:
        return int(self.all("SELECT COUNT(*) FROM stored_events WHERE position > ?", position)[0][0])

    def counter(self) -> int:
        """The highest position that was ever given out: deleting rows does not lower it, restoring a backup does."""
        found = self.all("SELECT seq FROM sqlite_sequence WHERE name = 'stored_events'")
        return int(found[0][0]) if found else 0


class LedgerRows(Database):
    """The rows of the ledger's tables."""

    def leaves(self, start: int, end: int) -> list[Any]:
        """Plain tuples: index, position, id, version, hash."""
        return self.all(
            "SELECT idx, position, id, version, hash FROM leaves WHERE idx >= ? AND idx < ? ORDER BY idx", start, end
        )

    def size(self) -> int:
        return int(self.all("SELECT MAX(idx) + 1 FROM leaves")[0][0] or 0)

    def nodes(self) -> Iterator[tuple[Any, Any, Any]]:
        return self.each("SELECT level, idx, hash FROM nodes ORDER BY level, idx")

    def batches(self) -> list[tuple[Any, Any, Any]]:
        return self.all("SELECT first, size, time FROM batches ORDER BY first")

    def tracking(self) -> Any:
        found = self.all("SELECT position FROM tracking")
        return found[0][0] if found else 0

    def checkpoints(self) -> list[tuple[Any, Any]]:
        return self.all("SELECT size, note FROM checkpoints ORDER BY size")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
