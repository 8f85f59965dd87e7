"""SQLite's result codes under our names: full, not writable, busy, a failing device, and damage are told apart."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from threading import Timer

import pytest

from adapters.disk.sqlite_faults import fault_of, translated, write_ahead
from domain.errors import ArchiveBusy, DatabaseDamaged, StorageFailed, StorageFull, StorageNotWritable


class Reported(sqlite3.OperationalError):
    """As SQLite raises it: the sentence is the same for a full disk and for a broken one."""

    def __init__(self, code: int) -> None:
        super().__init__("disk I/O error")
        self.sqlite_errorcode, self.sqlite_errorname = code, "SQLITE_NAMED"


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (sqlite3.SQLITE_FULL, StorageFull),
        (sqlite3.SQLITE_IOERR_SHMSIZE, StorageFull),
        (sqlite3.SQLITE_IOERR_WRITE, StorageFailed),
        (sqlite3.SQLITE_READONLY_DIRECTORY, StorageNotWritable),
        (sqlite3.SQLITE_CANTOPEN, StorageNotWritable),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, ArchiveBusy),
        (sqlite3.SQLITE_LOCKED, ArchiveBusy),
        (sqlite3.SQLITE_CORRUPT, DatabaseDamaged),
        (sqlite3.SQLITE_NOTADB, DatabaseDamaged),
    ],
)
def test_each_code_has_its_name(code: int, kind: type[Exception]) -> None:
    """By the number, not by the sentence."""
    with pytest.raises(kind), translated():
        raise Reported(code)


def test_what_sqlite_did_not_say_has_no_code() -> None:
    """A closed database is damage to whoever reads."""
    assert isinstance(fault_of(sqlite3.ProgrammingError("closed")), DatabaseDamaged)


def test_a_real_lock_and_a_real_wreck(tmp_path: Path) -> None:
    """The codes are those that SQLite itself reports."""
    path = tmp_path / "a.sqlite"
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("CREATE TABLE t (x)")
    holder.execute("BEGIN EXCLUSIVE")
    other = sqlite3.connect(path, timeout=0, isolation_level=None)
    with pytest.raises(ArchiveBusy), translated():
        other.execute("INSERT INTO t VALUES (1)")
    holder.execute("ROLLBACK")
    holder.close()
    other.close()
    path.write_bytes(b"no database at all" * 100)
    wreck = sqlite3.connect(path)
    with pytest.raises(DatabaseDamaged), translated():
        wreck.execute("SELECT * FROM t")
    wreck.close()


def test_a_file_that_another_one_writes_to_gets_its_log(tmp_path: Path) -> None:
    """SQLite refuses the switch at once, whatever the timeout: it is waited for."""
    path = tmp_path / "new.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("CREATE TABLE t (x)")
        other.execute("BEGIN IMMEDIATE")
        with closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as db:
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                db.execute("PRAGMA journal_mode=WAL")
            later = Timer(0.2, other.execute, ["COMMIT"])
            later.start()
            write_ahead(db)
            assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
            later.join()
