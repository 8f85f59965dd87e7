"""Connections to one PostgreSQL database, shared by the threads of a process.

A pool of our own, because of what has to happen around a restart of the server. A connection is opened by the thread
that needs it, so that a request learns at once, and exactly, why there is none; there is no timer between the server's
return and the first request that works. One that the server closed while it lay idle is noticed without asking (its
socket has something to read) and never given out. So a restart costs the requests that were under way, no others.

A burst opens many connections; those that nobody has needed for `IDLE_FOR` are closed, all but `KEEP`, by whoever uses
the pool next: a process at rest costs the server two, and its followers look in every second.

Nothing waits for ever: locks on the server for `lock_timeout`, a statement for `patience`, a free connection for
`lock_timeout`. Whether a silence is work or a server that stands still, a second connection finds out: where none can
be made either, the server counts as lost, and others learn it without waiting (`adapters.servers.breaker`).

Each connection is in autocommit mode, in the archive's schema, with commits that are flushed to the disk before they
are acknowledged. In a transaction each statement looks anew, whatever the server's habit: behind a lock it sees what
its last holder stored.
"""

from __future__ import annotations

import select
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import inf
from typing import Any, LiteralString

import psycopg

from adapters.postgres.address import Address
from adapters.postgres.arrays import register
from adapters.postgres.faults import DatabaseUnreachable, translated
from adapters.servers.breaker import Breaker
from adapters.servers.confirmation import Confirmation
from domain.errors import ArchiveBusy

SCHEMA = "jianzheng"
"""The namespace of all our tables: a database may hold other things."""

LOCK_TIMEOUT = 30.0
"""Seconds that a statement waits for another one's lock before the caller is told to try again."""

PATIENCE = 90.0
"""Seconds that a statement may take: longer than any lock is waited for."""

DOUBT = 5.0
"""Seconds of silence after which the server is asked on another connection whether it is there at all."""

PROBE_TIMEOUT = 3
"""Seconds (whole ones) that it has to answer that."""

CONNECT_TIMEOUT = 5
"""Seconds (whole ones, at least 2: libpq) in which a connection must be made."""

SIZE = 16
"""Connections at most. A server process has some forty threads, which rarely all ask at once."""

KEEP = 2
"""Connections that stay open however long nobody needs them."""

IDLE_FOR = 60.0
"""Seconds that the others stay: longer than the pauses between the requests of people at work."""

SILENT = "no answer from the server"

Row = tuple[Any, ...]
Params = Sequence[Any] | Mapping[str, Any]

_SETTINGS = """
SELECT set_config('search_path', %s, false), set_config('lock_timeout', %s, false),
       set_config('idle_in_transaction_session_timeout', '60s', false),
       set_config('tcp_keepalives_idle', '30', false), set_config('tcp_keepalives_interval', '10', false),
       set_config('default_transaction_isolation', 'read committed', false),
       CASE WHEN current_setting('synchronous_commit') = 'off' THEN set_config('synchronous_commit', 'on', false) END
"""


class Link(psycopg.Connection[Row]):
    """A connection that gives up on a server that says nothing for ``patience`` seconds (None: as long as it is there
    at all), and sooner where ``alive`` says that it is not."""

    patience: float | None = PATIENCE
    backend = 0  # the process at the server that serves it
    alive: Callable[[], bool] | None = None

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        if timeout is not None or self.alive is None:
            return super().wait(gen, interval, timeout)
        end = inf if self.patience is None else time.monotonic() + self.patience
        while True:
            try:
                return super().wait(gen, interval, max(0.0, min(DOUBT, end - time.monotonic())))
            except psycopg.errors._WaitTimeout:
                if time.monotonic() < end and self.alive():
                    continue
            # The answer may still come, for a question that nobody asks any more: this connection is of no use now.
            self.pgconn.finish()
            raise psycopg.OperationalError(SILENT)


class Database:
    """Safe to share between threads. `close` ends it; those who are at it end as if by an error."""

    def __init__(
        self,
        address: Address,
        *,
        size: int = SIZE,
        lock_timeout: float = LOCK_TIMEOUT,
        patience: float | None = PATIENCE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.address = address
        self.lock_timeout = lock_timeout
        self.patience = patience
        self._clock = clock
        self._free = threading.BoundedSemaphore(size)
        self._guard = threading.Lock()  # owns the fields below
        self._idle: list[tuple[float, Link]] = []  # since when; the one used last is at the end, and used next
        self._backends: set[int] = set()
        self._closed = False
        self.breaker = Breaker(self._answers)
        self.confirmation: Confirmation[[Link]] = Confirmation()  # asked of the first connection

    # ── connections ─────────────────────────────────────────────────────────────────────────────────────────────

    @contextmanager
    def connection(self) -> Iterator[Link]:
        """One connection for the length of the block; PostgreSQL's errors become ours."""
        if not self._free.acquire(timeout=self.lock_timeout):
            raise ArchiveBusy
        try:
            with translated():
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
        self._require()
        try:
            link = self._connected(CONNECT_TIMEOUT)
        except psycopg.errors.ConnectionTimeout:
            self.breaker.open(SILENT)
            raise
        link.patience, link.backend, link.alive = self.patience, link.info.backend_pid, self.breaker.probe
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
        for _, link in idle:
            link.close()

    def _connected(self, timeout: int) -> Link:
        return Link.connect(
            **self.address.parameters(),  # type: ignore[arg-type]  # libpq's parameters, all of them text
            autocommit=True,
            connect_timeout=timeout,
            application_name="jianzheng",
            keepalives_idle=30,
            keepalives_interval=10,
            tcp_user_timeout=60_000,
        )

    def _require(self) -> None:
        """Raises at once where others waited in vain."""
        if not self.breaker.passes():
            raise psycopg.OperationalError(self.breaker.reason)

    def _answers(self) -> bool:
        """Whether a connection is made or refused: who is refused need not wait, and is told why."""
        try:
            self._connected(PROBE_TIMEOUT).close()
        except psycopg.errors.ConnectionTimeout:
            return False
        except psycopg.Error:
            return True
        return True

    def _take(self) -> Link:
        self._require()
        while True:
            with self._guard:
                if self._closed:
                    raise DatabaseUnreachable("closed")
                link = self._idle.pop()[1] if self._idle else None
            if link is None:
                link = self.connect()
                try:
                    self.confirmation.require(link)
                except BaseException:
                    link.close()
                    raise
                with self._guard:
                    self._backends.add(link.backend)
                return link
            if not has_something_to_say(link):
                return link
            self._drop(link)

    def _give_back(self, link: Link) -> None:
        if link.pgconn.transaction_status != psycopg.pq.TransactionStatus.IDLE:
            self._drop(link)
            return
        now, doomed = self._clock(), [link]
        with self._guard:
            if not self._closed:
                self._idle.append((now, link))
                old = sum(1 for since, _ in self._idle[: max(0, len(self._idle) - KEEP)] if now - since > IDLE_FOR)
                doomed = [each for _, each in self._idle[:old]]
                del self._idle[:old]
        for each in doomed:
            self._drop(each)

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


def has_something_to_say(link: Link) -> bool:
    """An idle connection is silent: what can be read from it is the server's farewell."""
    if link.closed:
        return True
    poll = select.poll()
    poll.register(link.fileno(), select.POLLIN)
    return bool(poll.poll(0))
