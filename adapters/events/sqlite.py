"""The event store on SQLite: one file, WAL, every commit flushed to the disk before it is acknowledged.

The table is the `eventsourcing` library's, but for the position: an ``AUTOINCREMENT`` column, so that the position of a
deleted last row is never given out again (the integrator would step over its successor) and survives a dump and
restore. Statements and connections are ours; why stands in docs/design/decisions.md, 1.

SQLite has one writer at a time, so positions appear in commit order and a reader that follows them misses none.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

from eventsourcing.persistence import StoredEvent

from adapters.disk.sqlite_connections import SharedConnections, alone, connect
from adapters.disk.sqlite_faults import LOCK_TIMEOUT, translated, write_ahead
from adapters.events.rows import acts, attributes_of, decoded, entries_in, event_of, new_entries, new_row
from adapters.events.transcoding import encode
from domain.errors import ArchiveBusy, EventUnreadable, VersionConflict
from domain.event import Event
from domain.ledger.tombstone import PREFIX, tombstone
from domain.organisations.events import DIRECTORY_PREFIX
from domain.ports.events import Act, Decided, NewEntry, StoredRow
from domain.records.erasure import ErasureNotAnnounced, named
from domain.records.events import ERASURE_PREFIX, RecordErased

NewRow = tuple[str, int, str, bytes]
"""originator id (hex), originator version, topic, state"""

SCHEMA = (
    "CREATE TABLE IF NOT EXISTS stored_events (position INTEGER PRIMARY KEY AUTOINCREMENT,"
    " originator_id TEXT NOT NULL, originator_version INTEGER NOT NULL, topic TEXT NOT NULL,"
    " state BLOB NOT NULL, UNIQUE (originator_id, originator_version))",
    # The directory is a handful among millions: its events are found without reading the others.
    "CREATE INDEX IF NOT EXISTS stored_events_directory ON stored_events (position)"
    f" WHERE topic GLOB '{DIRECTORY_PREFIX}*'",
    "CREATE INDEX IF NOT EXISTS stored_events_erasures ON stored_events (position)"
    f" WHERE topic GLOB '{ERASURE_PREFIX}*'",
)
_INSERT = "INSERT INTO stored_events (originator_id, originator_version, topic, state) VALUES (?,?,?,?)"
_ROWS = (
    "SELECT position, originator_id, originator_version, topic, state FROM stored_events"
    " WHERE {} ORDER BY position LIMIT ?"
)
_STREAM = (
    "SELECT originator_version, topic, state FROM stored_events"
    " WHERE originator_id = ? AND originator_version > ? ORDER BY originator_version LIMIT ?"
)
_LAST = "SELECT MAX(originator_version) FROM stored_events WHERE originator_id=?"
_NO_LIMIT = -1


class SQLiteEventStore:
    """`domain.ports.events.EventStore` on one SQLite file. Safe to use from several threads and processes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connections = SharedConnections(self._connected)
        self._turn = threading.Lock()
        self._on_append: list[Callable[[], None]] = []

    def create(self) -> None:
        with translated(), closing(connect(self.path)) as db:
            write_ahead(db)
            db.execute("PRAGMA synchronous=FULL")
            with alone(db):
                for statement in SCHEMA:
                    db.execute(statement)

    def close(self) -> None:
        self._connections.close()

    def on_append(self, wake: Callable[[], None]) -> None:
        """Call ``wake`` after every append of this process, so that followers need not wait for their next poll."""
        self._on_append.append(wake)

    def append(self, events: Sequence[Event]) -> None:
        rows = [_row(event) for event in events]
        with self._writing() as db:
            _insert(db, rows)
        self._wake()

    def append_next(self, stream_id: UUID, decide: Callable[[int], Decided]) -> Decided:
        with self._writing() as db:
            events = decide(int(db.execute(_LAST, (stream_id.hex,)).fetchone()[0] or 0))
            _insert(db, [_row(event) for event in events])
        self._wake()
        return events

    def take_over(self, rows: Sequence[StoredRow]) -> None:
        """Store rows of another store of the same archive, byte for byte, in one durable transaction. They get
        positions of this store's own. Raises `VersionConflict`."""
        with self._writing() as db:
            _insert(db, [(row.id.hex, *row[2:]) for row in rows])

    @contextmanager
    def closed(self) -> Iterator[None]:
        """While the block runs nobody appends: who tries waits, and is told to try again after `LOCK_TIMEOUT`."""
        with translated(), closing(self._connected()) as db, alone(db):
            yield

    def stream(self, stream_id: UUID, after: int = 0, limit: int | None = None) -> list[Event]:
        rows = self._all(_STREAM, (stream_id.hex, after, _NO_LIMIT if limit is None else limit))
        return [event_of(StoredEvent(stream_id, *row)) for row in rows]

    def last_version(self, stream_id: UUID) -> int:
        return int(self._all(_LAST, (stream_id.hex,))[0][0] or 0)

    def rows(self, after: int, limit: int) -> list[StoredRow]:
        return self._rows("position > ?", after, limit)

    def entries(self, after: int, limit: int) -> list[NewEntry]:
        rows = self._all(_ROWS.format("position > ?"), (after, limit))
        try:
            return new_entries(rows)
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
        with translated(), closing(self._connected()) as db:
            db.execute("PRAGMA secure_delete=ON")
            db.execute("BEGIN IMMEDIATE")
            rows = {row.version: row for row in self.stored(stream_id) if row.version in (version, by)}
            if version in rows and rows[version].state.startswith(PREFIX):
                db.execute("ROLLBACK")
                db.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # a process that died may have got no further
                return False
            row, digest = rows.get(version), ""
            if row is not None and by in rows and version < by and not row.topic.startswith(ERASURE_PREFIX):
                event, digest = self.decode(rows[by]), sha256(row.state).hexdigest()
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
        rows = self._all(_at("position, topic, originator_id, state"), (encode(list(positions)).decode(),))
        try:
            return acts(rows, positions)
        # Whatever an edited row makes the decoder stumble over, it is named by reading row by row.
        except Exception:
            for row in self.rows_at(positions):
                self.attributes(row)
            raise

    def head(self) -> int:
        return int(self._all("SELECT MAX(position) FROM stored_events")[0][0] or 0)

    def decode(self, row: StoredRow) -> Event:
        return decoded(row)

    def attributes(self, row: StoredRow) -> dict[str, Any]:
        return attributes_of(row)

    def _connected(self) -> sqlite3.Connection:
        """To the file, which must be there. With ``synchronous=FULL`` a commit in WAL mode is on the disk when it
        returns."""
        db = connect(f"{self.path.absolute().as_uri()}?mode=rw")
        write_ahead(db)
        db.execute("PRAGMA synchronous=FULL")
        return db

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction in which nobody else writes; durable where the block ends well. Raises `ArchiveBusy`.

        The threads of a process take turns before they ask for a connection: a lock lets them queue, where SQLite would
        have each of them ask again and again.
        """
        if not self._turn.acquire(timeout=LOCK_TIMEOUT):
            raise ArchiveBusy
        try:
            with translated(), self._connections.borrowed() as db, alone(db):
                yield db
        finally:
            self._turn.release()

    def _wake(self) -> None:
        for wake in self._on_append:
            wake()

    def _rows(self, condition: str, after: int, limit: int) -> list[StoredRow]:
        return self._select(_ROWS.format(condition), (after, limit), f"position > {after}")

    def _select(self, statement: str, parameters: Sequence[int | str], what: str) -> list[StoredRow]:
        rows = self._all(statement, parameters)
        try:
            return [StoredRow(r[0], UUID(r[1]), r[2], r[3], r[4]) for r in rows]
        except (ValueError, AttributeError, TypeError) as e:
            raise EventUnreadable(what=what, why=str(e)) from e

    def _all(self, statement: str, parameters: Sequence[int | str] = ()) -> list[Any]:
        with translated(), self._connections.borrowed() as db:
            return db.execute(statement, parameters).fetchall()


def _insert(db: sqlite3.Connection, rows: Sequence[NewRow]) -> None:
    try:
        db.executemany(_INSERT, rows)
    except sqlite3.IntegrityError as error:
        raise VersionConflict from error


def _at(columns: str) -> str:
    return f"SELECT {columns} FROM json_each(?) AS asked CROSS JOIN stored_events ON position = asked.value"  # noqa: S608  (constants)


def _row(event: Event) -> NewRow:
    stream, version, topic, state = new_row(event)
    return stream.hex, version, topic, state
