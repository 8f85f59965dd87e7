"""What witnesses said, on PostgreSQL: for many machines."""

from __future__ import annotations

from adapters.postgres.database import Database
from adapters.postgres.tables import DatabaseTables
from adapters.witness.store import CosignatureStore


class PostgresCosignatures(CosignatureStore):
    """The database belongs to whoever passes it in."""

    def __init__(self, database: Database) -> None:
        super().__init__(DatabaseTables(database))
