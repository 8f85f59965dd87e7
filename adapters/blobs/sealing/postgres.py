"""The keys of sealed files on PostgreSQL: for many machines.

The application's role may add keys and destroy them, and can do neither backwards: see the trigger of the table. What
of a destroyed key the server's own files hold until it tidies them up, docs/design/erasure.md says.
"""

from __future__ import annotations

from adapters.blobs.sealing.keys import BlobKeys
from adapters.postgres.database import Database
from adapters.postgres.tables import DatabaseTables


class PostgresBlobKeys(BlobKeys):
    """The database belongs to whoever passes it in."""

    def __init__(self, database: Database) -> None:
        super().__init__(DatabaseTables(database))
