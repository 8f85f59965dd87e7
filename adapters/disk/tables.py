"""How a store speaks to its tables, on SQLite and on PostgreSQL alike: its rules are written once, above this.

Statements are SQL that both understand, with ``?`` for values; a row on which an upsert falls is named by its table
(``troubles.attempts``), truth is ``TRUE`` and ``FALSE``. Columns of the two may differ in type where values of the one
are taken by the other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, LiteralString, Protocol

Values = Sequence[Any]

AT_ONCE = 10_000
"""Values that are asked for in one statement: fewer than SQLite has room for."""


class Cursor(Protocol):
    @property
    def rowcount(self) -> int:
        """How many rows a statement that writes has changed."""
        ...

    def fetchone(self) -> Any:
        """The next row, a tuple; None behind the last."""
        ...

    def fetchall(self) -> list[Any]:
        """The rows that are left, tuples."""
        ...


class Statements(Protocol):
    """A connection."""

    def execute(self, statement: LiteralString, values: Values = (), /) -> Cursor:
        """One statement, with a value for each ``?``."""
        ...

    def executemany(self, statement: LiteralString, rows: Collection[Values], /) -> Cursor:
        """The statement with each of these, at least one; ``rowcount`` is of all together."""
        ...


class Tables(Protocol):
    """Shared by threads and processes. The database's errors become ours."""

    def reading(self) -> AbstractContextManager[Statements]:
        """For statements that read."""
        ...

    def writing(self, *, durable: bool = False) -> AbstractContextManager[Statements]:
        """A transaction: committed at the end, else taken back. What is not durable may be lost with the power."""
        ...

    def close(self) -> None:
        """Close what this thread holds open."""
        ...


class Store:
    """What every store does with its tables."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def close(self) -> None:
        """Close what this thread holds open."""
        self._tables.close()

    def _all(self, statement: LiteralString, *values: Any) -> list[Any]:
        """The rows of a statement that reads."""
        with self._tables.reading() as db:
            return db.execute(statement, values).fetchall()

    def _among(self, statement: LiteralString, among: Sequence[Any], *values: Any) -> Iterator[Any]:
        """The same, of a statement that ends with a column which has one of ``among``; ``values`` come before."""
        for at in range(0, len(among), AT_ONCE):
            some = among[at : at + AT_ONCE]
            yield from self._all(f"{statement} IN ({','.join('?' for _ in some)})", *values, *some)

    def _run(self, statement: LiteralString, *values: Any, durable: bool = False) -> int:
        """A statement that writes, in a transaction of its own; the number of rows."""
        with self._tables.writing(durable=durable) as db:
            return db.execute(statement, values).rowcount

    def _each(self, statement: LiteralString, rows: Collection[Values], *, durable: bool = False) -> int:
        """The same with each of these, all in one transaction."""
        if not rows:
            return 0
        with self._tables.writing(durable=durable) as db:
            return db.executemany(statement, rows).rowcount
