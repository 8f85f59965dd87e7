"""The small parts of background work: back-off, presence, heartbeat, the timetable, and whose fault a fault is."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.queue import presence
from adapters.queue.presence import is_gone, new_name
from adapters.work.log import SQLiteWorkLog
from domain.errors import ArchiveBusy, BlobMissing, EventUnreadable, InvalidRecord, StorageFull
from domain.search.errors import DocumentRejected
from indexers.loop.backoff import BackOff
from indexers.loop.heartbeat import beating
from indexers.loop.jobs import LOOK, Job, Timetable
from indexers.loop.quarantine import may_be_of_one

# ── back-off ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_pauses_grow_up_to_the_longest() -> None:
    """Without chance exactly: first, times factor, … and never more than the longest."""
    pauses = BackOff(first=2, longest=100, factor=4)
    assert [pauses.after(n, lambda: 0.0) for n in range(1, 7)] == [2, 8, 32, 100, 100, 100]
    assert pauses.after(10_000, lambda: 0.0) == 100


@given(st.integers(1, 200), st.floats(0, 1, exclude_max=True))
def test_chance_takes_away_no_more_than_the_spread(failures: int, chance: float) -> None:
    """Whatever the chance: between three quarters of the pause and all of it."""
    pauses = BackOff(first=1, longest=60, spread=0.25)
    whole = pauses.after(failures, lambda: 0.0)
    assert 0.75 * whole <= pauses.after(failures, lambda: chance) <= whole <= 60


# ── presence ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_whoever_is_here_is_not_gone() -> None:
    """No two names are the same, and all of them mean this process."""
    names = {new_name() for _ in range(9)}
    assert len(names) == 9
    assert not any(map(is_gone, names))


def test_a_process_that_ended_is_gone() -> None:
    """Killed or not, reaped or not yet, and also where another process has its number by now."""
    other = subprocess.Popen(
        [sys.executable, "-c", "from adapters.queue.presence import new_name; print(new_name(), flush=True); input()"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert other.stdout is not None
    name = other.stdout.readline().strip()
    assert not is_gone(name)
    other.kill()
    os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)
    assert is_gone(name)
    other.communicate()
    assert is_gone(name)
    here, _, began, chance = new_name().split(".")
    assert is_gone(f"{here}.{os.getpid()}.{int(began) + 1}.{chance}")


@pytest.mark.parametrize("name", ["", "x", "elsewhere-1.5.77.ab", "...", ".1.2.3"])
def test_of_strangers_nothing_is_known(name: str) -> None:
    """A process of another machine, or a name that says nothing, is never called gone."""
    assert not is_gone(name)


def test_where_the_kernel_tells_nothing_nobody_is_gone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Leases then end by themselves."""
    presence._here.cache_clear()
    monkeypatch.setattr(presence, "_PROC", tmp_path)
    try:
        assert not is_gone(new_name())
    finally:
        presence._here.cache_clear()


# ── heartbeat ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_heart_beats_until_the_work_is_over() -> None:
    """Also when a beat fails; not once more afterwards."""
    beats = threading.Semaphore(0)

    def beat() -> None:
        beats.release()
        raise ArchiveBusy

    with beating(beat, 0.001):
        for _ in range(3):
            assert beats.acquire(timeout=30)
    assert not [thread for thread in threading.enumerate() if thread.name == "heartbeat"]


# ── the timetable ───────────────────────────────────────────────────────────────────────────────────────────────────


class Door:
    """A lock that somebody else may hold."""

    def __init__(self) -> None:
        self.taken = False

    @contextmanager
    def held(self, wait: float = 0.0) -> Iterator[bool]:
        yield not self.taken


class Clock:
    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


def test_a_job_is_done_once_by_all_processes_together(tmp_path: Path) -> None:
    """Two processes with one log: whoever looks first does it, the other finds it done, until the hour is over."""
    done: list[str] = []
    work, clock, door = SQLiteWorkLog(tmp_path / "views.sqlite"), Clock(), Door()
    tables = [
        Timetable([Job("clean-up", 3600, lambda name=name: done.append(name))], work, door, clock) for name in "ab"
    ]
    for _ in range(3):
        for table in tables:
            assert table.run_once() == 0
        clock.now += LOOK
    assert done == ["a"]
    clock.now += 3600
    tables[1].run_once()
    tables[0].run_once()
    assert done == ["a", "b"]


def test_a_job_is_left_to_who_is_at_it(tmp_path: Path) -> None:
    """Where another process holds the lock; should that one die over it, the job is done by the next who looks."""
    done: list[str] = []
    work, clock, door = SQLiteWorkLog(tmp_path / "views.sqlite"), Clock(), Door()
    table = Timetable([Job("clean-up", 3600, lambda: done.append("x"))], work, door, clock)
    door.taken = True
    table.run_once()
    assert done == []
    door.taken = False
    clock.now += LOOK
    table.run_once()
    assert done == ["x"]


def test_a_job_that_fails_is_not_done(tmp_path: Path) -> None:
    """The fault is the follower's, and the next attempt does it."""
    work, clock, tries = SQLiteWorkLog(tmp_path / "views.sqlite"), Clock(), iter([StorageFull(), None])

    def job() -> None:
        if (fault := next(tries)) is not None:
            raise fault

    table = Timetable([Job("clean-up", 3600, job)], work, Door(), clock)
    with pytest.raises(StorageFull):
        table.run_once()
    assert work.jobs() == {}
    table.run_once()
    assert work.jobs() == {"clean-up": clock.now}


def test_what_lies_on_a_machine_is_cleared_by_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The job's name in the log has the machine's; a clock that was set back keeps nothing from being done."""
    done: list[str] = []
    work, clock = SQLiteWorkLog(tmp_path / "views.sqlite"), Clock()
    job = Job("sweep", 3600, lambda: done.append("x"), machine=True)
    for machine in ("one", "two", "one"):
        monkeypatch.setattr("socket.gethostname", lambda machine=machine: machine)
        Timetable([job], work, Door(), clock).run_once()
    assert (len(done), sorted(work.jobs())) == (2, ["sweep@one", "sweep@two"])
    clock.now -= 86_400
    Timetable([job], work, Door(), clock).run_once()
    assert len(done) == 3


# ── whose fault ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("error", "one"),
    [
        (EventUnreadable(what="e", why="w"), True), (DocumentRejected("d", "r"), True), (KeyError("x"), True),
        (InvalidRecord("错", "wrong"), True), (ArchiveBusy(), False), (StorageFull(), False), (OSError(), False),
        (BlobMissing("a" * 64), False), (MemoryError(), False),
    ],
)  # fmt: skip
def test_only_what_may_be_one_events_fault_is_put_aside(error: Exception, one: bool) -> None:
    """Servers that are away, full disks and damaged stores strike all, and are never laid to an event's charge."""
    assert may_be_of_one(error) == one
