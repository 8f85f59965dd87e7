"""The processes that share the work of a check: what they answer, and what becomes of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from operations.verify import fast
from operations.verify.crew import Crew, Start, may_fork

PARTS = list(range(20))


class Desk:
    """The tools of a worker."""

    def __init__(self) -> None:
        self.maker = os.getpid()

    def close(self) -> None: ...


class Broken(Desk):
    """Cannot be made in another process than the one that the tests run in."""

    def __init__(self) -> None:
        super().__init__()
        if self.maker != int(os.environ["CREW_TEST_PROCESS"]):
            raise OSError("no desk")


def square(desk: Desk, part: int) -> tuple[int, int]:
    assert desk.maker == os.getpid()
    return part * part, os.getpid()


def killed_elsewhere(_: Desk, part: int) -> int:
    if part == 7 and str(os.getpid()) != os.environ["CREW_TEST_PROCESS"]:
        os.kill(os.getpid(), signal.SIGKILL)
    return part


def failing(_: Desk, part: int) -> int:
    if part == 3:
        raise LookupError("the third")
    return part


@pytest.fixture(autouse=True)
def _this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREW_TEST_PROCESS", str(os.getpid()))


@pytest.fixture(params=["fork", "spawn", None])
def start(request: pytest.FixtureRequest) -> Start | None:
    found: Start | None = request.param
    return found


def test_answers_come_in_order(start: Start | None) -> None:
    """Whoever does a part, and the same crew may be asked again."""
    with Crew(Desk, start) as crew:
        for _ in range(2):
            answers = list(crew.map(square, PARTS))
            assert [answer for answer, _ in answers] == [part * part for part in PARTS]
            assert ({process for _, process in answers} == {os.getpid()}) is (start is None)


def test_a_worker_that_dies_is_replaced_by_oneself(start: Start | None) -> None:
    """Each part is answered once, though a process was killed in the midst of it."""
    with Crew(Desk, start) as crew:
        assert list(crew.map(killed_elsewhere, PARTS)) == PARTS


def test_workers_without_tools(start: Start | None) -> None:
    """Where a process cannot be equipped, the work is done by the one that asked."""
    with Crew(Broken, start) as crew:
        assert [answer for answer, _ in crew.map(square, PARTS)] == [part * part for part in PARTS]


def test_work_that_cannot_be_sent(start: Start | None) -> None:
    """A function that has no name to be found by is called here."""
    with Crew(Desk, start) as crew:
        assert list(crew.map(lambda _, part: part, PARTS)) == PARTS


def test_a_failure_is_raised_here(start: Start | None) -> None:
    """What fails in a worker fails for the one that asked, with the parts before it answered."""
    answered = []
    with Crew(Desk, start) as crew, pytest.raises(LookupError, match="the third"):
        answered.extend(crew.map(failing, PARTS[:3]))
        answered.extend(crew.map(failing, PARTS[3:]))
    assert answered == PARTS[:3]


def test_a_crew_that_is_left_early(start: Start | None) -> None:
    """Answers that nobody waits for do not keep it."""
    with Crew(Desk, start) as crew:
        assert next(iter(crew.map(square, PARTS)))[0] == 0


def test_only_one_thread_may_be_copied() -> None:
    """A process with more threads starts others from nothing, or works alone."""
    stop = threading.Event()
    other = threading.Thread(target=stop.wait)
    other.start()
    try:
        assert not may_fork()
        assert [fast.way_to_start(size) for size in (10, fast.SERIAL, fast.SPAWN)] == [None, None, "spawn"]
    finally:
        stop.set()
        other.join()


LEFT = """
import os, signal
from operations.verify.crew import Crew
from tests.integration.test_verify_crew import Desk, square
crew = Crew(Desk, "fork")
print(*{process for _, process in crew.map(square, range(50))}, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="only where processes are copied")
def test_workers_end_with_the_one_they_work_for() -> None:
    """However it ends: otherwise they would hold the ledger's lock for ever."""
    done = subprocess.run(
        [sys.executable, "-c", LEFT], stdout=subprocess.PIPE, check=False, cwd=Path(__file__).parents[2]
    )
    workers = [int(word) for word in done.stdout.split()]
    assert workers
    for _ in range(500):
        if not any(_runs(worker) for worker in workers):
            return
        time.sleep(0.02)
    pytest.fail("a worker is still there")


def _runs(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
