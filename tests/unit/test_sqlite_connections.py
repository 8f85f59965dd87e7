"""A thread's connection is closed with it, and one that could not be opened leaves no word behind."""

from __future__ import annotations

import gc
import sqlite3
import threading
from pathlib import Path

import pytest

from adapters.sqlite_connections import OwnConnection, connect


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
