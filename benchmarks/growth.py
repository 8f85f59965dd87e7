"""Row 11: what growth costs. Three archives, each ten times the one before, are asked for the same in turns.

Filing, receipt and search are to stay as they are; checking everything and building the index anew may grow with the
archive, no faster. Of events at the largest there are twice the records. Asked for by name: it takes its time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from random import Random
from typing import NamedTuple

from adapters.home.house import House
from benchmarks.append import one_by_one
from benchmarks.generate import Generator
from benchmarks.integrating import receipts
from benchmarks.measure import Comparison, Result, Target, each, paired, percentile, seconds
from benchmarks.searching import milliseconds, question
from benchmarks.world import World
from domain.event import Event
from domain.ports.search import Scope, SearchRequest
from indexers.figures import Figures
from indexers.pipeline import Pipeline, integrate
from operations.verification import verify_archive

ROW, NAME = 11, "growth"
RECORDS = (500_000,)
"""Where not asked otherwise: a million events."""

STEPS = (100, 10, 1)
"""The archives hold this fraction of the records."""

SENTENCES = (1, 2)
"""Shorter texts than elsewhere, so that a million events are indexed in minutes."""

APPENDS = 200
QUERIES = 40
FLAT = Target("at most", 1.3)


class Grown(NamedTuple):
    house: House
    events: Iterator[Event]
    size: int  # events when it was made
    rebuild: float  # seconds an event to make figures and index


Measure = Callable[[Grown, int], float]


def run(world: World, records: int) -> Result:
    archives = [_grown(world, max(20, records // step)) for step in STEPS]
    result = Result(ROW, NAME, records, facts={"events": [grown.size for grown in archives]})
    rounds = world.rounds(5)
    add = result.comparisons.append
    for work, measure, repeats, unit in _WORK:
        values = paired(rounds if repeats else 1, *(_bound(measure, grown) for grown in archives))
        for grown, samples in zip(archives[1:], values[1:], strict=True):
            against = f"the same at {archives[0].size:,} events"
            add(Comparison(f"{work}, {grown.size:,} events", against, unit, samples, values[0], FLAT))
    for grown in archives:
        grown.house.close()
    return result


def _grown(world: World, records: int) -> Grown:
    house, generator = world.empty_archive(f"grown-{records}"), Generator(records, sentences=SENTENCES)
    house.events.append(list(generator.directory("top")))
    for batch in generator.batches(records):
        house.events.append(batch)
    integrate(house)
    count = house.ledger.size()

    def build() -> None:
        Figures(house.events, house.ledger, house.figures).catch_up()
        Pipeline(house).catch_up()

    rebuild = 1e6 * seconds(build) / count
    return Grown(house, one_by_one(generator), count, rebuild)


def _bound(measure: Measure, grown: Grown) -> Callable[[int], float]:
    return lambda n: measure(grown, n)


def _append(grown: Grown, _: int) -> float:
    some = list(islice(grown.events, APPENDS))
    return 1000 * seconds(lambda: each(lambda event: grown.house.events.append([event]), some)) / APPENDS


def _receipt(grown: Grown, _: int) -> float:
    """Median over the events of half a second, appended by one writer."""
    return percentile(receipts(grown.house, grown.events, 0.5), 0.5)


def _search(grown: Grown, n: int) -> float:
    """By one who may see one school: what he finds stays, what there is besides grows. Other questions each round."""
    random, scope = Random(n), Scope(organisations=frozenset({"school-0001"}))
    requests = [SearchRequest(query=question(random), limit=20, scope=scope) for _ in range(QUERIES)]
    return percentile([milliseconds(grown.house.engine.search, each) for each in requests], 0.5)


def _verify(grown: Grown, _: int) -> float:
    integrate(grown.house)
    Figures(grown.house.events, grown.house.ledger, grown.house.figures).catch_up()
    size = grown.house.ledger.size()

    def check() -> None:
        if not verify_archive(grown.house).ok:
            raise AssertionError("the archive of the benchmark does not verify")

    return 1e6 * seconds(check) / size


_WORK: tuple[tuple[str, Measure, bool, str], ...] = (
    ("append one event", _append, True, "ms"),
    ("receipt ready, median", _receipt, True, "s"),
    ("search in one school, median", _search, True, "ms"),
    ("verify, an event", _verify, False, "µs"),
    ("figures and index anew, an event", lambda grown, _: grown.rebuild, False, "µs"),
)
