"""Connections to SQLite files, one for each thread that asks, each closed at the end of its thread."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path

from adapters.sqlite_faults import LOCK_TIMEOUT


class OwnConnection(sqlite3.Connection):
    """Closed with whatever holds it, such as a thread's own variables when it ends: nobody else knows of it."""

    def __del__(self) -> None:
        with suppress(sqlite3.ProgrammingError):  # where it could not be opened there is nothing to close
            self.close()


def connect(file: Path | str) -> sqlite3.Connection:
    """To ``file``, a path or an address (``file:…``), in autocommit mode; waits `LOCK_TIMEOUT` for other writers.

    Whoever opens it is its only user. That it may be closed from another thread is for the garbage collector.
    """
    return sqlite3.connect(
        file,
        timeout=LOCK_TIMEOUT,
        isolation_level=None,
        check_same_thread=False,
        factory=OwnConnection,
        uri=isinstance(file, str),
    )
