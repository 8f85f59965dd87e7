"""Connections to SQLite files: one for each thread, closed at its end, or some that all threads share."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from adapters.disk.sqlite_faults import LOCK_TIMEOUT
from domain.errors import StorageFailed

KEEP = 8
"""Shared connections that stay open while nobody uses them: each has its own cache of pages, up to 2 MB."""


class OwnConnection(sqlite3.Connection):
    """Closed with whatever holds it, such as a thread's own variables when it ends: nobody else knows of it."""

    def __del__(self) -> None:
        with suppress(sqlite3.ProgrammingError):  # where it could not be opened there is nothing to close
            self.close()


def connect(file: Path | str) -> sqlite3.Connection:
    """To ``file``, a path or an address (``file:…``), in autocommit mode; waits `LOCK_TIMEOUT` for other writers.

    One thread uses it at a time; the garbage collector may close it from another one.
    """
    return sqlite3.connect(
        file,
        timeout=LOCK_TIMEOUT,
        isolation_level=None,
        check_same_thread=False,
        factory=OwnConnection,
        uri=isinstance(file, str),
    )


class SharedConnections:
    """Any thread may borrow one; there are as many as are needed at once. The one used last, which knows most of the
    file, is used next."""

    def __init__(self, opened: Callable[[], sqlite3.Connection]) -> None:
        self._opened = opened
        self._idle: list[sqlite3.Connection] = []  # its single operations are atomic
        self._closed = threading.Event()

    @contextmanager
    def borrowed(self) -> Iterator[sqlite3.Connection]:
        """Raises `StorageFailed` after `close`."""
        if self._closed.is_set():
            raise StorageFailed("closed")
        try:
            db = self._idle.pop()
        except IndexError:
            db = self._opened()
        try:
            yield db
        finally:
            if len(self._idle) < KEEP:
                self._idle.append(db)
            else:
                db.close()
            if self._closed.is_set():
                self.close()

    def close(self) -> None:
        """Nobody gets one any more. Those in use are closed as they come back: closing one in the midst of a statement
        of another thread crashes the process."""
        self._closed.set()
        while self._idle:
            with suppress(IndexError):  # another thread was first
                self._idle.pop().close()


@contextmanager
def alone(db: sqlite3.Connection) -> Iterator[None]:
    """A transaction in which nobody else writes, from its first moment on: committed at the end, else taken back."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
