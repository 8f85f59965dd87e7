"""What SQLite reports, as one of our errors: told apart by its result codes, not by its English sentences.

A file system without room shows itself in two ways: `SQLITE_FULL` where a page could not be written, and
`SQLITE_IOERR_SHMSIZE` where the index of the write-ahead log could not grow, which even a reader needs. Any other
`SQLITE_IOERR` is a fault of the device, not of what is stored. See https://sqlite.org/rescode.html.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager

from domain.errors import (
    ArchiveBusy,
    DatabaseDamaged,
    JianzhengError,
    StorageFailed,
    StorageFull,
    StorageNotWritable,
)

LOCK_TIMEOUT = 30.0
"""Seconds that a writer waits for another process's transaction before the caller is told to try again."""

_LOOK = 0.01
"""Seconds between two tries of what SQLite itself does not wait for."""

_FULL = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE})
_PRIMARY = 0xFF
"""The low byte of an extended result code is the primary one."""


@contextmanager
def translated() -> Iterator[None]:
    """Errors of SQLite as ours."""
    try:
        yield
    except sqlite3.Error as error:
        raise fault_of(error) from error


def write_ahead(db: sqlite3.Connection) -> None:
    """Have the file keep a write-ahead log. SQLite's timeout does not cover the switch while another connection is in a
    transaction, as it is where several processes open a new file at the same moment: so it is waited for here."""
    end = time.monotonic() + LOCK_TIMEOUT
    while True:
        try:
            db.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & _PRIMARY != sqlite3.SQLITE_BUSY or time.monotonic() >= end:
                raise
            time.sleep(_LOOK)
        else:
            return


def fault_of(error: sqlite3.Error) -> JianzhengError:
    """Our name for it."""
    code = getattr(error, "sqlite_errorcode", None)  # absent where Python, not SQLite, refused the call
    if code is None:
        return DatabaseDamaged(why=str(error))
    if code in _FULL:
        return StorageFull()
    match code & _PRIMARY:
        case sqlite3.SQLITE_FULL:
            return StorageFull()
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM | sqlite3.SQLITE_AUTH:
            return StorageNotWritable()
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return ArchiveBusy()
        case sqlite3.SQLITE_IOERR:
            return StorageFailed(error.sqlite_errorname)
        case _:
            return DatabaseDamaged(why=str(error))
