"""Row 1: events appended one transaction at a time, with the ledger running, against the library's own application."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice

from adapters.home.house import House
from benchmarks.generate import Generator
from benchmarks.measure import Comparison, Result, Target, each, paired, seconds
from benchmarks.world import World
from domain.event import Event
from indexers.pipeline import Pipeline

ROW, NAME = 1, "append-single"
APPENDS = 400
"""In a round; each is one event and one flush to the disk."""


def run(world: World, records: int) -> Result:
    house, app = world.empty_archive("append"), world.library()
    ours, theirs = Generator(records), Generator(records)
    for batch in ours.batches(records):
        house.events.append(batch)
    for batch in theirs.batches(records):
        app.save(*batch)
    integrator = Pipeline(house)
    integrator.integrate()
    mine, others = one_by_one(ours), one_by_one(theirs)

    def append_ours(_: int) -> float:
        events = list(islice(mine, APPENDS))
        return APPENDS / seconds(lambda: each(lambda event: house.events.append([event]), events))

    def append_theirs(_: int) -> float:
        events = list(islice(others, APPENDS))
        return APPENDS / seconds(lambda: each(app.save, events))

    def append_followed(n: int) -> float:
        with Following(house):
            return append_ours(n)

    rounds = world.rounds(7)
    ours_off, theirs_off = paired(rounds, append_ours, append_theirs)
    ours_on, theirs_on = paired(rounds, append_followed, append_theirs)
    app.close()
    house.close()
    against = "the library's `app.save`, same "
    against += "disk, WAL, synchronous=FULL" if world.servers is None else "server"
    return Result(
        ROW,
        NAME,
        records,
        [
            Comparison("append single, ledger on", against, "events/s", ours_on, theirs_on, Target("at least", 0.95)),
            Comparison("append single, ledger off", against, "events/s", ours_off, theirs_off),
        ],
        {"appends_a_round": APPENDS, "events_before": 2 * records},
    )


class Following:
    """The integrator in a thread, woken by appends as it is inside ``serve``; the other indexers rest."""

    def __init__(self, house: House) -> None:
        self._pipeline = Pipeline(house)
        del self._pipeline.followers[1:]
        self._house = house

    def __enter__(self) -> None:
        self._pipeline.start()

    def __exit__(self, *_: object) -> None:
        self._pipeline.stop()


def one_by_one(generator: Generator) -> Iterator[Event]:
    return chain.from_iterable(generator.filings())
