"""``python -m tests.faults.soak [SECONDS] [--seed N] [--clients N] [--cut] [--embedded] [--folder DIR]``

Ends with 0 where every promise was kept, else with 1 and the faults, the deaths and the seed.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from random import SystemRandom

from tests.faults.soak.run import CLIENTS, soak
from tests.servers import own
from tests.servers.addresses import SETTINGS
from tests.servers.local import KINDS
from tests.servers.runs import Run

HIGHEST = 10**6


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.soak", description="The soak test.")
    parser.add_argument("seconds", nargs="?", type=float, default=1800.0, help="of load (default: half an hour)")
    parser.add_argument("--seed", type=int, help="of load and deaths (default: another one each time)")
    parser.add_argument("--clients", type=int, default=CLIENTS, help="default: %(default)s")
    parser.add_argument("--cut", action="store_true", help="break connections to the database too")
    parser.add_argument("--embedded", action="store_true", help="an archive in a folder instead of on servers")
    parser.add_argument("--folder", type=Path, help="where archive and logs are kept (default: removed at the end)")
    given = parser.parse_args(arguments)
    seed = SystemRandom().randrange(HIGHEST) if given.seed is None else given.seed
    print(f"seed {seed}", flush=True)
    with ExitStack() as stack:
        folder = given.folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="jianzheng-soak-")))
        folder.mkdir(parents=True, exist_ok=True)
        servers = {} if given.embedded else _servers(stack)
        report = soak(
            folder, servers, seconds=given.seconds, seed=seed, clients=given.clients, cut=given.cut,
            say=lambda line: print(line, flush=True),
        )  # fmt: skip
    print(report)
    return 1 if report.faults else 0


def _servers(stack: ExitStack) -> dict[str, str]:
    """Servers of its own, gone at the end; or a place of its own on those whose addresses are given."""
    run = Run.begin(os.getpid())
    stack.callback(run.close)
    with ThreadPoolExecutor(len(KINDS)) as pool:
        found = dict(zip(KINDS, pool.map(run.get, KINDS), strict=True))
    if missing := [f"{kind}: {outcome.unavailable}" for kind, outcome in found.items() if not outcome.url]:
        raise SystemExit("\n".join(missing))
    return {
        SETTINGS["postgres"]: stack.enter_context(own.own_database(found["postgres"].url)),
        SETTINGS["s3"]: stack.enter_context(own.own_bucket(found["s3"].url)),
        SETTINGS["elasticsearch"]: stack.enter_context(own.own_prefix(found["elasticsearch"].url)),
    }


if __name__ == "__main__":
    sys.exit(main())
