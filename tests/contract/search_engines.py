"""Makes empty search engines of each kind for the contract suites."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

from adapters.disk.file_lock import LedgerLock
from adapters.search.elastic.address import SearchAddress
from adapters.search.elastic.connection import Connection
from adapters.search.elastic.generations import ElasticGenerations
from adapters.search.embedded import EmbeddedSearch
from domain.ports.search import SearchEngine
from tests.servers import own

KINDS = ["embedded", "elastic"]
NewEngine = Callable[[], SearchEngine]


@contextmanager
def engines(kind: str, request: pytest.FixtureRequest, folders: pytest.TempPathFactory) -> Iterator[NewEngine]:
    """Each call makes another engine, with nothing in it; all are closed when the block ends."""
    with ExitStack() as stack:

        def embedded() -> SearchEngine:
            engine = EmbeddedSearch(folders.mktemp("search"))
            stack.callback(engine.close)
            return engine

        def elastic() -> SearchEngine:
            url = stack.enter_context(own.own_prefix(request.getfixturevalue("elasticsearch_url")))
            lock = LedgerLock(folders.mktemp("search") / "lock")
            engine = ElasticGenerations(Connection(SearchAddress.parse(url)), lock)
            stack.callback(engine.close)
            return engine

        yield {"embedded": embedded, "elastic": elastic}[kind]
