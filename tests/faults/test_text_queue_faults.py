"""The text queue with several processes, of which some die: no file is taken twice, and none is lost."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from adapters.postgres.database import Database
from adapters.queue.postgres import PostgresTextQueue
from adapters.queue.text_queue import LEASE, WaitingText
from domain.errors import Unavailable
from tests import forking
from tests.postgres_world import prepare
from tests.queue_world import BACK_ENDS, new_queue, opened
from tests.servers.local import Server

ROOT = Path(__file__).parents[2]
FILES = [(f"{n:064x}", "application/pdf", f"r{n % 9}") for n in range(240)]
FOR_EVER = len(FILES)


@pytest.fixture(params=BACK_ENDS)
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return new_queue(request.param, request, tmp_path)


@contextmanager
def workers(address: str, *counts: int) -> Iterator[list[subprocess.Popen[str]]]:
    """Processes that finish so many files and hold the next; begun at once, and gone at the end."""
    made = [
        forking.Popen(
            [sys.executable, "-m", "tests.faults.take_texts", address, str(count)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for count in counts
    ]
    try:
        for each in made:
            assert line(each) == "ready"
        for each in made:
            assert each.stdin is not None
            each.stdin.write("go\n")
            each.stdin.flush()
        yield made
    finally:
        for each in made:
            each.kill()
            each.communicate()


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def everything(process: subprocess.Popen[str]) -> list[str]:
    assert process.stdout is not None
    return process.stdout.read().split()


def test_three_workers_never_take_the_same_file(address: str) -> None:
    """Each file is taken by exactly one of three processes, and none is left."""
    with opened(address) as queue:
        queue.wait(FILES)
        with workers(address, FOR_EVER, FOR_EVER, FOR_EVER) as made:
            taken = [sha256 for each in made for sha256 in everything(each)]
        assert sorted(taken) == [sha256 for sha256, _, _ in FILES]
        assert queue.counts() == {"done": len(FILES)}


def test_the_file_of_a_killed_worker_comes_back(address: str) -> None:
    """After its lease, to another one; what the killed one had finished stays finished."""
    with opened(address) as queue:
        queue.wait(FILES)
        with workers(address, 3) as (doomed,):
            mine = [line(doomed) for _ in range(4)]  # before another one is there: it would take all, on a busy machine
            with workers(address, FOR_EVER) as (other,):
                theirs = everything(other)
            doomed.kill()
            doomed.wait()
        held = mine[-1]
        assert sorted(mine + theirs) == [sha256 for sha256, _, _ in FILES]
        assert queue.counts() == {"done": len(FILES) - 1, "waiting": 1}
        now = time.time()
        assert queue.next(now, 9) == []
        assert queue.next(now + LEASE, 9) == [WaitingText(held, "application/pdf", 1)]


def test_a_restart_of_the_server_loses_no_file(private_postgres: Server) -> None:
    """What was handed out before stays its worker's, what it reports after the restart counts."""
    with closing(Database(prepare(private_postgres.url))) as database:
        queue = PostgresTextQueue(database)
        queue.wait(FILES[:2])
        now = time.time()
        [first] = queue.next(now, 1)
        private_postgres.stop()
        with pytest.raises(Unavailable):
            queue.done(first.sha256)
        private_postgres.start()
        [second] = queue.next(now, 9)
        assert {first.sha256, second.sha256} == {sha256 for sha256, _, _ in FILES[:2]}
        queue.done(first.sha256)
        queue.done(second.sha256)
        assert queue.counts() == {"done": 2}
