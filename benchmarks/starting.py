"""Row 12: how soon the server answers, what it weighs, how soon the command says what it can do."""

from __future__ import annotations

import subprocess
import time

from benchmarks.measure import Comparison, Result, Target
from benchmarks.serving import command, environment, running
from benchmarks.world import World

ROW, NAME = 12, "start"
SECONDS, MEBIBYTES, HELP_SECONDS = 2.0, 150.0, 0.3
SETTLE = 2.0
"""Seconds after the first answer until memory is read: the followers have begun by then."""


def run(world: World, records: int) -> Result:
    house = world.searchable(records)
    house.engine.close()  # else the server waits for the index
    archive, rounds = world.environment(house), world.rounds(5)
    ready, memory, help_ = [], [], []
    for _ in range(rounds):
        with running(archive) as server:
            ready.append(server.ready)
            time.sleep(SETTLE)
            memory.append(server.memory())
        start = time.perf_counter()
        subprocess.run(command("--help"), env=environment(archive), stdout=subprocess.DEVNULL, check=True)
        help_.append(time.perf_counter() - start)
    target = Target("at most", 1)
    return Result(
        ROW,
        NAME,
        records,
        [
            Comparison("`serve`: first answer", "the limit", "s", ready, [SECONDS] * rounds, target),
            Comparison("`serve`: memory with its processes", "the limit", "MiB", memory, [MEBIBYTES] * rounds, target),
            Comparison("`jianzheng --help`", "the limit", "s", help_, [HELP_SECONDS] * rounds, target),
        ],
    )
