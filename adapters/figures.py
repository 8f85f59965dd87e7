"""Which events concern which organisation's year: `domain.ports.FiguresReader`, and its tables in ``views.sqlite``.

Everything here can be deleted: `indexers.figures` fills it again from the ledger and the events. Rows are kept under
the record's own organisation; a report asks for every organisation below its own.

A record that a correction moved to another year is kept under both, with all its events: which year counts depends on
the checkpoint, and the fold decides.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, Protocol
from uuid import UUID

from adapters.sqlite_connections import connect
from adapters.sqlite_faults import translated, write_ahead
from domain.ports import Concerned, FiguresReader

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS concerned (organisation TEXT NOT NULL, year INTEGER NOT NULL, leaf INTEGER NOT NULL,"
    " position INTEGER NOT NULL, PRIMARY KEY (organisation, year, leaf)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS concerned_records (id BLOB NOT NULL, year INTEGER NOT NULL, organisation TEXT NOT NULL,"
    " PRIMARY KEY (id, year)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS issued_reports (digest TEXT NOT NULL, leaf INTEGER NOT NULL,"
    " PRIMARY KEY (digest, leaf)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS figures_tracking (one INTEGER PRIMARY KEY CHECK (one = 1), size INTEGER NOT NULL)",
)
_TABLES = ("concerned", "concerned_records", "issued_reports", "figures_tracking")


class Row(NamedTuple):
    organisation: str
    year: int
    leaf: int
    position: int


class Home(NamedTuple):
    """An organisation and year under which a record is kept."""

    organisation: str
    year: int


class FiguresTables(FiguresReader, Protocol):
    """The index as those see it who fill and compare it."""

    def years(self, organisations: Iterable[str]) -> list[int]:
        """Years in which there is something to report, ascending."""
        ...

    def homes(self, records: Iterable[UUID]) -> dict[UUID, list[Home]]:
        """Where the records are kept so far; those that are not known are left out."""
        ...

    def rows(self) -> Iterator[Row]:
        """Everything, in order: for `verify`, which compares it with one made anew."""
        ...

    def issued_rows(self) -> Iterator[tuple[str, int]]:
        """Digest and leaf of every issued file, in order."""
        ...

    def write(
        self,
        start: int,
        size: int,
        rows: Sequence[Row],
        homes: Sequence[tuple[UUID, Home]],
        issued: Sequence[tuple[str, int]],
    ) -> bool:
        """Take in a batch that brings the index from ``start`` to ``size`` leaves, all of it or none.

        False, and nothing written, where another process was first.
        """
        ...

    def clear(self) -> None: ...

    def close(self) -> None: ...


class FiguresIndex:
    """On SQLite. Safe to use from several threads and processes; one transaction writes a batch with its position."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()

    # ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────

    def size(self) -> int:
        with self._connection() as db:
            return _size(db)

    def concerned(self, organisations: Iterable[str], year: int, below: int) -> list[Concerned]:
        found: list[tuple[int, int]] = []
        with self._connection() as db:
            for organisation in organisations:
                found += db.execute(
                    "SELECT leaf, position FROM concerned WHERE organisation = ? AND year = ? AND leaf < ?"
                    " ORDER BY leaf",
                    (organisation, year, below),
                )
        found.sort()
        return list(map(Concerned._make, found))

    def issued(self, digest: str) -> list[int]:
        with self._connection() as db:
            return [
                leaf
                for (leaf,) in db.execute("SELECT leaf FROM issued_reports WHERE digest = ? ORDER BY leaf", (digest,))
            ]

    def years(self, organisations: Iterable[str]) -> list[int]:
        with self._connection() as db:
            found = {
                year
                for organisation in organisations
                for (year,) in db.execute("SELECT DISTINCT year FROM concerned WHERE organisation = ?", (organisation,))
            }
        return sorted(found)

    def homes(self, records: Iterable[UUID]) -> dict[UUID, list[Home]]:
        found: dict[UUID, list[Home]] = {}
        with self._connection() as db:
            for record in records:
                rows = db.execute(
                    "SELECT organisation, year FROM concerned_records WHERE id = ? ORDER BY year", (record.bytes,)
                ).fetchall()
                if rows:
                    found[record] = [Home(*row) for row in rows]
        return found

    def rows(self) -> Iterator[Row]:
        with self._connection() as db:
            for row in db.execute(
                "SELECT organisation, year, leaf, position FROM concerned ORDER BY organisation, year, leaf"
            ):
                yield Row(*row)

    def issued_rows(self) -> Iterator[tuple[str, int]]:
        with self._connection() as db:
            yield from db.execute("SELECT digest, leaf FROM issued_reports ORDER BY digest, leaf")

    # ── writing ─────────────────────────────────────────────────────────────────────────────────────────────────

    def write(
        self,
        start: int,
        size: int,
        rows: Sequence[Row],
        homes: Sequence[tuple[UUID, Home]],
        issued: Sequence[tuple[str, int]],
    ) -> bool:
        with self._connection() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                ours = _size(db) == start
                if ours:
                    db.executemany("INSERT OR IGNORE INTO concerned VALUES (?,?,?,?)", rows)
                    db.executemany(
                        "INSERT OR IGNORE INTO concerned_records VALUES (?,?,?)",
                        [(record.bytes, home.year, home.organisation) for record, home in homes],
                    )
                    db.executemany("INSERT OR IGNORE INTO issued_reports VALUES (?,?)", issued)
                    db.execute("INSERT OR REPLACE INTO figures_tracking VALUES (1, ?)", (size,))
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise
        return ours

    def clear(self) -> None:
        with self._connection() as db:
            db.executescript("BEGIN IMMEDIATE; " + "".join(f"DELETE FROM {t}; " for t in _TABLES) + "COMMIT")  # noqa: S608  (constants)

    def close(self) -> None:
        """Close this thread's connection."""
        db: sqlite3.Connection | None = getattr(self._local, "db", None)
        if db is not None:
            db.close()
            del self._local.db

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """This thread's own, opened when first needed."""
        with translated():
            db: sqlite3.Connection | None = getattr(self._local, "db", None)
            if db is None:
                db = connect(self._path)
                write_ahead(db)
                db.execute("PRAGMA synchronous=NORMAL")  # a lost commit only repeats work
                for statement in _SCHEMA:
                    db.execute(statement)
                self._local.db = db
            yield db


def _size(db: sqlite3.Connection) -> int:
    row = db.execute("SELECT size FROM figures_tracking").fetchone()
    return 0 if row is None else int(row[0])
