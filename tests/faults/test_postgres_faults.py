"""Appends to PostgreSQL when processes and servers die: nothing acknowledged is lost, nothing is seen twice."""

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
from adapters.events.postgres import PostgresEventStore
from adapters.events.rows import NewRow
from adapters.postgres.address import Address
from adapters.postgres.database import Database, Link
from adapters.postgres.faults import DatabaseUnreachable, OutcomeUnknown
from domain.errors import ArchiveBusy, VersionConflict
from domain.ports.events import StoredRow
from domain.records.events import RecordSignedOff
from tests import forking
from tests.contract.event_stores import signed
from tests.postgres_world import LOCKS_HERE, TERMINATE, administer, opened, prepare, wait_until
from tests.servers.local import Server

ROOT = Path(__file__).parents[2]
WRITERS, EVENTS = 8, 50_000


@pytest.fixture
def address(postgres_database: str) -> Address:
    return prepare(postgres_database)


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
