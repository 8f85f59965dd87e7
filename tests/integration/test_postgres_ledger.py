"""The ledger over events on PostgreSQL: the same bytes as over SQLite, one integrator at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from adapters.disk.file_lock import LedgerLock
from adapters.events.postgres import PostgresEventStore
from adapters.events.sqlite import SQLiteEventStore
from adapters.keys.signing import create_key, load_key
from adapters.ledger.guard import GuardedSigner
from adapters.ledger.postgres import PostgresLedgerStore, ledger_lock
from adapters.ledger.publisher import Publisher
from adapters.ledger.publisher_s3 import S3Publisher
from adapters.ledger.store import LedgerStore
from adapters.postgres.database import Database
from adapters.postgres.faults import DatabaseUnreachable
from adapters.s3.address import Address as BucketAddress
from adapters.s3.client import Client
from domain.errors import ArchiveBusy, VersionConflict
from domain.ledger.tiles import tiles_between
from domain.ledger.tree import leaf_hash
from domain.ports.events import EventStore
from domain.ports.ledger import LedgerTables
from domain.ports.surroundings import Lock
from indexers.ledger import Integrator
from tests.contract.event_stores import signed
from tests.postgres_world import LOCKS_HERE, administer, prepare

NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def database(postgres_database: str) -> Iterator[Database]:
    with closing(Database(prepare(postgres_database))) as opened:
        yield opened


def integrator(home: Path, key: Path, events: EventStore, ledger: LedgerTables, lock: Lock, batch: int) -> Integrator:
    publisher = Publisher(home / "public", home / "staging")
    publisher.create()
    guard = GuardedSigner(load_key(key), home / "last-signed")
    return Integrator(events, ledger, publisher, guard, lambda: NOON, lock, batch=batch)


def public(home: Path) -> dict[str, bytes]:
    """Everything that was published, by name."""
    folder = home / "public"
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_ledger_is_the_same_to_the_last_byte(database: Database, tmp_path: Path) -> None:
    """Entries, tiles and checkpoints do not tell where the events lie, not even where positions have gaps."""
    key = tmp_path / "key"
    create_key(key, "ledger.example/log")
    files, rows = SQLiteEventStore(tmp_path / "events.sqlite"), LedgerStore(tmp_path / "ledger.sqlite")
    with closing(files), closing(rows), closing(PostgresEventStore(database)) as server:
        files.create()
        rows.create()
        table = PostgresLedgerStore(database)
        embedded = integrator(tmp_path / "a", key, files, rows, LedgerLock(tmp_path / "lock"), 200)
        served = integrator(tmp_path / "b", key, server, table, ledger_lock(database), 200)
        for part in range(3):
            events = [signed(UUID(int=n), 1, f"第 {n} 次") for n in range(250 * part, 250 * part + 250)]
            for store in (files, server):
                store.append(events)
            with pytest.raises(VersionConflict):
                server.append(events[:3])
            assert (embedded.run_once(), served.run_once()) == (250, 250)
        assert table.root(750) == rows.root(750)
        assert [each.position for each in table.leaves(0, 750)] != [each.position for each in rows.leaves(0, 750)]
    assert len(public(tmp_path / "a")) > 6
    assert public(tmp_path / "a") == public(tmp_path / "b")


def test_integrators_on_several_machines_share_the_work(database: Database, tmp_path: Path) -> None:
    """Four of them, each with connections of its own, over one public folder: every event becomes one leaf."""
    key = tmp_path / "key"
    create_key(key, "ledger.example/log")
    with closing(PostgresEventStore(database)) as store:
        done = threading.Event()

        def work() -> None:
            with closing(Database(database.address)) as own:
                ledger, events = PostgresLedgerStore(own), PostgresEventStore(own)
                one = integrator(tmp_path, key, events, ledger, ledger_lock(own), 64)
                while not done.is_set() or one.run_once(-1):
                    one.run_once()

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for n in range(40):
            store.append([signed(UUID(int=100 * n + m)) for m in range(10)])
        done.set()
        for thread in threads:
            thread.join()
        leaves = PostgresLedgerStore(database).leaves(0, 1000)
        assert [leaf.position for leaf in leaves] == [row.position for row in store.rows(0, 1000)]
        assert PostgresLedgerStore(database).published() == 400


@pytest.mark.parametrize("step", ["leaves-committed", "guard-checked", "tiles-staged", "tiles-written", "remembered"])
def test_an_integrator_that_lost_its_lock_unnoticed(
    database: Database, postgres_database: str, s3_bucket: str, tmp_path: Path, step: str
) -> None:
    """The server frees the lock with its connection, and another integrator grows the tree over partial tiles that the
    first one still writes: none of them stays behind, nothing goes back, and the first one ends."""
    key = tmp_path / "key"
    create_key(key, "ledger.example/log")
    with (
        closing(Client(BucketAddress.parse(s3_bucket))) as bucket,
        closing(Database(database.address)) as theirs,
        closing(PostgresEventStore(database)) as events,
        closing(PostgresEventStore(theirs)) as same_events,
    ):
        ledger, publisher = PostgresLedgerStore(database), S3Publisher(bucket)
        guards = [GuardedSigner(load_key(key), tmp_path / name) for name in ("one", "other")]
        other = Integrator(
            same_events, PostgresLedgerStore(theirs), publisher, guards[1], lambda: NOON, ledger_lock(theirs)
        )

        def depose(at: str) -> None:
            if at != step or ledger.size() != 300:
                return
            holder = f"SELECT pg_terminate_backend(pid) FROM {LOCKS_HERE} AND mode = 'ExclusiveLock'"
            administer(postgres_database, database.address, holder)
            same_events.append([signed(UUID(int=1000 + n)) for n in range(300)])
            assert other.run_once(30) == 300

        one = Integrator(events, ledger, publisher, guards[0], lambda: NOON, ledger_lock(database), fault=depose)
        events.append([signed(UUID(int=n)) for n in range(300)])
        with pytest.raises((ArchiveBusy, DatabaseUnreachable)):
            one.run_once()
        assert publisher.checkpoint().split(b"\n")[1] == b"600"
        names = {str(each.object_name) for each in bucket.objects("ledger/tile/")}
        assert [name for name in names if ".p/" in name and name.partition(".p/")[0] in names] == []
        wanted = {f"ledger/{tile.path}" for tile in tiles_between(0, 600)}
        assert wanted <= names


def test_whoever_lost_the_lock_is_refused(database: Database) -> None:
    """Two that both believe to be the integrator: the second batch from the same place is not taken, nothing breaks."""
    one, other = PostgresLedgerStore(database), PostgresLedgerStore(database)
    batch = [(n + 1, UUID(int=n).bytes, 1, leaf_hash(b"%d" % n)) for n in range(5)]
    assert one.append(batch, NOON) == 5
    with pytest.raises(ArchiveBusy):
        other.append(batch, NOON)
    with pytest.raises(ArchiveBusy):
        other.append([*batch[3:], (9, UUID(int=9).bytes, 1, leaf_hash(b"9"))], NOON)
    assert (one.size(), one.tracking()) == (5, 5)
