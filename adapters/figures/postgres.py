"""The figures index on PostgreSQL: for processes on many machines.

Several may fill it at once: a batch begins where the tracking row says that the one before ended, and that row is
locked until the batch is committed; who comes second writes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from adapters.disk.tables import Statements
from adapters.figures.index import FiguresTables, Home, Row
from adapters.postgres.arrays import Bigints, Texts, Uuids
from adapters.postgres.database import Database
from adapters.postgres.tables import DatabaseTables
from domain.errors import DatabaseDamaged


class PostgresFiguresIndex(FiguresTables):
    """The database belongs to whoever passes it in, and is closed there."""

    def __init__(self, database: Database) -> None:
        super().__init__(DatabaseTables(database))

    def _locked_size(self, db: Statements) -> int:
        row = db.execute("SELECT size FROM figures_tracking FOR UPDATE").fetchone()
        if row is None:
            raise DatabaseDamaged(why="the tracking row of the figures is missing")
        return int(row[0])

    def _insert(
        self,
        db: Statements,
        rows: Sequence[Row],
        homes: Sequence[tuple[UUID, Home]],
        issued: Sequence[tuple[str, int]],
    ) -> None:
        db.execute(
            "INSERT INTO concerned SELECT * FROM unnest(?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (
                Texts([row.organisation for row in rows]),
                Bigints([row.year for row in rows]),
                Bigints([row.leaf for row in rows]),
                Bigints([row.position for row in rows]),
            ),
        )
        db.execute(
            "INSERT INTO concerned_records SELECT * FROM unnest(?, ?, ?) ON CONFLICT DO NOTHING",
            (
                Uuids([record for record, _ in homes]),
                Bigints([home.year for _, home in homes]),
                Texts([home.organisation for _, home in homes]),
            ),
        )
        db.execute(
            "INSERT INTO issued_reports SELECT * FROM unnest(?, ?) ON CONFLICT DO NOTHING",
            (Texts([digest for digest, _ in issued]), Bigints([leaf for _, leaf in issued])),
        )

    def _stored(self, record: UUID) -> object:
        return record

    def _read(self, stored: Any) -> UUID:
        return UUID(str(stored))
