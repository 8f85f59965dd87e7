"""The search index in generations: a new one is built beside the one that serves, and takes its place when complete.

Searches go to an alias, which the server itself moves from one generation to the next in one step. A writer, each
thread by itself, stays with the generation whose position it asked for last: so what it writes behind that position
never lands in another one, which may not have come as far.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Protocol, TypeVar

from adapters.search.elastic.connection import Connection
from adapters.search.elastic.engine import ElasticSearch
from adapters.search.elastic.faults import IndexMissing
from adapters.search.elastic.indices import Indices
from domain.ports.search import SearchDocument, SearchRequest, SearchResult
from domain.search.errors import IndexLocked, IndexPositionAltered

Answer = TypeVar("Answer")


class Lock(Protocol):
    """One holder among all who may rebuild."""

    def held(self, wait: float = 0.0) -> AbstractContextManager[bool]:
        """Try for ``wait`` seconds; says whether it is ours for the length of the block."""
        ...


class ElasticGenerations:
    """A `domain.ports.search.SearchEngine`: the generation that serves. Made, empty, by the first who asks for one."""

    def __init__(self, connection: Connection, lock: Lock) -> None:
        """The connection is closed with it. ``lock`` keeps two from building the next generation at once."""
        self.connection, self._lock = connection, lock
        self.breaker = connection.breaker
        self._indices = Indices(connection)
        self._reader = ElasticSearch(connection, self._indices)
        self._local = threading.local()  # each thread's writer

    # ── serving ─────────────────────────────────────────────────────────────────────────────────────────────────

    def search(self, request: SearchRequest) -> SearchResult:
        return self._made(lambda: self._reader.search(request))

    def position(self) -> int:
        position = self._made(self._reader.located)
        writer = self._writer()
        if writer is None or not writer.is_of(position.index):
            writer = self._local.writer = self._engine(position.index)
        writer.saw(position)
        if not position.sound:
            raise IndexPositionAltered
        return position.value

    def write(self, upserts: Sequence[SearchDocument], deletes: Sequence[str], position: int) -> None:
        self._followed().write(upserts, deletes, position)

    def documents(self, record: str) -> list[str]:
        return self._followed().documents(record)

    def clear(self) -> None:
        """Another, empty one takes its place."""
        with self.next():
            pass
        self._indices.remove(*self._indices.numbers()[:-1])

    def drop_older(self) -> None:
        """Away with the generation that served before: it may hold what was erased since."""
        serving = self._indices.serving() or 0
        self._indices.remove(*(each for each in self._indices.numbers() if each < serving))

    def close(self) -> None:
        self.connection.close()

    def _followed(self) -> ElasticSearch:
        writer = self._writer()
        if writer is None:
            with suppress(IndexPositionAltered):
                self.position()
            return self._followed()
        return writer

    def _writer(self) -> ElasticSearch | None:
        return getattr(self._local, "writer", None)

    def _engine(self, name: str) -> ElasticSearch:
        number = self._indices.number(name)
        if number is None:
            raise IndexMissing(detail=f"{self._indices.alias} is no alias of ours")
        return ElasticSearch(self.connection, self._indices, number)

    def _made(self, ask: Callable[[], Answer]) -> Answer:
        try:
            return ask()
        except IndexMissing:
            self._make_first()
            return ask()

    def _make_first(self) -> None:
        # In this order: an index that is made after it was looked for is either seen to serve or has the same number.
        number = 1 + max(self._indices.numbers(), default=0)
        serving = self._indices.serving()
        if serving is None:
            serving = number
            self._indices.create(number, serve=True)
        # Where another process was quicker its index may not be ready to be read; a write waits for that.
        ElasticSearch(self.connection, self._indices, serving).begin()

    # ── rebuilding ──────────────────────────────────────────────────────────────────────────────────────────────

    @contextmanager
    def next(self) -> Iterator[ElasticSearch]:
        """An empty engine to fill; when the block ends it serves. Raises `IndexLocked` while another is being built.

        A block that raises, or a process that dies, leaves the old generation serving. The generation just before
        stays until the next rebuild: somebody may be in the middle of a search, or turning its pages.
        """
        with self._lock.held() as ours:
            if not ours:
                raise IndexLocked
            serving = self._indices.serving() or 0
            self._indices.remove(*(number for number in self._indices.numbers() if number > serving))
            number = serving + 1
            self._indices.create(number)
            complete = False
            try:
                yield ElasticSearch(self.connection, self._indices, number)
                complete = True
            finally:
                if not complete:
                    self._indices.remove(number)
            self._indices.serve(number)
            self._indices.remove(*(each for each in self._indices.numbers() if each < serving))
        self._local.writer = None
