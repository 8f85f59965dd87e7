"""Where time stamps are kept: write-once files on either back end, and what the ledger's database remembers of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from adapters.evidence.postgres import PostgresLedgerRows
from adapters.evidence.questions import LedgerEvidence
from adapters.evidence.sqlite import LedgerRows
from adapters.ledger.postgres import PostgresLedgerStore
from adapters.ledger.store import LedgerStore
from adapters.postgres.database import Database
from adapters.s3.address import Address
from adapters.s3.client import Client
from adapters.timestamps.folder import FolderTimestamps
from adapters.timestamps.s3 import S3Timestamps
from domain.ledger.timestamps import NOTE, STAMP, StampName, TimestampRegister, TimestampStore, seal_of
from tests.postgres_world import prepare
from tests.tamper_world import Tampered

ONE, TWO = StampName(7, "tsa"), StampName(7, "tsa-2")


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TimestampStore]:
    if request.param == "folder":
        yield FolderTimestamps(tmp_path / "ledger", tmp_path / "stamping")
        return
    with closing(Client(Address.parse(request.getfixturevalue("s3_bucket")))) as client:
        yield S3Timestamps(client)


def test_files_are_written_once(store: TimestampStore) -> None:
    """The first bytes under a name stay; nothing half written is listed; what is not there is None."""
    assert store.names() == []
    assert store.read(ONE.file(STAMP)) is None
    assert store.keep(ONE.file(STAMP), b"answer")
    store.keep(ONE.file(STAMP), b"other")
    store.keep(ONE.file(NOTE), b"note")
    assert store.read(ONE.file(STAMP)) == b"answer"
    assert sorted(store.names()) == [ONE.file(NOTE), ONE.file(STAMP)]


def test_a_name_that_is_taken_is_told(store: TimestampStore) -> None:
    """Whoever comes second with other bytes knows it."""
    assert store.keep(ONE.file(STAMP), b"answer")
    assert not store.keep(ONE.file(STAMP), b"other")


def test_what_was_begun_is_known_until_it_ends(store: TimestampStore) -> None:
    """Also when it is begun twice, and ended twice; it is nowhere among the files."""
    assert store.unfinished() == []
    for each in (ONE, TWO, ONE):
        store.begin(each)
    assert sorted(store.unfinished()) == [ONE, TWO]
    for _ in range(2):
        store.end(ONE)
    assert store.unfinished() == [TWO]
    assert store.names() == []


class Register:
    """A ledger's tables, and the eyes of the forensic check on them."""

    def __init__(self, tables: TimestampRegister, evidence: LedgerEvidence) -> None:
        self.tables, self.evidence = tables, evidence


@pytest.fixture(params=["sqlite", "postgres"])
def register(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Register]:
    if request.param == "sqlite":
        made = LedgerStore(tmp_path / "ledger.sqlite")
        made.create()
        with closing(made), closing(LedgerRows(tmp_path / "ledger.sqlite")) as rows:
            yield Register(made, rows)
        return
    address = prepare(request.getfixturevalue("postgres_database"))
    with closing(Database(address)) as database, closing(PostgresLedgerRows(address)) as found:
        yield Register(PostgresLedgerStore(database), found)


def test_what_is_remembered(register: Register) -> None:
    """In the order of sizes; the first seal stays; the check sees the same."""
    seals = {name: seal_of(name, name.label.encode()) for name in (TWO, ONE, StampName(300, "tsa"))}
    assert register.tables.timestamps() == []
    for name, seal in seals.items():
        register.tables.record_timestamp(*name, seal)
    register.tables.record_timestamp(*ONE, seal_of(ONE, b"other"))
    expected = [(*name, seals[name]) for name in sorted(seals)]
    assert register.tables.timestamps() == expected
    assert register.evidence.timestamps() == expected


def test_an_archive_of_before(tmp_path: Path) -> None:
    """A ledger that was made before there were time stamps has no table of them; the first one makes it."""
    store = LedgerStore(tmp_path / "ledger.sqlite")
    store.create()
    store.close()
    Tampered(tmp_path).ledger("DROP TABLE timestamps")
    with closing(store), closing(LedgerRows(tmp_path / "ledger.sqlite")) as rows:
        assert (store.timestamps(), rows.timestamps()) == ([], [])
        store.record_timestamp(*ONE, seal_of(ONE, b""))
        assert len(store.timestamps()) == len(rows.timestamps()) == 1
