"""``python -m tests.drill [--mutations N] [--servers [N]] [--seed N] [--report PATH] [--one SEED]``: the tamper drill.

``--one SEED`` repeats a single case, on servers together with ``--servers``. Ends with 1 where anything was missed,
named wrongly or named falsely.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.servers import servers
from tests.drill.cases import Result, run_case, usable
from tests.drill.limits import Shown, try_all
from tests.drill.on_servers import Servers, archive_on
from tests.drill.page import PAGE, Outcome, page
from tests.drill.runs import drill
from tests.drill.world import build, say
from tests.drill.yard import Yard

EMBEDDED, ON_SERVERS, SEED = 500, 100, 0


def main(arguments: list[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    if given.one is not None:
        return _one(given.one, given.servers is not None)
    with _embedded() as yard:
        embedded = drill(yard, given.mutations, given.seed, _progress)
        shown = try_all(yard.made, yard.copy)
    there = None
    if given.servers is not None:
        with _on_servers() as yard:
            there = drill(yard, given.servers, given.seed, _progress)
    for each in shown:
        if not each.ok:
            say(f"what cannot be found: {each.limit.name}: found by {sorted(each.found)}, not by {each.limit.finds}")
    command = "make drill" if _is_default(given) else f"python -m tests.drill {' '.join(arguments or sys.argv[1:])}"
    given.report.write_text(page(command, given.seed, embedded, there, shown, datetime.now(UTC).date()), "utf-8")
    say(f"{given.report}")
    return 0 if _sound(embedded, there, shown) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.drill", description="The tamper drill.")
    parser.add_argument("--mutations", type=int, default=EMBEDDED, help="how many, embedded (%(default)s)")
    parser.add_argument(
        "--servers", type=int, nargs="?", const=ON_SERVERS, help=f"and as many on servers ({ON_SERVERS})"
    )
    parser.add_argument("--seed", type=int, default=SEED, help="the number of the first case (%(default)s)")
    parser.add_argument("--report", type=Path, default=PAGE, help="the page to write (docs/TAMPER-DRILL.md)")
    parser.add_argument("--one", type=int, metavar="SEED", help="repeat one case, and write nothing")
    return parser


def _is_default(given: argparse.Namespace) -> bool:
    return (given.mutations, given.servers, given.seed) == (EMBEDDED, ON_SERVERS, SEED)


def _sound(embedded: Outcome, there: Outcome | None, shown: list[Shown]) -> bool:
    return embedded.ok and (there is None or there.ok) and all(each.ok for each in shown)


def _one(seed: int, on_servers: bool) -> int:
    with _on_servers() if on_servers else _embedded() as yard:
        result = run_case(yard.made, yard.copy, seed, usable(yard.made, on_servers), on_servers)
    say(str(result))
    for each in sorted(result.actual):
        say(f"  found:   {each}")
    return 0 if result.ok else 1


@contextmanager
def _embedded() -> Iterator[Yard]:
    with TemporaryDirectory(prefix="jianzheng-drill-") as folder:
        yield Yard(build(Path(folder)))


@contextmanager
def _on_servers() -> Iterator[Servers]:
    with (
        TemporaryDirectory(prefix="jianzheng-drill-") as folder,
        servers() as found,
        archive_on(found.urls, Path(folder)) as yard,
    ):
        yield yard


def _progress(result: Result, mutations: int, on_servers: bool) -> None:
    if not result.ok:
        again = f"python -m tests.drill{' --servers' if on_servers else ''} --one {result.seed}"
        say(f"{result}\n  again:   {again}")
    elif result.seed % 50 == 0:
        say(f"{mutations} mutations …")


if __name__ == "__main__":
    sys.exit(main())
