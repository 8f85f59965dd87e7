"""The event store on PostgreSQL: any number of processes on any number of machines append and follow.

The table is the `eventsourcing` library's. A batch is inserted with four typed arrays, and the order of commits is kept
by the table itself (a trigger, see ``0001_events.sql``): the library's recorder locks the table, for which the
application's role would need the right to change events, or with its database functions does without any lock, and a
follower would miss events. Why nothing else of it is used either stands in docs/design/decisions.md, 1.

An append whose answer was lost with the connection is asked for again: the salt of an event makes its bytes its own,
so the row that is there under its id and version either is the event or is somebody else's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from eventsourcing.persistence import StoredEvent

from adapters.events.rows import NewRow, acts, attributes_of, decoded, event_of, new_entries, new_row
from adapters.postgres.arrays import Bigints, Bytes, Texts, Uuids
from adapters.postgres.database import Database, Link, Params
from adapters.postgres.faults import DatabaseUnreachable, OutcomeUnknown, fault_of, is_lost
from adapters.postgres.listener import Listener
from adapters.postgres.locks import APPEND_LOCK
from adapters.postgres.schema import require
from domain.errors import Unavailable, VersionConflict
from domain.event import Event
from domain.organisations.events import DIRECTORY_PREFIX
from domain.ports.events import Act, Decided, NewEntry, StoredRow
from domain.records.erasure import ErasureNotAnnounced
from domain.records.events import ERASURE_PREFIX

CHANNEL = "stored_events"
"""What the table's trigger notifies."""

LARGEST = 64 * 2**20
"""Bytes of states in one statement (the protocol ends at 1 GiB); a larger batch takes several, in one transaction."""

_INSERT = (
    "INSERT INTO stored_events (originator_id, originator_version, topic, state) SELECT * FROM unnest(%b, %b, %b, %b)"
)
_COLUMNS = "notification_id, originator_id, originator_version, topic, state"
_ENTRIES: LiteralString = (
    "SELECT notification_id, encode(uuid_send(originator_id), 'hex'), originator_version, topic, state"
    " FROM stored_events WHERE notification_id > %s ORDER BY notification_id LIMIT %s"
)
_LAST: LiteralString = "SELECT max(originator_version) FROM stored_events WHERE originator_id = %s"
_ASKED = "unnest(%b) WITH ORDINALITY AS asked (position, key) JOIN stored_events ON notification_id = asked.position"

# The patience of a lost append's backend is not ours: it is ended, and gone when this answers.
_END = (
    "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
    " WHERE pid = %s AND usename = session_user AND datname = current_database()"
)


class PostgresEventStore:
    """`domain.ports.events.EventStore` on PostgreSQL. Safe to use from several threads and processes.

    The database belongs to whoever passes it in, and is closed there after this.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._on_append: list[Callable[[], None]] = []
        self.listener: Listener | None = None

    def create(self) -> None:
        """Raises `SchemaMissing`, `SchemaTooNew`: the tables are made by `adapters.postgres.schema.migrate`."""
        require(self._database)

    def close(self) -> None:
        if self.listener is not None:
            self.listener.close()

    def on_append(self, wake: Callable[[], None]) -> None:
        """Call ``wake`` after every append of this process, and when another one says that it appended."""
        self._on_append.append(wake)
        if self.listener is None:
            self.listener = Listener(self._database, CHANNEL, self._wake)

    def append(self, events: Sequence[Event]) -> None:
        rows = [new_row(event) for event in events]
        if not rows:
            return
        with self._appending(rows) as link:
            insert(link, rows)
        self._wake()

    def append_next(self, stream_id: UUID, decide: Callable[[int], Decided]) -> Decided:
        """First like any append: a statement by itself holds the lock for no longer than its own commit, however far
        away the server is. Who was outrun takes the lock before looking again, and is not outrun a second time."""
        events = decide(self.last_version(stream_id))
        try:
            self.append(events)
        except VersionConflict:
            return self._append_locked(stream_id, decide)
        return events

    def _append_locked(self, stream_id: UUID, decide: Callable[[int], Decided]) -> Decided:
        rows: list[NewRow] = []
        with self._appending(rows, stream_id) as link, link.transaction():
            link.execute("SELECT pg_advisory_xact_lock(%s)", (APPEND_LOCK,))
            last = link.execute(_LAST, (stream_id,)).fetchone()
            events = decide(int(last[0] or 0) if last else 0)
            rows += map(new_row, events)
            if rows:
                insert(link, rows)
        self._wake()
        return events

    def take_over(self, rows: Sequence[StoredRow]) -> None:
        """Store rows of another store of the same archive, byte for byte, in one durable transaction. They get
        positions of this store's own. Raises `VersionConflict`."""
        with self._database.connection() as link:
            try:
                insert(link, [row[1:] for row in rows])
            except psycopg.errors.UniqueViolation as error:
                raise VersionConflict from error

    @contextmanager
    def closed(self) -> Iterator[None]:
        """While the block runs nobody appends: who tries waits, and is told to try again after the lock timeout."""
        with self._database.transaction() as link:
            link.execute("SELECT pg_advisory_xact_lock(%s)", (APPEND_LOCK,))
            link.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            yield

    def stream(self, stream_id: UUID, after: int = 0, limit: int | None = None) -> list[Event]:
        rows = self._database.all(
            "SELECT originator_version, topic, state FROM stored_events"
            " WHERE originator_id = %s AND originator_version > %s ORDER BY originator_version LIMIT %s",
            (stream_id, after, limit),
        )
        return [event_of(StoredEvent(stream_id, *row)) for row in rows]

    def last_version(self, stream_id: UUID) -> int:
        return int(self._database.value(_LAST, (stream_id,)) or 0)

    def rows(self, after: int, limit: int) -> list[StoredRow]:
        return self._rows("stored_events WHERE notification_id > %s ORDER BY notification_id LIMIT %s", (after, limit))

    def entries(self, after: int, limit: int) -> list[NewEntry]:
        return new_entries(self._database.all(_ENTRIES, (after, limit)))

    def directory_rows(self, after: int, limit: int) -> list[StoredRow]:
        return self._rows(
            f"stored_events WHERE notification_id > %s AND starts_with(topic, '{DIRECTORY_PREFIX}')"
            " ORDER BY notification_id LIMIT %s",
            (after, limit),
        )

    def stored(self, stream_id: UUID) -> list[StoredRow]:
        return self._rows("stored_events WHERE originator_id = %s ORDER BY originator_version", (stream_id,))

    def erasures(self, after: int, limit: int) -> list[StoredRow]:
        return self._rows(
            f"stored_events WHERE notification_id > %s AND starts_with(topic, '{ERASURE_PREFIX}')"
            " ORDER BY notification_id LIMIT %s",
            (after, limit),
        )

    def erase(self, stream_id: UUID, version: int, by: int) -> bool:
        """The server decides (``0011_erasure.sql``): the application's role may not change a row."""
        done = self._database.value("SELECT erase_event(%s, %s, %s)", (stream_id, version, by))
        if done is None:
            raise ErasureNotAnnounced(event=f"{stream_id}/{version}")
        return bool(done)

    def rows_at(self, positions: Sequence[int]) -> list[StoredRow]:
        return self._rows(f"{_ASKED} ORDER BY asked.key", (Bigints(positions),))

    def acts_at(self, positions: Sequence[int]) -> list[Act]:
        statement = f"SELECT notification_id, topic, originator_id::text, state FROM {_ASKED}"  # noqa: S608  (constants)
        rows = self._database.all(statement, (Bigints(positions),))
        try:
            return acts(rows, positions)
        # Whatever an edited row makes the decoder stumble over, it is named by reading row by row.
        except Exception:
            for row in self.rows_at(positions):
                self.attributes(row)
            raise

    def head(self) -> int:
        return int(self._database.value("SELECT max(notification_id) FROM stored_events") or 0)

    def decode(self, row: StoredRow) -> Event:
        return decoded(row)

    def attributes(self, row: StoredRow) -> dict[str, Any]:
        return attributes_of(row)

    def _rows(self, which: LiteralString, params: Params) -> list[StoredRow]:
        return [StoredRow(*row) for row in self._database.all(f"SELECT {_COLUMNS} FROM {which}", params)]  # noqa: S608  (constants)

    def _wake(self) -> None:
        for wake in self._on_append:
            wake()

    @contextmanager
    def _appending(self, rows: Sequence[NewRow], to: UUID | None = None) -> Iterator[Link]:
        """A connection to append ``rows`` with. Where it breaks, it is found out what became of them (`_settle`); as
        long as there are none, nothing was sent."""
        lost: psycopg.Error | None = None
        with self._database.connection() as link:
            try:
                yield link
            except psycopg.errors.UniqueViolation as error:
                raise VersionConflict from error
            except psycopg.Error as error:
                if not rows or not is_lost(error):
                    raise
                lost = error
        if lost is not None:
            self._settle(rows, link.backend, lost, to)

    def _settle(self, rows: Sequence[NewRow], backend: int, lost: psycopg.Error, to: UUID | None) -> None:
        """Find out what became of an append whose answer never came. Returns if it is stored; raises if not.

        That another event took a place in the stream ``to`` meanwhile is no conflict: the place was not asked for, it
        was the next.
        """
        fault = fault_of(lost)
        reason = str(fault.params["reason"]) if isinstance(fault, DatabaseUnreachable) else ""
        stream, version, _, state = rows[0]
        try:
            with self._database.transaction() as link:
                link.execute(_END, (backend,))
                link.execute("SELECT pg_advisory_xact_lock(%s)", (APPEND_LOCK,))
                stored = link.execute(
                    "SELECT state FROM stored_events WHERE originator_id = %s AND originator_version = %s",
                    (stream, version),
                ).fetchone()
        except Unavailable as error:
            raise OutcomeUnknown(reason) from error
        if stored is None or (stored[0] != state and stream == to):
            raise DatabaseUnreachable(reason) from lost
        if stored[0] != state:
            raise VersionConflict from lost


def insert(link: Link, rows: Sequence[NewRow]) -> None:
    """All of them in one transaction; alone a statement is one already, and takes one round trip."""
    parts = list(_parts(rows))
    if len(parts) == 1:
        link.execute(_INSERT, _arrays(rows))
        return
    with link.transaction():
        for part in parts:
            link.execute(_INSERT, _arrays(part))


def _parts(rows: Sequence[NewRow]) -> Iterator[Sequence[NewRow]]:
    start = size = 0
    for n, row in enumerate(rows):
        size += len(row[3])
        if size > LARGEST and n > start:
            yield rows[start:n]
            start, size = n, len(row[3])
    yield rows[start:] if start else rows


def _arrays(rows: Sequence[NewRow]) -> tuple[Uuids, Bigints, Texts, Bytes]:
    streams, versions, topics, states = zip(*rows, strict=True)
    return Uuids(streams), Bigints(versions), Texts(topics), Bytes(states)
