"""Filings and clean-ups kept apart on all machines: a `Gate` of `adapters.blobs.s3_notes` by an advisory lock.

A process holds the lock as *shared* on one connection for all its filings together: a connection for each would take
from the pool what their events are stored with.

The server frees the lock as soon as its connection is gone, whether the process died or only the connection. What it
was sent to store it stores all the same, perhaps after waiting for somebody's lock; and where the process lives, the
filing goes on. So a clean-up leaves alone what was noted in the last `AFTERMATH` seconds.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg

from adapters.postgres.database import Database, Link, has_something_to_say
from adapters.postgres.faults import translated
from adapters.postgres.locks import AdvisoryLock, key_of

NAME = "filing"

AFTERMATH = 900.0
"""Seconds in which the event of a filing comes that lost its place in the gate: more than a statement waits for locks
(`adapters.postgres.database.LOCK_TIMEOUT`) and than keeping the largest files takes."""

TURN = 5.0
"""Seconds after which new filings of a process wait for those under way, so that a clean-up gets its turn."""


class PostgresGate:
    """Safe to share between threads."""

    aftermath = AFTERMATH

    def __init__(self, database: Database) -> None:
        self._database = database
        self._alone = AdvisoryLock(database, NAME)
        self._change = threading.Condition()  # owns the fields below
        self._filings = 0
        self._since = 0.0
        self._link: Link | None = None

    @contextmanager
    def filing(self) -> Iterator[None]:
        with self._change:
            while self._filings and time.monotonic() - self._since > TURN:
                self._change.wait()
            if not self._filings:
                self._enter()
            self._filings += 1
        try:
            yield
        finally:
            with self._change:
                self._filings -= 1
                if not self._filings:
                    self._leave()
                self._change.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        with self._alone.held(wait=-1):
            yield

    def close(self) -> None:
        with self._change:
            if self._link is not None:
                self._link.close()
                self._link = None

    def _enter(self) -> None:
        """Waits for a clean-up to end; raises `ArchiveBusy` when that takes longer than the database's lock timeout."""
        with translated():
            if self._link is not None and has_something_to_say(self._link):  # the server was restarted meanwhile
                self._link.close()
            if self._link is None or self._link.closed:
                self._link = self._database.connect()
            self._link.execute("SELECT pg_advisory_lock_shared(%s)", (key_of(NAME),))
        self._since = time.monotonic()

    def _leave(self) -> None:
        assert self._link is not None
        with suppress(psycopg.Error):
            self._link.execute("SELECT pg_advisory_unlock_shared(%s)", (key_of(NAME),))
            return
        self._link.close()  # then the server lets go of it
