"""The figures index on PostgreSQL: as `adapters.figures.FiguresIndex` on SQLite, for processes on many machines.

Several may fill it at once: a batch begins where the tracking row says that the one before ended, and that row is
locked until the batch is committed; who comes second writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from uuid import UUID

from adapters.figures import Home, Row
from adapters.postgres.arrays import Bigints, Texts, Uuids
from adapters.postgres.database import Database
from domain.errors import DatabaseDamaged
from domain.ports import Concerned

PAGE = 5_000
"""Rows that are read at once where all are read."""


class PostgresFiguresIndex:
    """`adapters.figures.FiguresTables`. The database belongs to whoever passes it in, and is closed there."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────

    def size(self) -> int:
        return int(self._database.value("SELECT size FROM figures_tracking") or 0)

    def concerned(self, organisations: Iterable[str], year: int, below: int) -> list[Concerned]:
        rows = self._database.all(
            "SELECT leaf, position FROM concerned WHERE organisation = ANY(%s::text[]) AND year = %s AND leaf < %s"
            " ORDER BY leaf",
            (list(organisations), year, below),
        )
        return list(map(Concerned._make, rows))

    def issued(self, digest: str) -> list[int]:
        rows = self._database.all("SELECT leaf FROM issued_reports WHERE digest = %s ORDER BY leaf", (digest,))
        return [leaf for (leaf,) in rows]

    def years(self, organisations: Iterable[str]) -> list[int]:
        rows = self._database.all(
            "SELECT DISTINCT year FROM concerned WHERE organisation = ANY(%s::text[]) ORDER BY year",
            (list(organisations),),
        )
        return [year for (year,) in rows]

    def homes(self, records: Iterable[UUID]) -> dict[UUID, list[Home]]:
        rows = self._database.all(
            "SELECT id, organisation, year FROM concerned_records WHERE id = ANY(%b) ORDER BY id, year",
            (Uuids(list(records)),),
        )
        return {record: [Home(*home) for _, *home in kept] for record, kept in groupby(rows, key=lambda row: row[0])}

    def rows(self) -> Iterator[Row]:
        # Page by page: nothing is held at the server while the caller thinks about a row.
        last = Row("", 0, -1, 0)
        while True:
            page = self._database.all(
                "SELECT organisation, year, leaf, position FROM concerned"
                " WHERE (organisation, year, leaf) > (%s, %s, %s) ORDER BY organisation, year, leaf LIMIT %s",
                (*last[:3], PAGE),
            )
            yield from map(Row._make, page)
            if len(page) < PAGE:
                return
            last = Row._make(page[-1])

    def issued_rows(self) -> Iterator[tuple[str, int]]:
        # A few files a report, a report a school and year: one page.
        rows = self._database.all("SELECT digest, leaf FROM issued_reports ORDER BY digest, leaf")
        yield from ((str(digest), int(leaf)) for digest, leaf in rows)

    # ── writing ─────────────────────────────────────────────────────────────────────────────────────────────────

    def write(
        self,
        start: int,
        size: int,
        rows: Sequence[Row],
        homes: Sequence[tuple[UUID, Home]],
        issued: Sequence[tuple[str, int]],
    ) -> bool:
        with self._database.transaction() as link:
            tracked = link.execute("SELECT size FROM figures_tracking FOR UPDATE").fetchone()
            if tracked is None:
                raise DatabaseDamaged(why="the tracking row of the figures is missing")
            if tracked[0] != start:
                return False
            link.execute(
                "INSERT INTO concerned SELECT * FROM unnest(%b, %b, %b, %b) ON CONFLICT DO NOTHING",
                (
                    Texts([row.organisation for row in rows]),
                    Bigints([row.year for row in rows]),
                    Bigints([row.leaf for row in rows]),
                    Bigints([row.position for row in rows]),
                ),
            )
            link.execute(
                "INSERT INTO concerned_records SELECT * FROM unnest(%b, %b, %b) ON CONFLICT DO NOTHING",
                (
                    Uuids([record for record, _ in homes]),
                    Bigints([home.year for _, home in homes]),
                    Texts([home.organisation for _, home in homes]),
                ),
            )
            link.execute(
                "INSERT INTO issued_reports SELECT * FROM unnest(%b, %b) ON CONFLICT DO NOTHING",
                (Texts([digest for digest, _ in issued]), Bigints([leaf for _, leaf in issued])),
            )
            link.execute("UPDATE figures_tracking SET size = %s", (size,))
        return True

    def clear(self) -> None:
        with self._database.transaction() as link:
            link.execute("UPDATE figures_tracking SET size = 0")  # first: it locks out a batch that is under way
            link.execute("DELETE FROM concerned")
            link.execute("DELETE FROM concerned_records")
            link.execute("DELETE FROM issued_reports")

    def close(self) -> None:
        """Nothing of its own is open."""
