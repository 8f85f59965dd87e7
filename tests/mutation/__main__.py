"""``python -m tests.mutation [--seed N] [--places N] [--list FILE] [--again FILE]``: does a test notice changed code?

Chooses places evenly over the layers, changes one at a time in a copy of the tree, and runs the tests that run its
line. Called again with the same list it goes on. ``--again FILE`` takes the places of a former list, wherever they are
now, and at the end says which ended otherwise. Which test runs which line is recorded first, and again where something
has changed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from tests.mutation import lists
from tests.mutation.covering import Map
from tests.mutation.places import Place, Sketch, choose, find_again, in_turn, layers_of, places_in
from tests.mutation.trial import Trial
from tests.mutation.workshop import Workshop

ROOT = Path(__file__).resolve().parents[2]
LISTS = Path(__file__).parent / "lists"
TESTS = ("tests/unit", "tests/contract", "tests/integration", "tests/security")
PYTEST = ("-m", "not slow and not browser", "--without-servers")
ON_SERVERS = ("-m", "not browser")


def main(arguments: list[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    layers = layers_of(ROOT)
    known = Map(ROOT, ROOT / ".pytest_cache" / ("mutation-servers" if given.servers else "mutation"), layers)
    files = list(dict.fromkeys(_relative(file) for each in given.tests for file in _test_files(ROOT / each)))
    with tempfile.TemporaryDirectory(prefix="jianzheng-mutation-", ignore_cleanup_errors=True) as folder:
        shops = [
            Workshop(ROOT, Path(folder) / str(number), ON_SERVERS if given.servers else PYTEST)
            for number in range(given.processes)
        ]
        known.make(shops, files, given.map_seconds, _say)
        if not given.map_only:
            _try(given, layers, known, shops)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description="Does a test notice changed code?")
    parser.add_argument("--seed", type=int, default=1, help="of the choice (%(default)s)")
    parser.add_argument("--places", type=int, default=60, help="how many (%(default)s)")
    parser.add_argument("--list", type=Path, default=LISTS / "now.jsonl", help="where verdicts are kept, or were begun")
    parser.add_argument("--again", type=Path, help="take the places of this former list")
    parser.add_argument("--tests", nargs="+", default=TESTS, help=f"files and folders ({' '.join(TESTS)})")
    parser.add_argument("--servers", action="store_true", help="ask slow tests too, on the servers that TEST_* names")
    parser.add_argument("--processes", type=int, default=2, help="side by side (%(default)s)")
    parser.add_argument("--seconds", type=float, default=60, help="for one change (%(default)s)")
    parser.add_argument("--anew", nargs="+", default=[], metavar="VERDICT", help="try again what ended so before")
    parser.add_argument("--map-seconds", type=float, default=600, help="to record one file of tests (%(default)s)")
    parser.add_argument("--map-only", action="store_true", help="only record which test runs which line")
    return parser


def _relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _test_files(path: Path) -> Iterator[Path]:
    yield from sorted(path.rglob("test_*.py")) if path.is_dir() else [path]


def _try(given: argparse.Namespace, layers: list[str], known: Map, shops: list[Workshop]) -> None:
    choice = {"seed": given.seed, "servers": given.servers} | ({"again": given.again.name} if given.again else {})
    kept = lists.VerdictList(given.list, choice)
    places = places_in(ROOT, layers)
    former = lists.read(given.again)[1] if given.again else []
    pairs, gone = _chosen(places, layers, given.seed, given.places, [line.sketch for line in former])
    done = {line.known_as for line in kept.lines if line.word not in given.anew}
    for line in former:
        if line.sketch in gone and line.sketch not in done:
            kept.add(lists.Line(line.sketch, line.diff, lists.GONE))
    free: SimpleQueue[Workshop] = SimpleQueue()
    for shop in shops:
        free.put(shop)

    def one(pair: tuple[Sketch, Place]) -> None:
        sketch, place = pair
        shop = free.get()
        try:
            verdict = Trial(shop, given.seconds)(place, known.tests(place))
            line = lists.judged(place, (ROOT / place.path).read_bytes(), verdict, sketch)
            kept.add(line)
            _say(f"{line.word} in {line.seconds:.0f} s by {line.by or '-'} of {line.ran}: {place.path}: {line.diff}")
        finally:
            free.put(shop)

    with ThreadPoolExecutor(len(shops)) as pool:
        list(pool.map(one, [pair for pair in pairs if pair[0] not in done]))
    _say(lists.table(kept.lines))
    if former:
        _say(lists.compared(former, kept.lines))


def _chosen(
    places: list[Place], layers: list[str], seed: int, count: int, former: list[Sketch]
) -> tuple[list[tuple[Sketch, Place]], set[Sketch]]:
    """Each place with what is written down of it; and what of a former list is gone, each replaced in its layer."""
    if not former:
        return [(place.sketch, place) for place in choose(places, layers, seed, count)], set()
    again = {sketch: find_again(sketch, places) for sketch in former}
    pairs = [(sketch, place) for sketch, place in again.items() if place is not None]
    gone = {sketch for sketch, place in again.items() if place is None}
    taken = {place for _, place in pairs}
    for sketch in former:
        if sketch in gone:
            layer = sketch.path.partition("/")[0]
            place = next(each for each in in_turn(places, layer, seed) if each not in taken)
            taken.add(place)
            pairs.append((place.sketch, place))
    return pairs, gone


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
