"""Connections to PostgreSQL that break, fall silent or lie idle: refused or waited for once, and good again after."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from uuid import uuid4

import pytest

import adapters.postgres.database as database_module
from adapters.blobs.postgres_gate import PostgresGate
from adapters.ledger.postgres import PostgresLedgerStore
from adapters.postgres.address import Address
from adapters.postgres.database import IDLE_FOR, KEEP, Database
from adapters.postgres.faults import DatabaseUnreachable, OutcomeUnknown
from domain.errors import VersionConflict
from tests.contract.event_stores import signed
from tests.postgres_world import TERMINATE, administer, opened, prepare, wait_until
from tests.servers.local import Server


@pytest.fixture
def address(postgres_database: str) -> Address:
    return prepare(postgres_database)


def test_a_restart_of_the_server_is_survived(private_postgres: Server) -> None:
    """Requests fail cleanly while it is away; afterwards the same store works at once, on however many connections."""
    address = prepare(private_postgres.url)
    with opened(address) as store, closing(Database(address)) as database:
        ledger = PostgresLedgerStore(database)
        store.append([signed(uuid4())])
        at_once(lambda: store.rows(0, 1), 6)
        private_postgres.stop()
        for ask in (lambda: store.append([signed(uuid4())]), lambda: store.rows(0, 1), ledger.size):
            with pytest.raises(DatabaseUnreachable) as failed:
                ask()
            assert (failed.value.http_status, failed.value.exit_code) == (503, 3)
        private_postgres.start()
        store.append([signed(uuid4())])
        at_once(lambda: store.rows(0, 1), 6)
        private_postgres.kill()
        private_postgres.start()
        store.append([signed(uuid4())])
        assert len(store.rows(0, 10)) == 3
        assert ledger.size() == 0


def at_once(work: Callable[[], object], count: int) -> None:
    """In several threads, none of which may fail."""
    together, results = threading.Barrier(count), []

    def run() -> None:
        together.wait()
        results.append(work())

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == count


@pytest.mark.nightly
def test_a_server_that_stands_still_is_not_waited_for_for_ever(private_postgres: Server) -> None:
    """It accepts connections and answers nothing; when it goes on, so do we, and nothing was stored twice."""
    with opened(prepare(private_postgres.url), patience=1.0) as store:
        event = signed(uuid4())
        store.append([signed(uuid4())])
        private_postgres.pause()
        with pytest.raises(OutcomeUnknown):
            store.append([event])
        with pytest.raises(DatabaseUnreachable):
            store.rows(0, 10)
        private_postgres.resume()
        wait_until(store._database.breaker.passes)
        wait_until(lambda: store.stream(event.originator_id) == [event])  # it had been sent, and is done now
        with pytest.raises(VersionConflict):
            store.append([event])


def test_a_long_statement_is_no_silent_server(
    postgres_database: str, address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever hears nothing for a while asks on another connection; where it is answered, waiting goes on."""
    monkeypatch.setattr(database_module, "DOUBT", 0.1)
    with closing(Database(address)) as database:
        assert database.value("SELECT 7 FROM pg_sleep(1)") == 7
        with database.transaction() as link:
            assert link.execute("SELECT 8 FROM pg_sleep(0.5)").fetchone() == (8,)
        assert database.breaker.closed


@pytest.mark.nightly
def test_a_silent_server_is_waited_for_once(private_postgres: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first learns it by waiting, everybody after that at once; when it goes on, the next one works."""
    monkeypatch.setattr(database_module, "DOUBT", 0.2)
    with closing(Database(prepare(private_postgres.url))) as database:
        assert database.value("SELECT 1") == 1
        private_postgres.pause()
        for _ in range(2):
            with pytest.raises(DatabaseUnreachable):
                database.value("SELECT 2")
        assert not database.breaker.closed
        private_postgres.resume()
        wait_until(database.breaker.passes)
        assert database.value("SELECT 3") == 3
        assert database.breaker.closed


def test_a_process_at_rest_keeps_few_connections(postgres_database: str, address: Address) -> None:
    """A burst opens one for each thread. Those that nobody needed for a minute are closed by whoever comes next."""
    now = [0.0]
    with closing(Database(address, clock=lambda: now[0])) as database:
        everybody = threading.Barrier(12)

        def ask() -> None:
            with database.connection() as link:
                everybody.wait(30)
                link.execute("SELECT 1")

        def open_ones() -> int:
            name = Address.parse(postgres_database).database
            asked = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}' AND application_name = 'jianzheng'"
            return int(administer(postgres_database, address, asked)[0][0])

        at_once(ask, 12)
        assert open_ones() == 12
        now[0] += IDLE_FOR - 1
        assert database.value("SELECT 2") == 2
        assert open_ones() == 12
        now[0] += 2
        assert database.value("SELECT 3") == 3
        wait_until(lambda: open_ones() == KEEP)
        at_once(ask, 12)  # and they are opened again when they are needed
        assert open_ones() == 12


def test_the_gate_of_filings_outlives_a_restart(private_postgres: Server) -> None:
    """Its connection lay idle while the server was restarted: the next filing does not notice."""
    with closing(Database(prepare(private_postgres.url))) as database, closing(PostgresGate(database)) as gate:
        with gate.filing():
            pass
        private_postgres.restart()
        with gate.filing(), gate.filing():
            assert (
                database.value("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ShareLock'") == 1
            )


def test_followers_of_other_processes_are_woken(postgres_database: str, address: Address) -> None:
    """By NOTIFY; and once after a lost connection, for whatever was not heard meanwhile."""
    with opened(address) as one, opened(address) as other:
        woken = threading.Event()
        other.on_append(woken.set)
        assert other.listener is not None
        assert other.listener.listening.wait(30)
        one.append([signed(uuid4())])
        assert woken.wait(30)
        woken.clear()
        administer(postgres_database, address, TERMINATE.format(which="query LIKE 'LISTEN%'"))
        assert woken.wait(30)
