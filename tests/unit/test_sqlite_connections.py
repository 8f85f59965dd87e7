"""A thread's connection is closed with it, shared ones with their store, and none that could not be opened speaks."""

from __future__ import annotations

import gc
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from adapters.disk.sqlite_connections import KEEP, OwnConnection, SharedConnections, alone, connect
from domain.errors import StorageFailed


def test_a_connection_is_closed_before_the_garbage_collector_has_it(tmp_path: Path) -> None:
    """When its thread ends: so Python has nothing to complain of, whichever version it is."""
    own, closed = threading.local(), []

    class Told(OwnConnection):
        def close(self) -> None:
            closed.append(threading.current_thread().name)
            super().close()

    def work() -> None:
        own.db = sqlite3.connect(tmp_path / "x.sqlite", check_same_thread=False, factory=Told)

    thread = threading.Thread(target=work, name="worker")
    thread.start()
    thread.join()
    gc.collect()
    assert len(closed) == 1
    assert isinstance(connect(tmp_path / "x.sqlite"), OwnConnection)


def test_what_could_not_be_opened_leaves_no_word_behind(tmp_path: Path) -> None:
    """The error is all: nothing is said of a connection that never was."""
    with pytest.raises(sqlite3.OperationalError):
        connect(tmp_path / "nowhere" / "x.sqlite")
    gc.collect()


def test_addresses_are_understood(tmp_path: Path) -> None:
    """A file that is only to be read is not made."""
    address = f"{(tmp_path / 'x.sqlite').as_uri()}?mode=ro"
    with pytest.raises(sqlite3.OperationalError):
        connect(address)
    connect(tmp_path / "x.sqlite").execute("CREATE TABLE t (a)")
    assert connect(address).execute("SELECT count(*) FROM t").fetchone() == (0,)
    assert connect(tmp_path / "x.sqlite").isolation_level is None


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[SharedConnections]:
    with closing(SharedConnections(lambda: connect(tmp_path / "x.sqlite"))) as found:
        yield found


def test_who_comes_next_gets_the_connection_that_was_used_last(shared: SharedConnections) -> None:
    """There are as many as are needed at once, and no more than a few that nobody needs."""
    with shared.borrowed() as one, shared.borrowed() as other:
        assert one is not other
    with shared.borrowed() as again:
        assert again is one
    with ExitStack() as many:
        taken = {id(many.enter_context(shared.borrowed())) for _ in range(2 * KEEP)}
        assert len(taken) == 2 * KEEP
    with ExitStack() as many:
        kept = {id(many.enter_context(shared.borrowed())) for _ in range(KEEP)}
        assert kept <= taken


def test_a_connection_in_use_is_closed_when_it_comes_back(shared: SharedConnections) -> None:
    """Not before; and nobody gets one any more."""
    with shared.borrowed() as used:
        with shared.borrowed() as idle:
            pass
        shared.close()
        assert used.execute("SELECT 1").fetchone() == (1,)
        with pytest.raises(sqlite3.ProgrammingError):
            idle.execute("SELECT 1")
        with pytest.raises(StorageFailed), shared.borrowed():
            pass
    with pytest.raises(sqlite3.ProgrammingError):
        used.execute("SELECT 1")


def test_who_is_alone_writes_all_or_nothing(tmp_path: Path) -> None:
    """Others are kept out from the first moment on; an error takes everything back."""
    with closing(connect(tmp_path / "x.sqlite")) as db, closing(connect(tmp_path / "x.sqlite")) as other:
        other.execute("PRAGMA busy_timeout=0")
        with alone(db):
            db.execute("CREATE TABLE t (a)")
            with pytest.raises(sqlite3.OperationalError, match="locked"), alone(other):
                pass
        with pytest.raises(ZeroDivisionError), alone(db):
            db.execute("INSERT INTO t VALUES (1)")
            raise ZeroDivisionError
        with alone(other):
            assert other.execute("SELECT count(*) FROM t").fetchone() == (0,)
