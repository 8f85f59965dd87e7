"""A few tables in an SQLite file that several threads and processes share, such as ``views.sqlite``."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from adapters.disk.sqlite_connections import connect
from adapters.disk.sqlite_faults import translated, write_ahead


class SQLiteTables:
    """Opened by whoever first asks; a connection for each thread. Errors are ours."""

    def __init__(self, path: Path, schema: Sequence[str]) -> None:
        self._path, self._schema = path, schema
        self._local = threading.local()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        with translated():
            db: sqlite3.Connection | None = getattr(self._local, "db", None)
            if db is None:
                db = connect(self._path)
                write_ahead(db)
                for statement in self._schema:
                    db.execute(statement)
                self._local.db = db
            yield db

    @contextmanager
    def writing(self, *, durable: bool = False) -> Iterator[sqlite3.Connection]:
        """A transaction: committed at the end, else taken back. What is not durable may be lost with the power."""
        with self.reading() as db:
            db.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Close this thread's connection."""
        db: sqlite3.Connection | None = getattr(self._local, "db", None)
        if db is not None:
            db.close()
            del self._local.db
