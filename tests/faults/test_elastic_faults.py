"""Search on Elasticsearch while the server goes away and comes back: told clearly, nothing lost, no restart of ours."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from adapters.disk.file_lock import LedgerLock
from adapters.search.elastic.address import SearchAddress
from adapters.search.elastic.connection import Connection
from adapters.search.elastic.faults import SearchUnreachable
from adapters.search.elastic.generations import ElasticGenerations
from adapters.servers.breaker import REST
from domain.ports.search import Scope, SearchRequest
from tests.contract.search_corpus import document
from tests.servers.addresses import place
from tests.servers.local import Server
from tests.servers.plugin import private_server

pytestmark = pytest.mark.nightly

ALL = Scope(everything=True)
BATCHES, OF = 400, 5


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One for all these tests: each brings it back."""
    with private_server("elasticsearch") as made:
        yield made


@pytest.fixture
def engine(server: Server, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[ElasticGenerations]:
    """Of a test's own, as patient as any."""
    connection = Connection(SearchAddress.parse(place(server.url, _name(request))))
    with closing(ElasticGenerations(connection, LedgerLock(tmp_path / "lock"))) as made:
        made.write([document("r1", "会议")], (), 1)
        yield made


@pytest.fixture
def hasty(server: Server, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[ElasticGenerations]:
    """On the same index, with little patience: for a server that says nothing."""
    connection = Connection(SearchAddress.parse(place(server.url, _name(request))), patience=2, bulk_patience=2)
    with closing(ElasticGenerations(connection, LedgerLock(tmp_path / "lock"))) as made:
        yield made


def _name(request: pytest.FixtureRequest) -> str:
    return str(request.node.name).replace("_", "-")[:60]


def found(engine: ElasticGenerations, query: str = "会议") -> int:
    return engine.search(SearchRequest(query=query, scope=ALL)).total


def test_paused_and_resumed(server: Server, engine: ElasticGenerations, hasty: ElasticGenerations) -> None:
    """A server that swallows everything is given up after a while; then it works as if nothing had been."""
    server.pause()
    try:
        with pytest.raises(SearchUnreachable) as told:
            found(hasty)
        with pytest.raises(SearchUnreachable):
            hasty.write([document("r2", "会议")], (), 2)
    finally:
        server.resume()
    time.sleep(REST)
    assert told.value.http_status == 503
    assert "存入和查看都不受影响" in told.value.next_zh
    assert engine.position() in (1, 2)  # the bytes may have been waiting for it
    engine.write([document("r2", "会议")], (), 2)
    assert (found(engine), engine.position()) == (2, 2)


def test_stopped_and_started(server: Server, engine: ElasticGenerations) -> None:
    """Not there: told at once. There again: the same engine goes on, and what could not be written goes in."""
    server.stop()
    for attempt in (lambda: found(engine), engine.position, lambda: engine.write([document("r2", "会议")], (), 2)):
        with pytest.raises(SearchUnreachable):
            attempt()
    server.start()
    assert (found(engine), engine.position()) == (1, 1)
    engine.write([document("r2", "会议")], (), 2)
    assert (found(engine), engine.position()) == (2, 2)


def test_killed_while_it_is_written_to(server: Server, engine: ElasticGenerations) -> None:
    """Every batch up to the position is there; the rest, written once more as an indexer does, makes it whole."""
    started, faults = threading.Event(), []

    def batch(number: int) -> None:
        records = range(number * OF, number * OF + OF)
        engine.write([document(f"b{record}", f"第{record}批次") for record in records], (), number + 2)
        started.set()

    def write() -> None:
        try:
            for number in range(BATCHES):
                batch(number)
        except SearchUnreachable as error:
            faults.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    assert started.wait(60)
    server.kill()
    writer.join()
    server.start()
    assert len(faults) == 1
    position = engine.position()
    assert 2 <= position < BATCHES
    written = position - 1  # batches
    for record in range(written * OF):
        assert found(engine, f"第{record}批次") == 1
    for number in range(written, written + 3):
        batch(number)
    assert found(engine, "批次") == (written + 3) * OF
    assert engine.position() == position + 3
