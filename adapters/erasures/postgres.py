"""What is left to be done of erasures, on PostgreSQL."""

from __future__ import annotations

from adapters.erasures.log import ErasureLog
from adapters.postgres.database import Database
from adapters.postgres.tables import DatabaseTables


class PostgresErasureLog(ErasureLog):
    """The database belongs to whoever passes it in."""

    def __init__(self, database: Database) -> None:
        super().__init__(DatabaseTables(database))
