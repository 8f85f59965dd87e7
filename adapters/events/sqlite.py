"""The event store on SQLite: one file, WAL, every commit flushed to the disk before it is acknowledged.

The recorder is the `eventsourcing` library's, with two differences: the position is an ``AUTOINCREMENT`` column, so
that the position of a deleted last row is never given out again (the integrator would step over its successor) and
survives a dump and restore; and a batch is inserted in one statement.

SQLite has one writer at a time, so positions appear in commit order and a reader that follows them misses none.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from eventsourcing.persistence import Notification, StoredEvent
from eventsourcing.sqlite import (
    SQLiteApplicationRecorder,
    SQLiteConnection,
    SQLiteConnectionPool,
    SQLiteCursor,
    SQLiteDatastore,
)

from adapters.events.rows import acts, attributes_of, decoded, entries_in, event_of, new_entries, new_row
from adapters.events.transcoding import encode
from adapters.sqlite_faults import LOCK_TIMEOUT, translated
from domain.errors import ArchiveBusy, EventUnreadable, VersionConflict
from domain.event import Event
from domain.ledger.tombstone import PREFIX, tombstone
from domain.organisations.events import DIRECTORY_PREFIX
from domain.ports import Act, Decided, NewEntry, StoredRow
from domain.records.erasure import ErasureNotAnnounced, named
from domain.records.events import ERASURE_PREFIX, RecordErased

NewRow = tuple[str, int, str, bytes]
"""originator id (hex), originator version, topic, state"""


class DurableDatastore(SQLiteDatastore):
    """Connections with ``synchronous=FULL``: a commit in WAL mode is on the disk when it returns."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path), lock_timeout=int(LOCK_TIMEOUT))
        self.pool = DurablePool(db_name=path.absolute().as_uri(), lock_timeout=int(LOCK_TIMEOUT))


class DurablePool(SQLiteConnectionPool):
    def _create_connection(self) -> SQLiteConnection:
        connection = super()._create_connection()
        connection.cursor().execute("PRAGMA synchronous=FULL")
        return connection

    def close(self) -> None:
        """No more connections are given out. Those in use are closed by their users as they come back: closing one in
        the midst of a statement of another thread crashes the process."""
        with self._put_condition:
            self._closed = True
            while self._pool:
                self._pool.popleft().close()

    def put_connection(self, conn: SQLiteConnection) -> None:
        with self._put_condition:
            if not self._closed:
                super().put_connection(conn)
            elif self._in_use.pop(id(conn), None) is not None:
                conn.close()
                if conn.is_writer:
                    self._writer_lock.release()


class EventRecorder(SQLiteApplicationRecorder):
    """Rows ``(position, originator_id, originator_version, topic, state)``."""

    def __init__(self, datastore: SQLiteDatastore, events_table_name: str = "stored_events") -> None:
        super().__init__(datastore, events_table_name)
        self.insert_events_statement = (
            f"INSERT INTO {events_table_name} (originator_id, originator_version, topic, state) VALUES (?,?,?,?)"  # noqa: S608  (a table of ours)
        )
        self.select_max_notification_id_statement = f"SELECT MAX(position) FROM {events_table_name}"  # noqa: S608  (a table of ours)

    def construct_create_table_statements(self) -> list[str]:
        table = self.events_table_name
        return [
            f"CREATE TABLE IF NOT EXISTS {table} (position INTEGER PRIMARY KEY AUTOINCREMENT,"
            " originator_id TEXT NOT NULL, originator_version INTEGER NOT NULL, topic TEXT NOT NULL,"
            " state BLOB NOT NULL, UNIQUE (originator_id, originator_version))",
            # The directory is a handful among millions: its events are found without reading the others.
            f"CREATE INDEX IF NOT EXISTS {table}_directory ON {table} (position)"
            f" WHERE topic GLOB '{DIRECTORY_PREFIX}*'",
            f"CREATE INDEX IF NOT EXISTS {table}_erasures ON {table} (position) WHERE topic GLOB '{ERASURE_PREFIX}*'",
        ]

    def _insert_events(self, c: SQLiteCursor, stored_events: Sequence[StoredEvent], **_: Any) -> Sequence[int] | None:
        if not stored_events:
            return []
        rows = [(_text(e.originator_id), e.originator_version, e.topic, e.state) for e in stored_events]
        self.insert_rows(c, rows)
        # One transaction, one writer: the rows of a batch are consecutive.
        c.execute("SELECT last_insert_rowid()")
        last = int(c.fetchone()[0])
        return list(range(last - len(rows) + 1, last + 1))

    def insert_rows(self, c: SQLiteCursor, rows: Sequence[NewRow]) -> None:
        c.executemany(self.insert_events_statement, rows)

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        conditions, params = ["1"], cast("list[int | str]", [])
        for condition, value in ((f"position>{'=' * inclusive_of_start}?", start), ("position<=?", stop)):
            if value is not None:
                conditions.append(condition)
                params.append(value)
        if topics:
            conditions.append(f"topic IN ({','.join('?' * len(topics))})")
            params += topics
        statement = (
            f"SELECT position, originator_id, originator_version, topic, state FROM {self.events_table_name}"  # noqa: S608  (a table of ours)
            f" WHERE {' AND '.join(conditions)} ORDER BY position LIMIT ?"
        )
        with self.datastore.transaction(commit=False) as c:
            c.execute(statement, [*params, limit])
            return [
                Notification(
                    id=row[0],
                    originator_id=self.convert_originator_id(row[1]),
                    originator_version=row[2],
                    topic=row[3],
                    state=row[4],
                )
                for row in c.fetchall()
            ]


_ROWS = (
    "SELECT position, originator_id, originator_version, topic, state FROM stored_events"
    " WHERE {} ORDER BY position LIMIT ?"
)
_LAST = "SELECT MAX(originator_version) FROM stored_events WHERE originator_id=?"


class SQLiteEventStore:
    """`domain.ports.EventStore` on one SQLite file. Safe to use from several threads and processes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._datastore = DurableDatastore(path)
        self._recorder = EventRecorder(self._datastore)
        self._turn = threading.Lock()
        self._on_append: list[Callable[[], None]] = []

    def create(self) -> None:
        with translated():
            self._recorder.create_table()

    def close(self) -> None:
        self._datastore.close()

    def on_append(self, wake: Callable[[], None]) -> None:
        """Call ``wake`` after every append of this process, so that followers need not wait for their next poll."""
        self._on_append.append(wake)

    def append(self, events: Sequence[Event]) -> None:
        rows = [_row(event) for event in events]
        with self._writing() as c:
            self._insert(c, rows)
        self._wake()

    def append_next(self, stream_id: UUID, decide: Callable[[int], Decided]) -> Decided:
        with self._writing() as c:
            c.execute(_LAST, (stream_id.hex,))
            events = decide(int(c.fetchone()[0] or 0))
            self._insert(c, [_row(event) for event in events])
        self._wake()
        return events

    def take_over(self, rows: Sequence[StoredRow]) -> None:
        """Store rows of another store of the same archive, byte for byte, in one durable transaction. They get
        positions of this store's own. Raises `VersionConflict`."""
        with self._writing() as c:
            self._insert(c, [(row.id.hex, *row[2:]) for row in rows])

    @contextmanager
    def closed(self) -> Iterator[None]:
        """While the block runs nobody appends: who tries waits, and is told to try again after `LOCK_TIMEOUT`."""
        uri = f"{self.path.absolute().as_uri()}?mode=rw"
        with translated(), closing(sqlite3.connect(uri, uri=True, timeout=LOCK_TIMEOUT, isolation_level=None)) as db:
            db.execute("BEGIN IMMEDIATE")
            yield
            db.execute("ROLLBACK")

    def stream(self, stream_id: UUID, after: int = 0, limit: int | None = None) -> list[Event]:
        with translated():
            stored = self._recorder.select_events(stream_id, gt=after or None, limit=limit)
        return [event_of(s) for s in stored]

    def last_version(self, stream_id: UUID) -> int:
        with translated(), self._datastore.transaction(commit=False) as c:
            c.execute(_LAST, (stream_id.hex,))
            return int(c.fetchone()[0] or 0)

    def rows(self, after: int, limit: int) -> list[StoredRow]:
        return self._rows("position > ?", after, limit)

    def entries(self, after: int, limit: int) -> list[NewEntry]:
        with translated(), self._datastore.transaction(commit=False) as c:
            c.execute(_ROWS.format("position > ?"), (after, limit))
            found: list[Any] = c.fetchall()
        try:
            return new_entries(found)
        except (TypeError, ValueError, AttributeError):  # an edited row: row by row they say which, or make do with it
            return entries_in(self.rows(after, limit))

    def directory_rows(self, after: int, limit: int) -> list[StoredRow]:
        return self._rows(f"position > ? AND topic GLOB '{DIRECTORY_PREFIX}*'", after, limit)

    def stored(self, stream_id: UUID) -> list[StoredRow]:
        return self._select(
            "SELECT position, originator_id, originator_version, topic, state FROM stored_events"
            " WHERE originator_id = ? ORDER BY originator_version",
            (stream_id.hex,),
            str(stream_id),
        )

    def erasures(self, after: int, limit: int) -> list[StoredRow]:
        return self._rows(f"position > ? AND topic GLOB '{ERASURE_PREFIX}*'", after, limit)

    def erase(self, stream_id: UUID, version: int, by: int) -> bool:
        """The pages where the state was are written over with zeros, and so is the log that held it."""
        uri = f"{self.path.absolute().as_uri()}?mode=rw"
        with translated(), closing(sqlite3.connect(uri, uri=True, timeout=LOCK_TIMEOUT, isolation_level=None)) as db:
            db.execute("PRAGMA synchronous=FULL")
            db.execute("PRAGMA secure_delete=ON")
            db.execute("BEGIN IMMEDIATE")
            found = {row.version: row for row in self.stored(stream_id) if row.version in (version, by)}
            if version in found and found[version].state.startswith(PREFIX):
                db.execute("ROLLBACK")
                db.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # a process that died may have got no further
                return False
            row, digest = found.get(version), ""
            if row is not None and by in found and version < by and not row.topic.startswith(ERASURE_PREFIX):
                event, digest = self.decode(found[by]), sha256(row.state).hexdigest()
                announced = isinstance(event, RecordErased) and named(event).get(version) == digest
            else:
                announced = False
            if not announced:
                db.execute("ROLLBACK")
                raise ErasureNotAnnounced(event=f"{stream_id}/{version}")
            db.execute(
                "UPDATE stored_events SET state = ? WHERE originator_id = ? AND originator_version = ?",
                (tombstone(by, digest), stream_id.hex, version),
            )
            db.execute("COMMIT")
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return True

    def rows_at(self, positions: Sequence[int]) -> list[StoredRow]:
        columns = "position, originator_id, originator_version, topic, state"
        return self._select(_at(columns) + " ORDER BY asked.key", (encode(list(positions)).decode(),), "positions")

    def acts_at(self, positions: Sequence[int]) -> list[Act]:
        with translated(), self._datastore.transaction(commit=False) as c:
            c.execute(_at("position, topic, originator_id, state"), (encode(list(positions)).decode(),))
            rows = c.fetchall()
        try:
            return acts(rows, positions)
        # Whatever an edited row makes the decoder stumble over, it is named by reading row by row.
        except Exception:
            for row in self.rows_at(positions):
                self.attributes(row)
            raise

    def head(self) -> int:
        with translated():
            # The library's method answers None for an empty table.
            return self._recorder.max_notification_id() or 0

    def decode(self, row: StoredRow) -> Event:
        return decoded(row)

    def attributes(self, row: StoredRow) -> dict[str, Any]:
        return attributes_of(row)

    @contextmanager
    def _writing(self) -> Iterator[SQLiteCursor]:
        """A transaction in which nobody else writes, from its first moment on; durable where the block ends well.

        The threads of a process take turns before they ask for a connection. Left to the pool they would queue there
        for its one writer, with everybody who wants to read behind them, and be sent away after five seconds by an
        error that is none of ours. Raises `ArchiveBusy`.
        """
        if not self._turn.acquire(timeout=LOCK_TIMEOUT):
            raise ArchiveBusy
        try:
            with translated(), self._datastore.get_connection(commit=True) as connection, connection.cursor() as c:
                try:
                    c.execute("BEGIN IMMEDIATE")
                    yield SQLiteCursor(c)
                    connection.commit()
                except BaseException:
                    connection.rollback()
                    raise
        finally:
            self._turn.release()

    def _insert(self, c: SQLiteCursor, rows: Sequence[NewRow]) -> None:
        try:
            self._recorder.insert_rows(c, rows)
        except sqlite3.IntegrityError as error:
            raise VersionConflict from error

    def _wake(self) -> None:
        for wake in self._on_append:
            wake()

    def _rows(self, condition: str, after: int, limit: int) -> list[StoredRow]:
        return self._select(_ROWS.format(condition), (after, limit), f"position > {after}")

    def _select(self, statement: str, parameters: Sequence[int | str], what: str) -> list[StoredRow]:
        with translated(), self._datastore.transaction(commit=False) as c:
            c.execute(statement, parameters)
            try:
                return [StoredRow(r[0], UUID(r[1]), r[2], r[3], r[4]) for r in c.fetchall()]
            except (ValueError, AttributeError, TypeError) as e:
                raise EventUnreadable(what=what, why=str(e)) from e


def _at(columns: str) -> str:
    return f"SELECT {columns} FROM json_each(?) AS asked CROSS JOIN stored_events ON position = asked.value"  # noqa: S608  (constants)


def _row(event: Event) -> NewRow:
    stream, version, topic, state = new_row(event)
    return stream.hex, version, topic, state


def _text(originator_id: UUID | str) -> str:
    return originator_id.hex if isinstance(originator_id, UUID) else originator_id
