"""Tables of a PostgreSQL database as stores speak to them (`adapters.disk.tables`)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any, LiteralString

from adapters.disk.tables import Cursor, Statements, Values
from adapters.postgres.database import Database, Link


class DatabaseTables:
    """`Tables`. The database belongs to whoever passes it in."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def reading(self) -> Iterator[Statements]:
        with self._database.connection() as link:
            yield LinkStatements(link)

    @contextmanager
    def writing(self, *, durable: bool = False) -> Iterator[Statements]:
        with self._database.transaction() as link:
            if not durable:
                link.execute("SET LOCAL synchronous_commit = off")
            yield LinkStatements(link)

    def close(self) -> None:
        """Nothing of its own is open."""


class LinkStatements:
    """`Statements`, on a connection that somebody holds."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def execute(self, statement: LiteralString, values: Values = (), /) -> Cursor:
        return self._link.execute(statement.replace("?", "%s"), storable(values))

    def executemany(self, statement: LiteralString, rows: Collection[Values], /) -> Cursor:
        cursor = self._link.cursor()
        cursor.executemany(statement.replace("?", "%s"), [storable(each) for each in rows])
        return cursor


def storable(values: Values) -> list[Any]:
    """What somebody typed may hold what is no text for PostgreSQL; it is then nobody's name and nobody's token."""
    return [_text(each) if isinstance(each, str) else each for each in values]


def _text(text: str) -> str:
    return text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
