"""Run as a process of its own by `test_integrator_kill`: files and integrates without end, until it is killed.

Arguments: the archive's folder, the fault point at which to kill itself (or "-"), and at which of its passings.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from random import Random

from tests.ledger_world import open_world


def main(home: Path, point: str, passing: int) -> None:
    world = open_world(home)
    random = Random(os.getpid())
    seen = 0

    def fault(step: str) -> None:
        nonlocal seen
        if step == point:
            seen += 1
            if seen == passing:
                os.kill(os.getpid(), signal.SIGKILL)

    print("ready", flush=True)
    while True:
        state = random.randbytes(40)
        rows = [(random.randbytes(16).hex(), 1, "test:filed", state) for _ in range(random.choice([1, 3, 90, 300]))]
        world.events.add(rows)
        world.integrator(fault, batch=random.choice([64, 4096])).run_once()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
