"""Databases for tests on a real PostgreSQL server: each test has its own, and works with the application's rights."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg

from adapters.events.postgres import PostgresEventStore
from adapters.postgres.address import Address
from adapters.postgres.database import Database
from adapters.postgres.roles import APP_ROLE
from adapters.postgres.schema import migrate
from tests.servers.own import own_database

APP_PASSWORD = "for tests only"


def prepare(url: str) -> Address:
    """Make our tables in an empty database, which ``url`` names as its administrator; the application's address."""
    database = Database(Address.parse(url))
    migrate(database, app_password=APP_PASSWORD)
    database.close()
    return Address.parse(url).login(APP_ROLE, APP_PASSWORD)


@contextmanager
def archive_database(server: str) -> Iterator[Address]:
    """A new database with our tables."""
    with own_database(server) as url:
        yield prepare(url)


LOCKS_HERE = (
    "pg_locks WHERE locktype = 'advisory' AND database ="
    " (SELECT oid FROM pg_database WHERE datname = current_database())"
)
"""Advisory locks of this database: `pg_locks` tells those of all, also of tests that run at the same time."""

TERMINATE = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND usename = 'jianzheng_app' AND {which}"
)
"""Cuts off the application's connections, all or those that ``which`` names."""


def administer(server: str, address: Address, statement: str) -> list[tuple[Any, ...]]:
    """One statement in that database by the server's administrator, behind the archive's back."""
    at = Address.parse(server).at(address.database)
    with psycopg.connect(**at.parameters(), autocommit=True) as connection:
        connection.execute("SET search_path = jianzheng")
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


@contextmanager
def opened(address: Address, **options: float) -> Iterator[PostgresEventStore]:
    """The event store as a process of its own opens it; ``options`` are those of its `Database`."""
    with closing(Database(address, **options)) as database, closing(PostgresEventStore(database)) as store:
        yield store


def wait_until(true: Callable[[], bool]) -> None:
    """At most some twenty seconds."""
    for _ in range(200):
        if true():
            return
        threading.Event().wait(0.1)
    raise AssertionError("it never came")
