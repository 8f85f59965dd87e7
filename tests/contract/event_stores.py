"""Event stores of each kind for the contract suites, which take these fixtures.

A later store joins by adding itself to `place`, `open_store` and `kept`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from adapters.events.postgres import PostgresEventStore
from adapters.events.sqlite import SQLiteEventStore
from adapters.postgres.address import Address
from adapters.postgres.database import Database
from domain.records.events import RecordSignedOff
from tests.fakes import stamp
from tests.postgres_world import administer, archive_database


class OnSQLite:
    """One file."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "events.sqlite"

    @property
    def opening(self) -> tuple[str, ...]:
        return "sqlite", str(self.path)

    def delete(self, position: int) -> None:
        with sqlite3.connect(self.path) as db:
            db.execute("DELETE FROM stored_events WHERE position = ?", (position,))
        db.close()


class OnPostgres:
    """A database of a real server, with the rights of the application."""

    def __init__(self, url: str, address: Address) -> None:
        self.url, self.address = url, address

    @property
    def opening(self) -> tuple[str, ...]:
        at = self.address
        return "postgres", at.host, str(at.port), at.database, at.user, at.password

    def delete(self, position: int) -> None:
        statement = f"DELETE FROM stored_events WHERE notification_id = {position}"
        administer(self.url, self.address, statement)


def open_store(kind: str, *where: str) -> Any:
    """Open it as any process would; `close` of what is returned closes everything below it."""
    if kind == "sqlite":
        store = SQLiteEventStore(Path(where[0]))
        store.create()
        return store
    host, port, *rest = where
    database = Database(Address(host, int(port), *rest))
    opened = PostgresEventStore(database)
    opened.create()
    close = opened.close
    opened.close = lambda: (close(), database.close())  # type: ignore[method-assign,assignment]
    return opened


@contextmanager
def place(request: pytest.FixtureRequest) -> Iterator[OnSQLite | OnPostgres]:
    """Of the kind that a fixture's parameter names."""
    if request.param == "sqlite":
        yield OnSQLite(request.getfixturevalue("tmp_path"))
        return
    url = request.getfixturevalue("postgres_url")
    with archive_database(url) as address:
        yield OnPostgres(url, address)


@pytest.fixture(params=["sqlite", "postgres"])
def kept(request: pytest.FixtureRequest) -> Iterator[OnSQLite | OnPostgres]:
    """Where the events lie."""
    with place(request) as found:
        yield found


@pytest.fixture
def opened(kept: OnSQLite | OnPostgres) -> Iterator[Callable[[], Any]]:
    """A function that opens the same store again, as another process would."""
    stores: list[Any] = []

    def open_again() -> Any:
        stores.append(open_store(*kept.opening))
        return stores[-1]

    yield open_again
    for store in stores:
        store.close()


@pytest.fixture
def store(opened: Callable[[], Any]) -> Any:
    return opened()


def signed(stream: UUID, version: int = 1, remark: str = "同意") -> RecordSignedOff:
    return RecordSignedOff(remark=remark, **stamp().header(stream, version))
