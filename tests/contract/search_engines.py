"""Empty search engines of each kind for the contract suites, which take these fixtures, and how they are asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import pytest

from adapters.disk.file_lock import LedgerLock
from adapters.search.elastic.address import SearchAddress
from adapters.search.elastic.connection import Connection
from adapters.search.elastic.generations import ElasticGenerations
from adapters.search.embedded import EmbeddedSearch
from domain.ports.search import Scope, SearchEngine, SearchRequest, SearchResult
from tests.servers import own

KINDS = ["embedded", "elastic"]
NewEngine = Callable[[], SearchEngine]
ALL = Scope(everything=True)


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


@pytest.fixture(scope="module", params=KINDS)
def new_engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NewEngine]:
    """Makes empty engines of one kind, and closes them."""
    with engines(request.param, request, tmp_path_factory) as make:
        yield make


@pytest.fixture
def engine(new_engine: NewEngine) -> SearchEngine:
    return new_engine()


def ask(engine: SearchEngine, query: str = "", scope: Scope = ALL, **fields: object) -> SearchResult:
    return engine.search(replace(SearchRequest(query=query, scope=scope, limit=1000), **fields))  # type: ignore[arg-type]  # the fields of a request, by name


def found(engine: SearchEngine, query: str = "", **fields: object) -> set[str]:
    return {hit.record for hit in ask(engine, query, **fields).hits}  # type: ignore[arg-type]  # the same
