"""The event store on PostgreSQL when processes and servers die: nothing acknowledged is lost, nothing is seen twice."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest

import adapters.events.postgres as module
import adapters.postgres.database as database_module
from adapters.blobs.postgres_gate import PostgresGate
from adapters.events.postgres import PostgresEventStore
from adapters.events.rows import NewRow
from adapters.ledger.postgres import PostgresLedgerStore
from adapters.postgres.address import Address
from adapters.postgres.database import IDLE_FOR, KEEP, Database, Link
from adapters.postgres.faults import DatabaseUnreachable, OutcomeUnknown
from domain.errors import ArchiveBusy, VersionConflict
from domain.ports.events import StoredRow
from domain.records.events import RecordSignedOff
from tests import forking
from tests.fakes import stamp
from tests.postgres_world import LOCKS_HERE, administer, prepare
from tests.servers.local import Server

ROOT = Path(__file__).parents[2]
WRITERS, EVENTS = 8, 50_000

TERMINATE = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND usename = 'jianzheng_app' AND {which}"
)


def signed(stream: UUID, version: int = 1, remark: str = "同意") -> RecordSignedOff:
    return RecordSignedOff(remark=remark, **stamp().header(stream, version))


@pytest.fixture
def address(postgres_database: str) -> Address:
    return prepare(postgres_database)


@contextmanager
def opened(address: Address, **options: float) -> Iterator[PostgresEventStore]:
    with closing(Database(address, **options)) as database, closing(PostgresEventStore(database)) as store:
        yield store


def writer(address: Address, count: int, seed: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.faults.append_to_postgres", address.url(), str(count), str(seed)]
    return forking.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


class Output(threading.Thread):
    """What a writer acknowledged, read while it writes."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        super().__init__()
        self.process, self.batches = process, dict[UUID, int]()
        self.start()

    def run(self) -> None:
        with self.process:
            for line in self.process.stdout or ():
                stream, size = line.split()
                self.batches[UUID(stream)] = int(size)


@pytest.mark.slow
def test_a_follower_misses_nothing_and_sees_nothing_twice(postgres_database: str, address: Address) -> None:
    """8 writers, 50,000 events; meanwhile writers die in mid-transaction and connections are cut again and again."""
    outputs = [Output(writer(address, EVENTS // WRITERS, n)) for n in range(WRITERS)]
    seen: list[StoredRow] = []
    done, deaths = False, 0
    with opened(address) as follower:
        rows: list[StoredRow] = []
        while not done or rows:
            done = not any(output.is_alive() for output in outputs)  # asked before reading: the last rows come after
            rows = follower.rows(seen[-1].position if seen else 0, 500)
            seen += rows
            if len(seen) > (deaths + 1) * EVENTS // 8:
                deaths += 1
                die_inside(address, postgres_database, kill=deaths % 2 == 0)
                administer(postgres_database, address, TERMINATE.format(which="query LIKE 'INSERT%' AND pid % 3 = 0"))
    assert [output.process.returncode for output in outputs] == [0] * WRITERS
    assert deaths == 7
    positions = [row.position for row in seen]
    assert positions == sorted(set(positions))
    stored = administer(postgres_database, address, "SELECT originator_id, originator_version FROM stored_events")
    assert Counter((row.id, row.version) for row in seen) == Counter(stored)
    acknowledged = {stream: size for output in outputs for stream, size in output.batches.items()}
    assert Counter(row.id for row in seen) == acknowledged
    assert len(seen) == EVENTS


def die_inside(address: Address, url: str, *, kill: bool) -> None:
    """A process inserts and dies before it commits, or the server cuts it off; the others wait for it meanwhile."""
    with writer(address, 0, uuid4()) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "inside\n"
        if not kill:
            administer(url, address, TERMINATE.format(which="state = 'idle in transaction'"))
        process.kill()


def test_a_position_is_seen_only_after_all_before_it(address: Address) -> None:
    """While one transaction has drawn positions and is not committed, no later position can be seen."""
    with opened(address, lock_timeout=0.3) as store, closing(Database(address)) as other:
        store.append([signed(uuid4())])
        with pytest.raises(ZeroDivisionError), other.transaction() as link:
            module.insert(link, [module.new_row(signed(uuid4()))])
            with pytest.raises(ArchiveBusy):
                store.append([signed(uuid4())])
            raise ZeroDivisionError
        event = signed(uuid4())
        store.append([event])
        first, second = store.rows(0, 10)
        assert (first.version, second.id) == (1, event.originator_id)
        assert second.position > first.position + 1  # positions that were taken back are gaps


def test_what_became_of_an_append_is_found_out(address: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection breaks, in pairs: nothing was stored and that is said; all was stored and it is acknowledged."""
    real = module.insert

    def cut(link: Link, rows: list[NewRow], *, after: bool) -> None:
        if after:
            real(link, rows)
        link.pgconn.finish()
        raise psycopg.OperationalError("the connection is lost")

    lost, kept = [signed(uuid4()), signed(uuid4())], [signed(uuid4()), signed(uuid4())]
    with opened(address) as store:
        monkeypatch.setattr(module, "insert", lambda link, rows: cut(link, rows, after=False))
        with pytest.raises(DatabaseUnreachable) as failed:
            store.append(lost)
        assert not isinstance(failed.value, OutcomeUnknown)
        assert store.head() == 0
        monkeypatch.setattr(module, "insert", lambda link, rows: cut(link, rows, after=True))
        store.append(kept)
        monkeypatch.setattr(module, "insert", lambda link, rows: cut(link, rows, after=False))
        with pytest.raises(VersionConflict):  # what is there is somebody else's
            store.append([signed(kept[0].originator_id, remark="不同意")])
        monkeypatch.undo()
        store.append(lost)
        assert [store.decode(row) for row in store.rows(0, 10)] == [*kept, *lost]


class Outrun:
    """A store that sees of streams, before it takes the lock, what they were: others were quicker each time."""

    def __init__(self, store: PostgresEventStore, monkeypatch: pytest.MonkeyPatch) -> None:
        self.store, self.stream = store, uuid4()
        store.append([signed(self.stream)])
        monkeypatch.setattr(store, "last_version", lambda stream: 0)

    def go_on(self) -> RecordSignedOff:
        [event] = self.store.append_next(self.stream, self._decide)
        return event

    def wait_and_go_on(self) -> None:
        self.store._append_locked(self.stream, self._decide)

    def _decide(self, last: int) -> list[RecordSignedOff]:
        return [signed(self.stream, last + 1)]


@pytest.mark.parametrize("habit", ["read committed", "repeatable read", "serializable"])
def test_who_was_outrun_is_not_outrun_again(
    postgres_database: str, address: Address, monkeypatch: pytest.MonkeyPatch, habit: str
) -> None:
    """Behind the lock the next place is free, however transactions look at this server by default."""
    name = Address.parse(postgres_database).database
    habitual = f"ALTER DATABASE \"{name}\" SET default_transaction_isolation = '{habit}'"
    administer(postgres_database, address, habitual)
    with opened(address) as store, closing(Database(address)) as other:
        late = Outrun(store, monkeypatch)
        assert late.go_on().originator_version == 2
        with other.transaction() as link:
            module.insert(link, [module.new_row(signed(late.stream, 3))])
            thread = threading.Thread(target=late.wait_and_go_on)
            thread.start()
            waiting = f"SELECT count(*) FROM {LOCKS_HERE} AND NOT granted"
            wait_until(lambda: administer(postgres_database, address, waiting) == [(1,)])
        thread.join()
        assert [event.originator_version for event in store.stream(late.stream)] == [1, 2, 3, 4]


def test_who_waits_too_long_to_go_on_is_told_that_the_archive_is_busy(
    address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never that somebody changed a record: neither at the first try, nor when waiting for the lock alone."""
    with opened(address, lock_timeout=0.3) as store, opened(address) as other:
        late = Outrun(store, monkeypatch)
        with other.closed():
            for ask in (late.go_on, late.wait_and_go_on):
                with pytest.raises(ArchiveBusy) as failed:
                    ask()
                assert (failed.value.http_status, failed.value.exit_code) == (503, 3)
        assert late.go_on().originator_version == 2


def test_what_became_of_the_next_event_is_found_out(address: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection breaks under the lock, in pairs: nothing was stored and that is said, also where somebody else
    got the place meanwhile; all was stored and it is acknowledged."""
    real = module.insert

    def broken(link: Link, rows: list[NewRow], *, meanwhile: Callable[[], object]) -> None:
        if rows[0][1] == 1:  # the first try, which comes too late
            return real(link, rows)
        link.pgconn.finish()
        meanwhile()
        raise psycopg.OperationalError("the connection is lost")

    with opened(address) as store, closing(Database(address)) as other:
        late = Outrun(store, monkeypatch)
        with monkeypatch.context() as patch:
            patch.setattr(module, "insert", lambda link, rows: broken(link, rows, meanwhile=lambda: None))
            with pytest.raises(DatabaseUnreachable):
                late.go_on()
            assert store.head() == 1
        with monkeypatch.context() as patch:

            def quicker() -> None:
                with other.connection() as link:
                    real(link, [module.new_row(signed(late.stream, 2, "不同意"))])

            patch.setattr(module, "insert", lambda link, rows: broken(link, rows, meanwhile=quicker))
            with pytest.raises(DatabaseUnreachable) as failed:
                late.go_on()
            assert not isinstance(failed.value, OutcomeUnknown)
        with monkeypatch.context() as patch:
            commit = Link.transaction

            @contextmanager
            def committed(link: Link) -> Iterator[object]:
                with commit(link) as transaction:
                    yield transaction
                patch.undo()
                link.pgconn.finish()
                raise psycopg.OperationalError("the connection is lost")

            patch.setattr(Link, "transaction", committed)
            event = late.go_on()
        assert [each.originator_version for each in store.stream(late.stream)] == [1, 2, 3]
        assert store.stream(late.stream)[2] == event


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


@pytest.mark.nightly
def test_writers_go_on_after_the_server_was_killed(private_postgres: Server) -> None:
    """`kill -9` of the server under load, again and again: what was acknowledged is there, once, and nothing else."""
    address = prepare(private_postgres.url)
    outputs = [Output(writer(address, 3000, n)) for n in range(3)]
    seen: list[StoredRow] = []
    with opened(address) as follower:
        rows: list[StoredRow] = []
        done, deaths = False, 0
        while not done or rows:
            done = not any(output.is_alive() for output in outputs)
            rows = follower.rows(seen[-1].position if seen else 0, 500)
            seen += rows
            if len(seen) > (deaths + 1) * 1500 and deaths < 4:
                deaths += 1
                private_postgres.kill()
                with pytest.raises(DatabaseUnreachable):
                    follower.head()
                private_postgres.start()
    assert [output.process.returncode for output in outputs] == [0] * 3
    assert deaths == 4
    assert Counter(row.id for row in seen) == {s: n for output in outputs for s, n in output.batches.items()}
    assert len(seen) == 9000
    positions = [row.position for row in seen]
    assert positions == sorted(set(positions))


def test_a_large_batch_is_one_transaction(address: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes several statements; a conflict in the last of them takes back the first."""
    monkeypatch.setattr(module, "LARGEST", 1000)
    events = [signed(uuid4(), 1, "字" * (n % 700)) for n in range(30)]
    with opened(address) as store:
        store.append(events[-1:])
        with pytest.raises(VersionConflict):
            store.append(events)
        assert store.head() == 1
        store.append(events[:-1])
        assert [store.decode(row) for row in store.rows(0, 99)] == [events[-1], *events[:-1]]


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


def wait_until(true: Callable[[], bool]) -> None:
    """At most some twenty seconds."""
    for _ in range(200):
        if true():
            return
        threading.Event().wait(0.1)
    raise AssertionError("it never came")
