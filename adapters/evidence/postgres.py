"""The evidence in the tables of a server (`adapters.evidence.questions`), read as it lies there: the check believes
nothing that is derived. Columns have their types here, whoever edits them.

The same answers as `adapters.evidence.sqlite` gives of SQLite's files: ids of events as 32 hexadecimal digits, those of
leaves as 16 bytes, times as text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, LiteralString
from uuid import UUID

from adapters.evidence.postgres_reading import Tables, reading
from adapters.evidence.postgres_structure import UNIQUE, PostgresTable
from adapters.evidence.questions import RawRow, Said
from adapters.postgres import roles
from adapters.postgres.address import Address
from adapters.postgres.database import Database

BEGINNING, LAST = -(2**63), 2**63 - 1
"""Positions behind and before which there are none."""

AHEAD = 256
"""Rows that are fetched together where one is asked for after the other."""

NEAR = 16
"""Positions have gaps: one that lies so little behind the last counts as the next."""

_ROW: LiteralString = "encode(uuid_send(originator_id), 'hex'), originator_version, topic, state FROM stored_events"


class PostgresEventRows(Tables):
    """An `EventEvidence`."""

    def __init__(self, address: Address) -> None:
        super().__init__(address)
        self._page: dict[int, RawRow] = {}  # what was fetched ahead …
        self._page_end = 0  # … up to this position
        self._last = BEGINNING

    def rows(self, after: int, limit: int) -> list[Any]:
        rows = self.all(
            f"SELECT notification_id, {_ROW} WHERE notification_id > %s ORDER BY notification_id LIMIT %s",
            (after, limit),
        )
        return self._homeless() + rows if after == BEGINNING else rows

    def _homeless(self) -> list[Any]:
        """Rows without a position, which only whoever took the table's constraint away can make: as if before all."""
        return self.all(
            f"SELECT %s + row_number() OVER (ORDER BY originator_id, originator_version), {_ROW}"
            " WHERE notification_id IS NULL",
            (BEGINNING,),
        )

    def row(self, position: int) -> RawRow | None:
        follows, self._last = 0 < position - self._last <= NEAR, position
        if position in self._page:
            return self._page[position]
        if self._page and min(self._page) <= position <= self._page_end:
            return None
        some = self.rows(position - 1, AHEAD if follows else 1)
        if follows:
            self._page = {each[0]: RawRow(*each) for each in some}
            self._page_end = some[-1][0] if some else position
        return RawRow(*some[0]) if some and some[0][0] == position else None

    def rows_at(self, positions: Iterable[Any]) -> list[RawRow]:
        asked = [each for each in positions if type(each) is int]
        rows = self.all(f"SELECT notification_id, {_ROW} WHERE notification_id = ANY(%s)", (asked,))
        there = {each[0]: RawRow(*each) for each in rows}
        return [there[each] for each in asked if each in there]

    def stream(self, stream: str, end: int) -> list[Any]:
        return self.all(
            "SELECT notification_id, originator_version, topic, state FROM stored_events"
            " WHERE originator_id = %s AND notification_id <= %s ORDER BY originator_version",
            (UUID(stream), end),
        )

    def unsettled(self, first: int, end: int) -> Iterator[tuple[Any, Any, Any]]:
        low, high = _between(first, first)
        return iter(self.all(_UNSETTLED, {"low": low, "high": high, "end": end}))

    def of_streams(self, first: int, last: int, end: int) -> Iterator[tuple[Any, Any, int, Any, Any]]:
        return self.each(
            "SELECT encode(uuid_send(originator_id), 'hex'), originator_version, notification_id, topic, state"
            " FROM stored_events WHERE originator_id BETWEEN %s AND %s AND notification_id <= %s"
            " ORDER BY originator_id, originator_version",
            (*_between(first, last), end),
        )

    def count_after(self, position: int) -> int:
        statement: LiteralString = "SELECT count(*) FROM stored_events WHERE notification_id > %s"
        return int(self.all(statement, (position,))[0][0])

    def counter(self) -> int:
        if self.all("SELECT to_regclass('stored_events_notification_id_seq')") == [(None,)]:
            return LAST  # `PostgresTable` tells that it was taken away
        statement: LiteralString = (
            "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM stored_events_notification_id_seq"
        )
        return int(self.all(statement)[0][0])


def _between(first: int, last: int) -> tuple[UUID, UUID]:
    """The lowest and the highest of the ids that begin with these bytes."""
    return UUID(bytes=bytes([first, *[0x00] * 15])), UUID(bytes=bytes([last, *[0xFF] * 15]))


_UNSETTLED: LiteralString = """
WITH streams AS MATERIALIZED (
    SELECT originator_id FROM stored_events
    WHERE originator_id BETWEEN %(low)s AND %(high)s AND notification_id <= %(end)s
    GROUP BY originator_id
    HAVING (count(*) > 1 AND get_byte(uuid_send(originator_id), 6) >> 4 <> 5)
        OR min(originator_version) <> 1 OR max(originator_version) <> count(*)
        OR count(DISTINCT originator_version) <> count(*)
)
SELECT encode(uuid_send(e.originator_id), 'hex'), e.originator_version, e.topic
FROM streams JOIN stored_events AS e ON e.originator_id = streams.originator_id AND e.notification_id <= %(end)s
ORDER BY e.originator_id, e.originator_version
"""


class PostgresLedgerRows(Tables):
    """A `LedgerEvidence`."""

    name = "postgresql"

    def leaves(self, start: int, end: int) -> list[Any]:
        return self.all(
            "SELECT idx, position, uuid_send(id), version, hash FROM leaves WHERE idx >= %s AND idx < %s ORDER BY idx",
            (start, end),
        )

    def size(self) -> int:
        return int(self.all("SELECT max(idx) + 1 FROM leaves")[0][0] or 0)

    def positions(self) -> Iterator[tuple[Any, Any]]:
        return self.each("SELECT idx, position FROM leaves")

    def by_position(self, size: int) -> Iterator[tuple[Any, Any]]:
        return self.each("SELECT idx, position FROM leaves WHERE idx < %s ORDER BY position", (size,))

    def by_event(self, size: int) -> Iterator[tuple[Any, Any, Any, Any]]:
        """By expressions, for which there is no index."""
        return self.each(
            "SELECT uuid_send(id), version, position, idx FROM leaves WHERE idx + 0 < %s"
            " ORDER BY uuid_send(id), version + 0",
            (size,),
        )

    def of_streams(self, first: int, last: int) -> Iterator[tuple[Any, Any, Any, int]]:
        return self.each(
            "SELECT uuid_send(id), version, position, idx FROM leaves WHERE id BETWEEN %s AND %s ORDER BY id, version",
            _between(first, last),
        )

    def of_stream(self, stream: UUID) -> list[tuple[Any, Any, int]]:
        return self.all("SELECT version, position, idx FROM leaves WHERE id = %s ORDER BY version", (stream,))

    def outside(self, end: int) -> Iterator[int]:
        rows = self.each("SELECT idx FROM leaves WHERE idx < 0 OR idx >= %s ORDER BY idx", (end,))
        return (index for (index,) in rows)

    def nodes(self) -> Iterator[tuple[Any, Any, Any]]:
        return self.each("SELECT level, idx, hash FROM nodes ORDER BY level, idx")

    def batches(self) -> list[tuple[Any, Any, Any]]:
        return self.all(
            "SELECT first, size, to_char(time AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"+00:00\"')"
            " FROM batches ORDER BY first"
        )

    def tracking(self) -> Any:
        rows = self.all("SELECT position FROM tracking")
        return rows[0][0] if rows else 0

    def checkpoints(self) -> list[tuple[Any, Any]]:
        return self.all("SELECT size, note FROM checkpoints ORDER BY size")

    def timestamps(self) -> list[tuple[Any, Any, Any]]:
        rows = self.all("SELECT size, authority, seal FROM timestamps ORDER BY size, authority")
        return [(size, authority, bytes(seal)) for size, authority, seal in rows]


@dataclass(frozen=True)
class PostgresTables:
    """A `TablesPlace`: a database with our schema."""

    address: Address

    def events(self) -> PostgresEventRows:
        return PostgresEventRows(self.address)

    def ledger(self) -> PostgresLedgerRows:
        return PostgresLedgerRows(self.address)

    def structures(self) -> Sequence[PostgresTable]:
        return [PostgresTable(self.address, name) for name in UNIQUE]

    def remarks(self) -> list[Said]:
        with reading(), closing(Database(self.address, size=1)) as database:
            excess = ", ".join(roles.excess(database))
        if not excess:
            return []
        return [
            (
                f"连接数据库所用的角色有权改动存证（{excess}）；应换用只能添加和读取的角色。",
                f"The database role in use may change the evidence ({excess}); use one that can only add and read.",
            )
        ]
