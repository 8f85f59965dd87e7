"""Which events concern which organisation's year (`domain.ports.reports.FiguresReader`): in ``views.sqlite``, or on
PostgreSQL.

Everything here can be deleted: `indexers.figures` fills it again from the ledger and the events. Rows are kept under
the record's own organisation; a report asks for every organisation below its own.

A record that a correction moved to another year is kept under both, with all its events: which year counts depends on
the checkpoint, and the fold decides.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, LiteralString, NamedTuple
from uuid import UUID

from adapters.disk.sqlite_tables import SQLiteTables
from adapters.disk.tables import Statements, Store
from domain.ports.reports import Concerned

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS concerned (organisation TEXT NOT NULL, year INTEGER NOT NULL, leaf INTEGER NOT NULL,"
    " position INTEGER NOT NULL, PRIMARY KEY (organisation, year, leaf)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS concerned_records (id BLOB NOT NULL, year INTEGER NOT NULL, organisation TEXT NOT NULL,"
    " PRIMARY KEY (id, year)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS issued_reports (digest TEXT NOT NULL, leaf INTEGER NOT NULL,"
    " PRIMARY KEY (digest, leaf)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS figures_tracking (one INTEGER PRIMARY KEY CHECK (one = 1), size INTEGER NOT NULL)",
)
_ROWS: LiteralString = "SELECT organisation, year, leaf, position FROM concerned"
_IN_ORDER: LiteralString = "ORDER BY organisation, year, leaf LIMIT ?"

PAGE = 5_000
"""Rows that are read at once where all are read."""


class Row(NamedTuple):
    organisation: str
    year: int
    leaf: int
    position: int


class Home(NamedTuple):
    """An organisation and year under which a record is kept."""

    organisation: str
    year: int


class FiguresTables(Store, ABC):
    """`domain.ports.reports.FiguresReader`, and the index as those see it who fill and compare it: several
    may fill it at once. Subclasses say how many rows are written together, and how ids are."""

    # ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────

    def size(self) -> int:
        rows = self._all("SELECT size FROM figures_tracking")
        return int(rows[0][0]) if rows else 0

    def concerned(self, organisations: Iterable[str], year: int, below: int) -> list[Concerned]:
        statement: LiteralString = "SELECT leaf, position FROM concerned WHERE year = ? AND leaf < ? AND organisation"
        return sorted(map(Concerned._make, self._among(statement, list(organisations), year, below)))

    def issued(self, digest: str) -> list[int]:
        rows = self._all("SELECT leaf FROM issued_reports WHERE digest = ? ORDER BY leaf", digest)
        return [leaf for (leaf,) in rows]

    def years(self, organisations: Iterable[str]) -> list[int]:
        """Years in which there is something to report, ascending."""
        statement: LiteralString = "SELECT DISTINCT year FROM concerned WHERE organisation"
        return sorted({year for (year,) in self._among(statement, list(organisations))})

    def homes(self, records: Iterable[UUID]) -> dict[UUID, list[Home]]:
        """Where the records are kept so far; those that are not known are left out."""
        homes: dict[UUID, list[Home]] = {}
        statement: LiteralString = "SELECT id, year, organisation FROM concerned_records WHERE id"
        for record, year, organisation in sorted(self._among(statement, [self._stored(each) for each in records])):
            homes.setdefault(self._read(record), []).append(Home(organisation, year))
        return homes

    def rows(self) -> Iterator[Row]:
        """Everything, in order: for `verify`, which compares it with one made anew."""
        # Page by page: nothing is held open while the caller thinks about a row.
        page = self._all(f"{_ROWS} {_IN_ORDER}", PAGE)
        while page:
            yield from map(Row._make, page)
            page = self._all(f"{_ROWS} WHERE (organisation, year, leaf) > (?, ?, ?) {_IN_ORDER}", *page[-1][:3], PAGE)

    def issued_rows(self) -> Iterator[tuple[str, int]]:
        """Digest and leaf of every issued file, in order."""
        # A few files a report, a report a school and year: one page.
        yield from self._all("SELECT digest, leaf FROM issued_reports ORDER BY digest, leaf")

    # ── writing ─────────────────────────────────────────────────────────────────────────────────────────────────

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
        with self._tables.writing() as db:
            if self._locked_size(db) != start:
                return False
            self._insert(db, rows, homes, issued)
            db.execute("UPDATE figures_tracking SET size = ?", (size,))
        return True

    def clear(self) -> None:
        """Forget everything."""
        with self._tables.writing() as db:
            db.execute("UPDATE figures_tracking SET size = 0")  # first: it locks out a batch that is under way
            db.execute("DELETE FROM concerned")
            db.execute("DELETE FROM concerned_records")
            db.execute("DELETE FROM issued_reports")

    # ── how the two differ ──────────────────────────────────────────────────────────────────────────────────────

    @abstractmethod
    def _locked_size(self, db: Statements) -> int:
        """How many leaves were taken in; nobody else takes any in until the transaction ends."""

    @abstractmethod
    def _insert(
        self,
        db: Statements,
        rows: Sequence[Row],
        homes: Sequence[tuple[UUID, Home]],
        issued: Sequence[tuple[str, int]],
    ) -> None:
        """Add these, but for those that are there."""

    @abstractmethod
    def _stored(self, record: UUID) -> object:
        """An id as the column takes it."""

    @abstractmethod
    def _read(self, stored: Any) -> UUID: ...


class FiguresIndex(FiguresTables):
    """On SQLite, for the threads and processes of one machine. A lost commit only repeats work."""

    def __init__(self, path: Path) -> None:
        super().__init__(SQLiteTables(path, _SCHEMA))

    def _locked_size(self, db: Statements) -> int:
        row = db.execute("SELECT size FROM figures_tracking").fetchone()
        if row is None:
            db.execute("INSERT INTO figures_tracking VALUES (1, 0)")
        return 0 if row is None else int(row[0])

    def _insert(
        self,
        db: Statements,
        rows: Sequence[Row],
        homes: Sequence[tuple[UUID, Home]],
        issued: Sequence[tuple[str, int]],
    ) -> None:
        db.executemany("INSERT OR IGNORE INTO concerned VALUES (?,?,?,?)", rows)
        db.executemany(
            "INSERT OR IGNORE INTO concerned_records VALUES (?,?,?)",
            [(record.bytes, home.year, home.organisation) for record, home in homes],
        )
        db.executemany("INSERT OR IGNORE INTO issued_reports VALUES (?,?)", issued)

    def _stored(self, record: UUID) -> object:
        return record.bytes

    def _read(self, stored: Any) -> UUID:
        return UUID(bytes=stored)
