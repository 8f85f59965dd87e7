"""Whose database it is (`adapters.servers.binding`): one row, asked by the first connection of a process."""

from __future__ import annotations

from secrets import token_hex
from typing import Any, LiteralString

from adapters.postgres.address import Address
from adapters.postgres.database import Database, Link
from adapters.postgres.locks import AdvisoryLock
from adapters.postgres.schema import require_on
from adapters.servers.binding import Bound


class DatabaseLink:
    """A `Place`, by a connection that somebody holds. The errors are psycopg's, but for a schema that is not ours."""

    def __init__(self, link: Link, address: Address) -> None:
        require_on(link)
        self._link, self._address = link, address

    def __str__(self) -> str:
        return f"postgresql://{self._address}"

    def bound(self) -> Bound | None:
        row = self._one("SELECT origin, created, name, whole FROM archive")
        return None if row is None else Bound(*row)

    def bind(self, bound: Bound) -> None:
        self._link.execute(
            "INSERT INTO archive (one, origin, created, name, whole) VALUES (true, %s, %s, %s, %s)"
            " ON CONFLICT (one) DO UPDATE SET origin = excluded.origin, created = excluded.created,"
            " name = excluded.name, whole = excluded.whole, bound_at = excluded.bound_at",
            (bound.origin, bound.created, bound.name, bound.whole),
        )

    def empty(self) -> bool:
        row = self._one("SELECT EXISTS (SELECT FROM stored_events) OR EXISTS (SELECT FROM leaves)")
        return row is None or not row[0]

    def vacant(self) -> bool:
        return self.empty()

    def checkpoint(self) -> str | None:
        row = self._one("SELECT note FROM checkpoints ORDER BY size DESC LIMIT 1")
        return None if row is None else str(row[0])

    def _one(self, statement: LiteralString) -> tuple[Any, ...] | None:
        return self._link.execute(statement).fetchone()


class DatabasePlace:
    """The same by whatever connection is free."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def __str__(self) -> str:
        return f"postgresql://{self._database.address}"

    def bound(self) -> Bound | None:
        with self._database.connection() as link:
            return DatabaseLink(link, self._database.address).bound()

    def bind(self, bound: Bound) -> None:
        with self._database.connection() as link:
            DatabaseLink(link, self._database.address).bind(bound)

    def empty(self) -> bool:
        with self._database.connection() as link:
            return DatabaseLink(link, self._database.address).empty()

    def vacant(self) -> bool:
        return self.empty()

    def checkpoint(self) -> str | None:
        with self._database.connection() as link:
            return DatabaseLink(link, self._database.address).checkpoint()


def same_database(one: Database, other: Database) -> bool:
    """Whether both are the same, by whatever names: a lock that one of them holds, the other cannot have."""
    name = f"same-{token_hex(8)}"
    with AdvisoryLock(one, name).held(), AdvisoryLock(other, name).held() as free:
        return not free
