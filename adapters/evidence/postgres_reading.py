"""Reading the tables as evidence: any amount with flat memory, and errors that say whether it is damage."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any, LiteralString

import psycopg

from adapters.evidence.questions import EvidenceUnreadable
from adapters.postgres.address import Address
from adapters.postgres.database import Database, Params
from domain.errors import JianzhengError, Unavailable

BATCH = 2000
"""Rows that are fetched together where there may be millions."""

_SYSTEM = "58"
"""The class of errors of the server's own disk: a file of a table that is gone or cannot be read."""


class Tables:
    """Few connections: one for short questions, others for answers that are still being read."""

    def __init__(self, address: Address) -> None:
        self._database = Database(address, size=4)
        self._cursors = count()

    def tolerant(self) -> None:
        """Text is UTF-8 here: the server lets in nothing else."""

    def close(self) -> None:
        self._database.close()

    def all(self, statement: LiteralString, params: Params = ()) -> list[Any]:
        with reading():
            return self._database.all(statement, params)

    def each(self, statement: LiteralString, params: Params = ()) -> Iterator[Any]:
        """The same without a transaction, which the server would end for being idle while rows are worked on."""
        with (
            reading(),
            self._database.connection() as link,
            link.cursor(f"evidence_{next(self._cursors)}", withhold=True) as cursor,
        ):
            cursor.itersize = BATCH
            yield from cursor.execute(statement, params, binary=True)


@contextmanager
def reading() -> Iterator[None]:
    """Raises `EvidenceUnreadable` for whatever the server or the way to it does."""
    try:
        yield
    except (JianzhengError, psycopg.Error) as error:
        cause = error if isinstance(error, psycopg.Error) else error.__cause__
        state = getattr(cause, "sqlstate", None)
        trouble = error if isinstance(error, Unavailable) and not (state or "").startswith(_SYSTEM) else None
        # What the server writes may quote the archive, so only the state and its name are told.
        raise EvidenceUnreadable(f"{state} {type(cause).__name__}" if state else str(error), trouble) from error
