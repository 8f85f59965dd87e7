"""A leader that dies in the middle of its work: another process takes over within seconds, by itself."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from adapters.home.house import House
from domain.records.filing import IncomingFile
from tests import forking
from tests.cli_world import servers
from tests.fakes import lecture
from tests.faults.soak.members import waited
from tests.faults.soak.world import SCHOOLS, make_world

SECONDS = 60.0
"""Until everything is done: the server's noticing, a poll of the follower, and the work, on a busy machine."""


@pytest.mark.slow
@pytest.mark.parametrize("part", ["ledger", "figures", "search"])
def test_another_process_takes_the_dead_leaders_place(
    part: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """The lock of a leader killed in mid-batch is free at once; what it had half done is finished, once."""
    with servers("servers", request) as variables:
        world = make_world(tmp_path, variables, 1)
        house = world.open()
        leader = forking.Popen(
            [sys.executable, "-m", "tests.faults.lead_until_killed", part],
            cwd=tmp_path, env=world.environment(), stdout=subprocess.PIPE,
        )  # fmt: skip
        worker = world.members[-1]
        try:
            staged = house.blobs.stage(iter([b"one sheet"]))
            raw = lecture(organisation=SCHOOLS[0])
            house.archive.file(house.operator(), raw, [IncomingFile("a.txt", staged, "text/plain")])
            assert leader.stdout is not None
            assert leader.stdout.readline() == b"stuck\n"
            worker.start()
            for _ in waited(60):
                if b"Working" in worker.log.read_bytes():
                    break
            assert not level(house)
            leader.kill()
            died = time.monotonic()
            for _ in waited(SECONDS):
                if level(house):
                    break
            print(f"{part}: level {time.monotonic() - died:.1f} s after its leader's death")
            assert level(house)
            assert worker.stop() == 0
        finally:
            leader.kill()
            leader.communicate()
            worker.kill()
            house.close()


def level(house: House) -> bool:
    """Everything is published, in the figures, and in the index with the text of its file."""
    size = house.ledger.size()
    return (
        size == house.events.head()
        and house.ledger.published() == size
        and house.figures.size() == size
        and house.engine.position() == size
        and not house.queue.unfinished()
        and not house.queue.ready(1)
    )
