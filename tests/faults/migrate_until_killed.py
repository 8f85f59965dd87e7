"""Run as a process of its own by `test_migrate_killed`: copies an archive, and kills itself on the way.

Arguments: the fault point at which to kill itself (or "-"), and at which of its passings. The
archive's settings are in the environment, and the addresses to copy to in JIANZHENG_MIGRATE_TO.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import closing

from adapters.home.house import open_archive
from adapters.home.route import route
from adapters.home.settings import read
from operations.migration import copy
from operations.migration.run import migrate

SMALL_PAGE = 24
"""So that a small archive takes several of them."""


def main(point: str, passing: int) -> None:
    copy.PAGE, copy.FEW = SMALL_PAGE, SMALL_PAGE
    settings = read()
    seen = 0

    def fault(step: str) -> None:
        nonlocal seen
        if step == point:
            seen += 1
            if seen == passing:
                os.kill(os.getpid(), signal.SIGKILL)

    with closing(open_archive(settings)) as house:
        print("ready", flush=True)
        done = migrate(house, route(settings, os.environ["JIANZHENG_MIGRATE_TO"].split()), fault=fault)
        print("done" if done.ok else "found", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
