"""Engines over the indices of one test on a real Elasticsearch: fixtures, which its suites take, and how to ask."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from adapters.disk.file_lock import LedgerLock
from adapters.search.elastic.address import SearchAddress
from adapters.search.elastic.connection import Connection
from adapters.search.elastic.generations import ElasticGenerations
from adapters.search.elastic.indices import Indices
from domain.ports.search import Scope, SearchEngine, SearchRequest, SearchResult
from tests.servers import own

ALL = Scope(everything=True)
Open = Callable[..., ElasticGenerations]


@pytest.fixture
def address(elasticsearch_prefix: str) -> SearchAddress:
    return SearchAddress.parse(elasticsearch_prefix)


@pytest.fixture
def raw(elasticsearch_prefix: str) -> Iterator[Elasticsearch]:
    """The server as somebody reaches it who goes around us."""
    with own.elasticsearch_client(elasticsearch_prefix) as client:
        yield client


@pytest.fixture
def open_engine(address: SearchAddress, tmp_path: Path) -> Iterator[Open]:
    """Engines over the same indices, as several processes have them."""
    made: list[ElasticGenerations] = []

    def make(at: SearchAddress = address) -> ElasticGenerations:
        made.append(ElasticGenerations(Connection(at), LedgerLock(tmp_path / "lock")))
        return made[-1]

    yield make
    for engine in made:
        engine.close()


@pytest.fixture
def engine(open_engine: Open) -> ElasticGenerations:
    return open_engine()


@pytest.fixture
def indices(address: SearchAddress) -> Iterator[Indices]:
    with closing(Connection(address)) as connection:
        yield Indices(connection)


def ask(engine: SearchEngine, query: str = "", **fields: object) -> SearchResult:
    return engine.search(replace(SearchRequest(query=query, scope=ALL), **fields))  # type: ignore[arg-type]  # by name
