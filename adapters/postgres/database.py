"""Connections to one PostgreSQL database, shared by the threads of a process.

A pool of our own, because of what has to happen around a restart of the server. A connection is opened by the thread
that needs it, so that a request learns at once, and exactly, why there is none; there is no timer between the server's
return and the first request that works. One that the server closed while it lay idle is noticed without asking (its
socket has something to read) and never given out. So a restart costs the requests that were under way, no others.

Nothing waits for ever: locks on the server for `lock_timeout`, a silent server for `patience`, a free connection for
`lock_timeout`. Each connection is in autocommit mode, in the archive's schema, with commits that are flushed to the
disk before they are acknowledged.
"""

from __future__ import annotations

import select
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, LiteralString

import psycopg

from adapters.postgres.address import Address
from adapters.postgres.arrays import register
from adapters.postgres.faults import DatabaseUnreachable, translated
from domain.errors import ArchiveBusy

SCHEMA = "jianzheng"
"""The namespace of all our tables: a database may hold other things."""

LOCK_TIMEOUT = 30.0
"""Seconds that a statement waits for another one's lock before the caller is told to try again."""

PATIENCE = 90.0
"""Seconds of silence after which the server counts as lost: longer than any lock is waited for."""

CONNECT_TIMEOUT = 5
"""Seconds (whole ones, at least 2: libpq) in which a connection must be made."""

SIZE = 16
"""Connections at most. A server process has some forty threads, which rarely all ask at once."""

Row = tuple[Any, ...]
Params = Sequence[Any] | Mapping[str, Any]

_SETTINGS = """
SELECT set_config('search_path', %s, false), set_config('lock_timeout', %s, false),
       set_config('idle_in_transaction_session_timeout', '60s', false),
       set_config('tcp_keepalives_idle', '30', false), set_config('tcp_keepalives_interval', '10', false),
       CASE WHEN current_setting('synchronous_commit') = 'off' THEN set_config('synchronous_commit', 'on', false) END
"""


class Link(psycopg.Connection[Row]):
    """A connection that gives up on a server that says nothing for ``patience`` seconds (None: never)."""

    patience: float | None = PATIENCE
    backend = 0  # the process at the server that serves it

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        if timeout is not None or self.patience is None:
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, self.patience)
        except psycopg.errors._WaitTimeout:
            # The answer may still come, for a question that nobody asks any more: this connection is of no use now.
            self.pgconn.finish()
            raise psycopg.OperationalError("no answer from the server") from None


class Database:
    """Safe to share between threads. `close` ends it; those who are at it end as if by an error."""

    def __init__(
        self,
        address: Address,
        *,
        size: int = SIZE,
        lock_timeout: float = LOCK_TIMEOUT,
        patience: float | None = PATIENCE,
    ) -> None:
        self.address = address
        self.lock_timeout = lock_timeout
        self.patience = patience
        self._free = threading.BoundedSemaphore(size)
        self._guard = threading.Lock()  # owns the fields below
        self._idle: list[Link] = []
        self._backends: set[int] = set()
        self._closed = False

    # ── connections ─────────────────────────────────────────────────────────────────────────────────────────────

    @contextmanager
    def connection(self) -> Iterator[Link]:
        """One connection for the length of the block; PostgreSQL's errors become ours."""
        with translated(), self.borrowed() as link:
            yield link

    @contextmanager
    def borrowed(self) -> Iterator[Link]:
        """The same with errors as they come from psycopg."""
        if not self._free.acquire(timeout=self.lock_timeout):
            raise ArchiveBusy
        try:
            link = self._take()
            try:
                yield link
            finally:
                self._give_back(link)
        finally:
            self._free.release()

    @contextmanager
    def transaction(self) -> Iterator[Link]:
        """A transaction: committed where the block ends well, taken back where it raises."""
        with self.connection() as link, link.transaction():
            yield link

    def connect(self) -> Link:
        """A connection outside the pool; whoever asks for it closes it. Raises as psycopg does."""
        link = Link.connect(
            **self.address.parameters(),  # type: ignore[arg-type]  # libpq's parameters, all of them text
            autocommit=True,
            connect_timeout=CONNECT_TIMEOUT,
            application_name="jianzheng",
            keepalives_idle=30,
            keepalives_interval=10,
            tcp_user_timeout=60_000,
        )
        link.patience, link.backend = self.patience, link.info.backend_pid
        register(link)
        link.execute(_SETTINGS, (SCHEMA, f"{int(self.lock_timeout * 1000)}ms"))
        return link

    def owns(self, backend: int) -> bool:
        """Whether that server process serves this pool: what it tells others we know already."""
        return backend in self._backends

    def close(self) -> None:
        with self._guard:
            self._closed = True
            idle, self._idle = self._idle, []
        for link in idle:
            link.close()

    def _take(self) -> Link:
        while True:
            with self._guard:
                if self._closed:
                    raise DatabaseUnreachable("closed")
                link = self._idle.pop() if self._idle else None
            if link is None:
                link = self.connect()
                with self._guard:
                    self._backends.add(link.backend)
                return link
            if not _has_something_to_say(link):
                return link
            self._drop(link)

    def _give_back(self, link: Link) -> None:
        if link.pgconn.transaction_status == psycopg.pq.TransactionStatus.IDLE:
            with self._guard:
                if not self._closed:
                    self._idle.append(link)
                    return
        self._drop(link)

    def _drop(self, link: Link) -> None:
        with self._guard:
            self._backends.discard(link.backend)
        link.close()

    # ── short questions ─────────────────────────────────────────────────────────────────────────────────────────

    def all(self, statement: LiteralString, params: Params = ()) -> list[Row]:
        """The rows of a statement that reads."""
        with self.connection() as link:
            return link.cursor(binary=True).execute(statement, params).fetchall()

    def value(self, statement: LiteralString, params: Params = ()) -> Any:
        """The first column of the first row; None where there is none."""
        rows = self.all(statement, params)
        return rows[0][0] if rows else None


def _has_something_to_say(link: Link) -> bool:
    """An idle connection is silent: what can be read from it is the server's farewell."""
    if link.closed:
        return True
    poll = select.poll()
    poll.register(link.fileno(), select.POLLIN)
    return bool(poll.poll(0))
