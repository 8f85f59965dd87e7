"""Filings and clean-ups kept apart on all machines: a `Gate` of `adapters.blobs.s3_notes` by an advisory lock.

A process holds the lock as *shared* on one connection for all its filings together: a connection for each would take
from the pool what their events are stored with.

Known limit: the server frees the lock also when only the connection died. A clean-up that runs in the seconds between
that and the end of the filing may remove a file that the filing's event will name; `verify` then says so.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg

from adapters.postgres.database import Database, Link
from adapters.postgres.faults import translated
from adapters.postgres.locks import AdvisoryLock, key_of

NAME = "filing"

TURN = 5.0
"""Seconds after which new filings of a process wait for those under way, so that a clean-up gets its turn."""


class PostgresGate:
    """Safe to share between threads."""

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
