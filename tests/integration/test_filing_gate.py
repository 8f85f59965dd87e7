"""The gate between filings and clean-ups, on one machine and, through PostgreSQL, on all of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from adapters.blobs import postgres_gate as gate_module
from adapters.blobs.postgres_gate import PostgresGate
from adapters.blobs.s3_notes import FolderGate, Gate
from adapters.postgres.address import Address
from adapters.postgres.database import Database
from domain.errors import ArchiveBusy
from tests.faults.soak.members import waited
from tests.postgres_world import LOCKS_HERE, administer, archive_database

MakeGate = Callable[[], Gate]
SOON = 20.0  # seconds within which something that is bound to happen has happened
NOT_YET = 0.3  # seconds after which something that is held back has still not happened


@pytest.fixture
def address(postgres_url: str) -> Iterator[Address]:
    with archive_database(postgres_url) as found:
        yield found


MakePostgresGate = Callable[..., PostgresGate]


@pytest.fixture
def make_postgres_gate(request: pytest.FixtureRequest) -> Iterator[MakePostgresGate]:
    """Makes the gate as each of several processes would, with connections of its own."""
    made: list[tuple[PostgresGate, Database]] = []

    def make(**options: Any) -> PostgresGate:
        database = Database(request.getfixturevalue("address"), **options)
        made.append((PostgresGate(database), database))
        return made[-1][0]

    yield make
    for gate, database in made:
        gate.close()
        database.close()


@pytest.fixture(params=["folder", "postgres"])
def make_gate(request: pytest.FixtureRequest, tmp_path: Path) -> MakeGate:
    """The same for each kind of gate."""
    if request.param == "folder":
        return lambda: FolderGate(tmp_path)
    make: MakeGate = request.getfixturevalue("make_postgres_gate")
    return make


class Inside(threading.Thread):
    """Goes through a gate and stays inside until it is told to leave."""

    def __init__(self, through: Callable[[], object]) -> None:
        super().__init__()
        self.through, self.entered, self.leave = through, threading.Event(), threading.Event()
        self.start()

    def run(self) -> None:
        with self.through():  # type: ignore[attr-defined]  # a context manager of either kind
            self.entered.set()
            self.leave.wait(SOON)

    def end(self) -> None:
        self.leave.set()
        self.join()


def test_filings_do_not_wait_for_each_other(make_gate: MakeGate) -> None:
    """Any number of them, in one process and in several."""
    here, there = make_gate(), make_gate()
    with here.filing(), there.filing(), here.filing():
        pass
    with here.filing():
        pass


def test_a_clean_up_is_alone(make_gate: MakeGate) -> None:
    """It waits for every filing under way, and no new one begins before it has ended."""
    here, there = make_gate(), make_gate()
    filing = Inside(here.filing)
    assert filing.entered.wait(SOON)
    clean_up = Inside(there.alone)
    assert not clean_up.entered.wait(NOT_YET)
    filing.end()
    assert clean_up.entered.wait(SOON)
    later = Inside(here.filing)
    assert not later.entered.wait(NOT_YET)
    clean_up.end()
    assert later.entered.wait(SOON)
    later.end()


def test_a_gate_opens_when_a_filing_fails(make_gate: MakeGate) -> None:
    """The error goes on to the caller, the gate is free."""
    gate = make_gate()
    with pytest.raises(ZeroDivisionError), gate.filing():
        raise ZeroDivisionError
    with gate.alone():
        pass


def test_a_clean_up_gets_its_turn(
    make_postgres_gate: MakePostgresGate, postgres_url: str, address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Filings that overlap without end let a clean-up in between: new ones wait for those under way now and then."""
    monkeypatch.setattr(gate_module, "TURN", 0.0)
    gate, other = make_postgres_gate(), make_postgres_gate()
    first = Inside(gate.filing)
    assert first.entered.wait(SOON)
    second = Inside(gate.filing)
    assert not second.entered.wait(NOT_YET)
    clean_up = Inside(other.alone)
    for _ in waited(SOON):  # until it stands in the queue, which takes it a while on a busy machine
        if administer(postgres_url, address, f"SELECT 1 FROM {LOCKS_HERE} AND NOT granted"):
            break
    assert not clean_up.entered.wait(NOT_YET)
    first.end()
    assert clean_up.entered.wait(SOON) and not second.entered.is_set()
    clean_up.end()
    assert second.entered.wait(SOON)
    second.end()


def test_a_filing_does_not_wait_for_ever(make_postgres_gate: MakePostgresGate) -> None:
    """Behind a clean-up that takes too long it ends with an error that says: try again."""
    gate, other = make_postgres_gate(lock_timeout=0.5), make_postgres_gate()
    clean_up = Inside(other.alone)
    assert clean_up.entered.wait(SOON)
    with pytest.raises(ArchiveBusy), gate.filing():
        raise AssertionError("it is closed")
    clean_up.end()
    with gate.filing():
        pass


def test_a_lost_connection_ends_nothing_but_itself(
    make_postgres_gate: MakePostgresGate, address: Address, postgres_url: str
) -> None:
    """The next filing opens the gate by a new connection."""
    gate = make_postgres_gate()
    with gate.filing():
        assert gate._link is not None
        administer(postgres_url, address, f"SELECT pg_terminate_backend({gate._link.backend}, 10000)")
    with gate.filing(), psycopg.connect(**address.parameters()) as asking:
        held = asking.execute(f"SELECT count(*) FROM {LOCKS_HERE} AND mode = 'ShareLock'")
        assert held.fetchone() == (1,)
