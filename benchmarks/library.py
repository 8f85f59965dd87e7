"""What appending is compared with: the event-sourcing library as it comes, and the bare database.

Both keep what they are given as durably as ours does: SQLite in WAL mode with a flush a commit, PostgreSQL as it is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.sqlite import SQLiteApplicationRecorder

from adapters.events.rows import NewRow
from adapters.events.sqlite import SQLiteEventStore

Row = tuple[Any, ...]


class LibraryApplication(Application[UUID]):
    """As it comes: its recorder, its mapper, its transcoder."""


class Bare(Protocol):
    """The table of events, filled with rows that are ready."""

    what: str

    def ready(self, rows: Iterable[NewRow]) -> Sequence[Row]:
        """In the shape that `insert` takes, which is not measured."""

    def insert(self, rows: Sequence[Row]) -> None:
        """One durable transaction."""

    def close(self) -> None: ...


def on_sqlite(file: Path) -> LibraryApplication:
    """In the mode in which ours works: WAL, every commit flushed."""
    app = LibraryApplication(
        env={"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": file.absolute().as_uri()}
    )
    recorder = app.recorder
    assert isinstance(recorder, SQLiteApplicationRecorder)
    pragmas = {}
    with recorder.datastore.transaction(commit=False) as cursor:
        for name in ("journal_mode", "synchronous"):
            cursor.execute(f"PRAGMA {name}")
            pragmas[name] = cursor.fetchone()[0]
    if pragmas != {"journal_mode": "wal", "synchronous": 2}:
        raise AssertionError(f"the library is not as durable as ours: {pragmas}")
    return app


def on_postgres(url: str) -> LibraryApplication:
    """In a database of its own."""
    from adapters.postgres.address import Address

    at = Address.parse(url)
    return LibraryApplication(
        env={
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_HOST": at.host,
            "POSTGRES_PORT": str(at.port),
            "POSTGRES_DBNAME": at.database,
            "POSTGRES_USER": at.user,
            "POSTGRES_PASSWORD": at.password,
        }
    )


class BareSQLite:
    """What SQLite itself needs."""

    what = "bare `executemany`"

    def __init__(self, file: Path) -> None:
        store = SQLiteEventStore(file)
        store.create()
        store.close()
        self._db = sqlite3.connect(file, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")

    def ready(self, rows: Iterable[NewRow]) -> Sequence[Row]:
        return [(stream.hex, version, topic, state) for stream, version, topic, state in rows]

    def insert(self, rows: Sequence[Row]) -> None:
        self._db.execute("BEGIN")
        self._db.executemany(
            "INSERT INTO stored_events (originator_id, originator_version, topic, state) VALUES (?,?,?,?)", rows
        )
        self._db.execute("COMMIT")

    def close(self) -> None:
        self._db.close()


class BarePostgres:
    """COPY in binary into a table with the same columns and indices: what PostgreSQL itself needs."""

    what = "raw COPY"

    def __init__(self, url: str) -> None:
        import psycopg

        from adapters.postgres.address import Address
        from adapters.postgres.database import SCHEMA, Database
        from adapters.postgres.schema import migrate

        at = Address.parse(url)
        with closing(Database(at)) as database:
            migrate(database)
        self._db = psycopg.connect(**at.parameters(), autocommit=True)  # type: ignore[arg-type]  # all of them text
        self._db.execute(f"CREATE TABLE bare (LIKE {SCHEMA}.stored_events INCLUDING ALL)")

    def ready(self, rows: Iterable[NewRow]) -> Sequence[Row]:
        return list(rows)

    def insert(self, rows: Sequence[Row]) -> None:
        statement = "COPY bare (originator_id, originator_version, topic, state) FROM STDIN (FORMAT BINARY)"
        with self._db.transaction(), self._db.cursor() as cursor, cursor.copy(statement) as copy:
            copy.set_types(["uuid", "int8", "text", "bytea"])
            for row in rows:
                copy.write_row(row)

    def close(self) -> None:
        self._db.close()
