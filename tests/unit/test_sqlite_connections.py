"""A thread's connection is closed with it, and one that could not be opened leaves no word behind."""

from __future__ import annotations

import gc
import sqlite3
import threading
from pathlib import Path

import pytest

from adapters.sqlite_connections import connect


def test_a_connection_ends_with_its_thread(tmp_path: Path) -> None:
    """Whoever held it is gone; nothing of it is left for the garbage collector to complain of."""
    own, kept = threading.local(), []

    def work() -> None:
        own.db = connect(tmp_path / "x.sqlite")
        own.db.execute("CREATE TABLE t (a)")
        kept.append(own.db.execute("SELECT 1"))  # a cursor that outlives its connection's thread

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    kept.clear()
    gc.collect()
    assert not (tmp_path / "x.sqlite-journal").exists()
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
    assert isinstance(connect(tmp_path / "x.sqlite").isolation_level, type(None))
