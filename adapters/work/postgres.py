"""How background work fares, on PostgreSQL: for many machines."""

from __future__ import annotations

from adapters.postgres.database import Database
from adapters.postgres.tables import DatabaseTables
from adapters.work.log import WorkLog


class PostgresWorkLog(WorkLog):
    """The database belongs to whoever passes it in."""

    def __init__(self, database: Database) -> None:
        super().__init__(DatabaseTables(database))
