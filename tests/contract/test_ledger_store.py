"""What everything but the integrator needs of the ledger: the contract of `LedgerReader`, and of writing it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Protocol
from uuid import UUID

import pytest

from adapters.ledger.postgres import PostgresLedgerStore
from adapters.ledger.store import LedgerStore
from adapters.postgres.database import Database
from domain.errors import DatabaseDamaged, JianzhengError, NotFound
from domain.ledger.tree import EMPTY_ROOT, leaf_hash, root_of
from domain.ports.ledger import Leaf, LedgerReader, LedgerTables, NewLeaf
from tests.postgres_world import administer, prepare

NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)
STREAM = UUID(int=7)


def batch(start: int, count: int) -> list[NewLeaf]:
    """Leaves of one stream, at every third position."""
    return [(3 * n + 1, STREAM.bytes, n + 1, leaf_hash(b"%d" % n)) for n in range(start, start + count)]


class Kept:
    """Where a ledger's tables lie, and how to open and to damage them."""

    def __init__(self, opening: Callable[[], Closable], damage: Callable[[str], object]) -> None:
        self.damage, self._opening = damage, opening
        self.opened: list[Closable] = []

    def open(self) -> Closable:
        self.opened.append(self._opening())
        return self.opened[-1]


class Closable(LedgerTables, Protocol):
    def close(self) -> None: ...


@pytest.fixture(params=["sqlite", "postgres"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kept]:
    """A file, or a database of a real server with the rights of the application."""
    with ExitStack() as stack:
        if request.param == "sqlite":
            file = tmp_path / "ledger.sqlite"
            LedgerStore(file).create()
            made = Kept(lambda: LedgerStore(file), lambda statement: edit(file, statement))
        else:
            url = request.getfixturevalue("postgres_database")
            address = prepare(url)
            database = stack.enter_context(closing(Database(address)))
            PostgresLedgerStore(database).create()
            made = Kept(lambda: PostgresLedgerStore(database), lambda statement: administer(url, address, statement))
        yield made
        for store in made.opened:
            store.close()


def edit(file: Path, statement: str) -> None:
    with closing(sqlite3.connect(file)) as db, db:
        db.execute(statement)


@pytest.fixture
def store(kept: Kept) -> Closable:
    return kept.open()


def test_an_empty_ledger(store: Closable) -> None:
    """Nothing is there, and nothing is an error but asking for a checkpoint or a tree that was never reached."""
    reader: LedgerReader = store
    assert reader.size() == 0
    assert reader.leaves(0, 10) == reader.leaves_of(STREAM) == []
    assert reader.leaf_of(STREAM, 1) is None
    assert reader.size_at(NOON) == 0
    assert reader.batch_time(0) is None
    assert reader.root(0) == EMPTY_ROOT
    assert store.tracking() == store.published() == 0
    for size in (-1, 1):
        with pytest.raises(NotFound):
            reader.root(size)
    with pytest.raises(NotFound):
        reader.checkpoint()


def test_batches(store: Closable) -> None:
    """Leaves are numbered densely whatever their positions; roots of every size are those of the leaves."""
    assert store.append(batch(0, 300), NOON) == 300
    assert store.append(batch(300, 400), NOON + timedelta(minutes=1)) == 700
    assert store.tracking() == 3 * 699 + 1
    assert store.leaves(299, 2) == [Leaf(n, 3 * n + 1, STREAM, n + 1, leaf_hash(b"%d" % n)) for n in (299, 300)]
    assert store.leaf_of(STREAM, 301) == store.leaves(300, 1)[0]
    assert len(store.leaves_of(STREAM)) == 700
    hashes = [leaf_hash(b"%d" % n) for n in range(700)]
    for size in (0, 1, 255, 256, 257, 511, 512, 513, 699, 700):
        assert store.root(size) == root_of(hashes[:size])
    for start, end in ((0, 700), (256, 512), (512, 700), (128, 256), (699, 700), (640, 700)):
        assert store.range_hash(start, end) == root_of(hashes[start:end])


def test_times(store: Closable) -> None:
    """As of an instant means the last batch at or before it; a clock stepped back cannot reorder batches."""
    store.append(batch(0, 2), NOON)
    store.append(batch(2, 2), NOON - timedelta(days=1))
    store.append(batch(4, 2), NOON + timedelta(seconds=5))
    assert [store.batch_time(n) for n in (0, 2, 5, 6)] == [NOON, NOON, NOON + timedelta(seconds=5), None]
    assert store.size_at(NOON - timedelta(microseconds=1)) == 0
    assert store.size_at(NOON) == 4
    assert store.size_at(NOON + timedelta(days=99)) == 6


def test_a_batch_is_all_or_nothing(store: Closable) -> None:
    """A position that is a leaf already refuses the whole batch, and the next one is not disturbed."""
    store.append(batch(0, 5), NOON)
    with pytest.raises(DatabaseDamaged):
        store.append([*batch(5, 3), *batch(2, 1)], NOON)
    assert (store.size(), store.tracking()) == (5, 13)
    assert store.append(batch(5, 3), NOON) == 8


def test_checkpoints_are_kept(store: Closable) -> None:
    """The newest is given; an older one is never replaced."""
    for size in (5, 9):
        store.record_checkpoint(size, f"note {size}")
    store.record_checkpoint(5, "other")
    assert store.checkpoint() == "note 9"
    assert store.published() == 9


def test_others_read_while_one_writes(kept: Kept, store: Closable) -> None:
    """Another store on the same tables, in other threads, sees whole batches only."""
    other = kept.open()
    sizes: list[int] = []

    def look() -> None:
        for _ in range(50):
            size = other.size()
            other.root(size)
            sizes.append(size)

    threads = [Thread(target=look) for _ in range(3)]
    for thread in threads:
        thread.start()
    for n in range(20):
        store.append(batch(n * 10, 10), NOON)
    for thread in threads:
        thread.join()
    assert all(size % 10 == 0 for size in sizes)
    assert len(sizes) == 150


def test_missing_nodes_are_an_error_of_ours(kept: Kept, store: Closable) -> None:
    """A ledger somebody cut holes into gives no root rather than a wrong one."""
    store.append(batch(0, 300), NOON)
    kept.damage("DELETE FROM leaves WHERE idx = 270")
    with pytest.raises(DatabaseDamaged):
        store.root(300)


def test_no_file(tmp_path: Path) -> None:
    """A ledger that is not there is an error of ours."""
    with pytest.raises(JianzhengError):
        LedgerStore(tmp_path / "none.sqlite").size()
