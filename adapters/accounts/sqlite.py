"""Credentials in a private SQLite file (0600): the rules of `adapters.accounts.store.Accounts` for a single machine."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import LiteralString

from pwdlib import PasswordHash

from adapters.accounts.store import Accounts
from adapters.disk.durable import storage_errors
from adapters.disk.sqlite_connections import connect
from adapters.disk.sqlite_faults import translated, write_ahead
from adapters.disk.tables import Statements

_SCHEMA = """
CREATE TABLE IF NOT EXISTS passwords (username TEXT PRIMARY KEY, hash TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS attempts (
    subject TEXT PRIMARY KEY, failures INTEGER NOT NULL, last REAL NOT NULL);
CREATE TABLE IF NOT EXISTS sessions (
    hash TEXT PRIMARY KEY, username TEXT NOT NULL, created REAL NOT NULL, used REAL NOT NULL);
CREATE INDEX IF NOT EXISTS sessions_by_user ON sessions (username);
CREATE TABLE IF NOT EXISTS tokens (
    id TEXT PRIMARY KEY, hash TEXT NOT NULL UNIQUE, username TEXT NOT NULL, name TEXT NOT NULL,
    created REAL NOT NULL, expires REAL, used REAL);
CREATE TABLE IF NOT EXISTS uploads (
    username TEXT NOT NULL, sha256 TEXT NOT NULL, media_type TEXT NOT NULL, at REAL NOT NULL,
    PRIMARY KEY (username, sha256));
CREATE INDEX IF NOT EXISTS uploads_by_time ON uploads (at);
"""


class AccountStore(Accounts):
    """The file is made where it is missing; nobody but its owner may read it."""

    def __init__(self, path: Path, hasher: PasswordHash | None = None) -> None:
        super().__init__(hasher)
        self._path = path
        self._local = threading.local()
        self._writing = threading.Lock()
        with storage_errors():
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            path.chmod(0o600)
        with self._transaction() as db:
            for statement in filter(str.strip, _SCHEMA.split(";")):
                db.execute(statement)

    @contextmanager
    def _transaction(self, *, durable: bool = True) -> Iterator[sqlite3.Connection]:
        """This thread's connection, to write with; committed at the end, else rolled back.

        Writers of this process queue for one lock: SQLite itself lets them ask again and again, with pauses.
        """
        with self._connection() as db, self._writing:
            if durable != self._local.durable:
                db.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
                self._local.durable = durable
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """A connection of this thread's own, for one statement that reads. SQLite's errors become ours."""
        with translated():
            db: sqlite3.Connection | None = getattr(self._local, "db", None)
            if db is None:
                db = connect(self._path)
                write_ahead(db)
                db.execute("PRAGMA secure_delete=ON")  # a replaced hash does not linger in free pages
                db.execute("PRAGMA synchronous=FULL")
                self._local.db, self._local.durable = db, True
            yield db

    def _alone(self, db: Statements) -> None:
        """Whoever writes is alone."""

    def _forget(self, db: Statements, table: LiteralString, which: LiteralString, values: Sequence[float]) -> None:
        db.execute(f"DELETE FROM {table} WHERE {which}", values)  # noqa: S608  (constants)
