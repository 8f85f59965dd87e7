"""What lies in the tables, read as it lies there: for the forensic check, which believes nothing that is derived.

The same questions and the same answers as `adapters.ledger.evidence` gives of SQLite's files: ids of events as 32
hexadecimal digits, those of leaves as 16 bytes, times as text. Columns have their types here, whoever edits them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, LiteralString

from adapters.ledger.evidence import RawRow
from adapters.postgres.address import Address
from adapters.postgres.database import Database, Params


class Tables:
    """One connection for reading. Raises errors of ours; an address is all that another process needs."""

    def __init__(self, address: Address) -> None:
        self._database = Database(address, size=1)

    def tolerant(self) -> None:
        """Text is UTF-8 here: the server lets in nothing else."""

    def close(self) -> None:
        self._database.close()

    def all(self, statement: LiteralString, params: Params = ()) -> list[Any]:
        return self._database.all(statement, params)


class PostgresEventRows(Tables):
    """The rows of the event store."""

    def rows(self, after: int, limit: int) -> list[Any]:
        """Plain tuples in the order of `RawRow`."""
        return self.all(
            "SELECT notification_id, encode(uuid_send(originator_id), 'hex'), originator_version, topic, state"
            " FROM stored_events WHERE notification_id > %s ORDER BY notification_id LIMIT %s",
            (after, limit),
        )

    def row(self, position: int) -> RawRow | None:
        found = self.rows(position - 1, 1)
        return RawRow(*found[0]) if found and found[0][0] == position else None

    def count_after(self, position: int) -> int:
        statement = "SELECT count(*) FROM stored_events WHERE notification_id > %s"
        return int(self.all(statement, (position,))[0][0])

    def counter(self) -> int:
        """The highest position that was ever given out: deleting rows does not lower it, restoring a backup does."""
        return int(
            self.all("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM stored_events_notification_id_seq")[0][
                0
            ]
        )


class PostgresLedgerRows(Tables):
    """The rows of the ledger's tables."""

    def leaves(self, start: int, end: int) -> list[Any]:
        """Plain tuples: index, position, id, version, hash."""
        return self.all(
            "SELECT idx, position, uuid_send(id), version, hash FROM leaves WHERE idx >= %s AND idx < %s ORDER BY idx",
            (start, end),
        )

    def size(self) -> int:
        return int(self.all("SELECT max(idx) + 1 FROM leaves")[0][0] or 0)

    def nodes(self) -> Iterator[tuple[Any, Any, Any]]:
        return iter(self.all("SELECT level, idx, hash FROM nodes ORDER BY level, idx"))

    def batches(self) -> list[tuple[Any, Any, Any]]:
        return self.all(
            "SELECT first, size, to_char(time AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"+00:00\"')"
            " FROM batches ORDER BY first"
        )

    def tracking(self) -> Any:
        found = self.all("SELECT position FROM tracking")
        return found[0][0] if found else 0

    def checkpoints(self) -> list[tuple[Any, Any]]:
        return self.all("SELECT size, note FROM checkpoints ORDER BY size")
