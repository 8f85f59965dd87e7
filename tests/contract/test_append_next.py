"""What every event store promises to those who go on with a stream that many append to: `append_next`."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from adapters.disk import sqlite_connections
from adapters.events import sqlite
from adapters.events.sqlite import SQLiteEventStore
from domain.errors import ArchiveBusy, VersionConflict
from domain.records.codes import RegisterFull
from tests.contract.event_stores import open_store, place, signed
from tests.fakes import MemoryEvents

KINDS = ("sqlite", "postgres")


@pytest.fixture(params=KINDS)
def opening(request: pytest.FixtureRequest) -> Iterator[tuple[str, ...]]:
    """What another process needs to open the store."""
    with place(request) as found:
        yield found.opening


@pytest.fixture(params=[*KINDS, "memory"])
def stores(request: pytest.FixtureRequest) -> Iterator[tuple[Any, Any]]:
    """One store, opened twice as two processes would; also the one in memory, on which the use cases are tried."""
    if request.param == "memory":
        one = MemoryEvents()
        yield one, one
        return
    with (
        place(request) as found,
        closing(open_store(*found.opening)) as one,
        closing(open_store(*found.opening)) as two,
    ):
        yield one, two


@pytest.fixture
def store(stores: tuple[Any, Any]) -> Any:
    return stores[0]


def at_once(*works: Callable[[], object]) -> list[BaseException]:
    """Each in a thread of its own; what they raised."""
    together, faults = threading.Barrier(len(works)), list[BaseException]()

    def run(work: Callable[[], object]) -> None:
        together.wait()
        try:
            work()
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return faults


def test_it_is_made_of_the_last_version(store):
    """What was decided is stored and given back; where nothing was decided, nothing."""
    stream, other = uuid4(), uuid4()

    def decide(last):
        return [signed(other, last + 1), signed(stream, last + 1)]

    assert store.append_next(stream, decide) == [signed(other, 1), signed(stream, 1)]
    assert store.append_next(stream, decide) == [signed(other, 2), signed(stream, 2)]
    assert store.append_next(stream, lambda last: ()) == ()
    assert store.stream(stream) == [signed(stream, 1), signed(stream, 2)]
    assert store.stream(other) == [signed(other, 1), signed(other, 2)]


def test_however_many_go_on_with_it_nobody_is_outrun(stores):
    """8 threads of two processes enter 25 records each in one register: no error, no number missing or given twice."""
    register = uuid4()

    def entering(n):
        def enter():
            for _ in range(25):
                record = uuid4()

                def decide(last, record=record):
                    return [signed(record), signed(register, last + 1, str(record))]

                stores[n % 2].append_next(register, decide)

        return enter

    assert at_once(*[entering(n) for n in range(8)]) == []
    entered = stores[0].stream(register)
    assert [event.originator_version for event in entered] == list(range(1, 201))
    records = {UUID(event.remark) for event in entered}
    assert len(records) == 200
    assert all(stores[1].last_version(record) == 1 for record in records)


def test_nor_by_those_who_ask_for_a_certain_place(stores):
    """They are told that it is taken; whoever goes on gets the next one."""
    stream, got = uuid4(), list[int]()

    def insist():
        for _ in range(50):
            version = stores[0].last_version(stream) + 1
            try:
                stores[0].append([signed(stream, version)])
            except VersionConflict:
                continue
            got.append(version)

    def go_on():
        for _ in range(25):
            got.extend(e.originator_version for e in stores[1].append_next(stream, lambda n: [signed(stream, n + 1)]))

    assert at_once(insist, insist, insist, go_on, go_on, go_on) == []
    assert sorted(got) == [event.originator_version for event in stores[0].stream(stream)] == [*range(1, len(got) + 1)]
    assert len(got) >= 75


def test_where_the_decision_raises_nothing_is_stored(store):
    """The error is the caller's own, and the next one finds everything free."""
    stream = uuid4()

    def refuse(last):
        raise RegisterFull(organisation="a", year=2023)

    with pytest.raises(RegisterFull):
        store.append_next(stream, refuse)
    assert store.head() == 0
    assert store.append_next(stream, lambda last: [signed(stream, last + 1)]) == [signed(stream)]


def test_a_conflict_in_another_stream_is_one_and_nothing_is_stored(store):
    """The record was filed before: its place is taken, and the register gets no entry."""
    register, record = uuid4(), uuid4()
    store.append([signed(record), signed(register)])
    before = store.head()
    for decide in (
        lambda last: [signed(record), signed(register, last + 1)],
        lambda last: [signed(register, last + 1), signed(record)],
    ):
        with pytest.raises(VersionConflict):
            store.append_next(register, decide)
    assert store.last_version(register) == 1
    assert store.rows(before, 10) == []


@pytest.mark.parametrize("dies", ["deciding", "acknowledged"])
def test_a_process_that_is_killed_leaves_all_or_nothing_and_holds_nobody_up(opening, dies):
    """`kill -9`, in a pair: while it decides nothing is stored yet; when it had its answer all is."""
    program = (
        "import os, sys; from uuid import UUID; from tests.contract.event_stores import open_store, signed\n"
        "def decide(last):\n"
        "    if dies == 'deciding': os.kill(os.getpid(), 9)\n"
        "    return [signed(UUID(int=8)), signed(UUID(int=9), last + 1)]\n"
        "_, dies, *opening = sys.argv; open_store(*opening).append_next(UUID(int=9), decide); os.kill(os.getpid(), 9)"
    )
    root = Path(__file__).parent.parent.parent
    assert subprocess.run([sys.executable, "-c", program, dies, *opening], cwd=root, check=False).returncode == -9
    with closing(open_store(*opening)) as store:
        there = 1 if dies == "acknowledged" else 0
        assert (store.last_version(UUID(int=8)), store.last_version(UUID(int=9))) == (there, there)
        store.append_next(UUID(int=9), lambda last: [signed(UUID(int=9), last + 1)])
        assert store.last_version(UUID(int=9)) == there + 1


def test_who_waits_too_long_is_told_that_the_archive_is_busy(tmp_path, monkeypatch):
    """Another process holds the file: every thread that writes hears the same; those who read do not notice."""
    for module in (sqlite, sqlite_connections):
        monkeypatch.setattr(module, "LOCK_TIMEOUT", 1.0)
    with closing(SQLiteEventStore(tmp_path / "a.sqlite")) as store, closing(SQLiteEventStore(store.path)) as other:
        store.create()
        stream, reading = uuid4(), threading.Event()

        def go_on():
            store.append_next(stream, lambda last: [signed(stream, last + 1)])

        def read():
            while not reading.is_set():
                assert store.stream(stream) == []

        with other.closed():
            reader = threading.Thread(target=read)
            reader.start()
            faults = at_once(*[go_on] * 4)
            reading.set()
            reader.join()
        assert [type(fault) for fault in faults] == [ArchiveBusy] * 4
        assert {(fault.http_status, fault.exit_code) for fault in faults} == {(503, 3)}
        go_on()
        assert store.last_version(stream) == 1
