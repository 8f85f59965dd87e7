"""Advisory locks: one holder among all processes on all machines; the server releases what a dead holder held.

A lock belongs to a connection. Should that break, the lock is free and another may take it while the first holder
still works; so what is done under a lock is also safe against that by itself (the ledger's store refuses the batch of
one who lost it).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from adapters.postgres.database import Database, Link

APPEND_LOCK = 7_306_077_169_221_362_481
"""The key that the trigger of the table of events locks; also written in its migration."""


def key_of(name: str) -> int:
    """The 64-bit number that PostgreSQL knows a lock by."""
    return int.from_bytes(hashlib.sha256(f"jianzheng/{name}".encode()).digest()[:8], "big", signed=True)


class AdvisoryLock:
    """Held across processes and threads. Every `held` takes its own connection, so that threads exclude each other."""

    def __init__(self, database: Database, name: str) -> None:
        self.name = name
        self._database, self._key = database, key_of(name)

    @contextmanager
    def held(self, wait: float = 0.0) -> Iterator[bool]:
        """Try for ``wait`` seconds (-1: for ever); says whether the lock is ours for the length of the block."""
        with self._database.connection() as link:
            ours = self._acquire(link, wait)
            try:
                yield ours
            finally:
                if ours and not link.closed:
                    link.execute("SELECT pg_advisory_unlock(%s)", (self._key,))

    def _acquire(self, link: Link, wait: float) -> bool:
        if wait == 0:
            row = link.execute("SELECT pg_try_advisory_lock(%s)", (self._key,)).fetchone()
            return bool(row and row[0])
        patience, link.patience = link.patience, None if wait < 0 else wait + (link.patience or 0)
        timeout = 0 if wait < 0 else max(1, int(wait * 1000))  # for the server 0 means: no limit
        try:
            link.execute("SELECT set_config('lock_timeout', %s, false)", (f"{timeout}ms",))
            link.execute("SELECT pg_advisory_lock(%s)", (self._key,))
        except psycopg.errors.LockNotAvailable:
            return False
        finally:
            link.patience = patience
            if not link.closed:
                limit = f"{int(self._database.lock_timeout * 1000)}ms"
                link.execute("SELECT set_config('lock_timeout', %s, false)", (limit,))
        return True
