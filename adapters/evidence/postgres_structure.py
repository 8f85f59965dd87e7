"""How the evidence's tables are built: what the server promises of their rows, it promises by constraints.

Without them there may be rows that no question finds: one without a position, two at the same. A superuser can take a
constraint away; that leaves every row as it was, and shows here.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import Any, LiteralString

from adapters.evidence.postgres_reading import Tables
from adapters.evidence.questions import EvidenceUnreadable, Said
from adapters.postgres.address import Address
from adapters.postgres.database import SCHEMA

UNIQUE: dict[str, frozenset[str]] = {
    "stored_events": frozenset({"notification_id", "originator_id,originator_version"}),
    "leaves": frozenset({"idx", "position"}),
    "nodes": frozenset({"idx,level"}),
    "batches": frozenset({"first", "size"}),
    "tracking": frozenset({"one"}),
    "checkpoints": frozenset({"size"}),
    "timestamps": frozenset({"authority,size"}),
}
"""The tables, and their columns that are unique, or unique together."""

OTHERS: dict[str, frozenset[str]] = {
    "stored_events": frozenset({"topic", "state"}),
    "leaves": frozenset({"id", "version", "hash"}),
    "nodes": frozenset({"hash"}),
    "batches": frozenset({"time"}),
    "tracking": frozenset({"position"}),
    "checkpoints": frozenset({"note"}),
    "timestamps": frozenset({"seal"}),
}
"""Their other columns; none of either kind may be null."""

_BUILD: LiteralString = """
SELECT c.relkind = 'r' AND NOT EXISTS (SELECT FROM pg_inherits WHERE inhparent = c.oid) AND NOT EXISTS (
        SELECT FROM pg_attribute WHERE attrelid = c.oid AND attname = 'notification_id' AND attidentity <> 'a'),
    ARRAY(SELECT attname::text FROM pg_attribute
        WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attnotnull),
    ARRAY(SELECT (SELECT string_agg(attname, ',' ORDER BY attname) FROM pg_attribute
            WHERE attrelid = c.oid AND attnum = ANY(i.indkey))
        FROM pg_index i
        WHERE indrelid = c.oid AND indisunique AND indisvalid AND indimmediate AND indpred IS NULL AND indexprs IS NULL)
FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = %s AND relname = %s
"""


@dataclass(frozen=True)
class PostgresTable:
    """A `Structure`."""

    address: Address
    name: str

    @property
    def kind(self) -> Said:
        return "数据表", "table"

    def there(self) -> bool:
        return bool(self._build())

    def sound(self) -> bool:
        try:
            rows = self._build()
        except EvidenceUnreadable as error:
            if error.trouble is not None:
                raise
            return False
        if not rows:
            return False
        [(plain, columns, unique)] = rows
        wanted = OTHERS[self.name] | {column for names in UNIQUE[self.name] for column in names.split(",")}
        return plain and wanted <= set(columns) and UNIQUE[self.name] <= set(unique)

    def _build(self) -> list[Any]:
        with closing(Tables(self.address)) as tables:
            return tables.all(_BUILD, (SCHEMA, self.name))
