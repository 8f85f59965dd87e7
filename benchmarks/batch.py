"""Row 2: events appended in batches, as an import does, against the library's batch and the bare database."""

from __future__ import annotations

from collections.abc import Iterator

from adapters.events.rows import new_row
from benchmarks.append import one_by_one
from benchmarks.generate import Generator
from benchmarks.measure import Comparison, Result, Target, each, paired, seconds
from benchmarks.world import World
from domain.event import Event

ROW, NAME = 2, "append-batch"
BATCH = 1000
ROUND = 10_000
"""Events of a round."""


def run(world: World, records: int) -> Result:
    house = world.empty_archive("batch")
    app, bare = world.library(), world.bare()
    sources = [one_by_one(Generator(records)) for _ in range(3)]
    count = min(ROUND, 2 * records)

    def ours(_: int) -> float:
        batches = list(_batches(sources[0], count))
        return count / seconds(lambda: each(house.events.append, batches))

    def theirs(_: int) -> float:
        batches = list(_batches(sources[1], count))
        return count / seconds(lambda: each(lambda batch: app.save(*batch), batches))

    def limit(_: int) -> float:
        batches = [bare.ready(map(new_row, batch)) for batch in _batches(sources[2], count)]
        return count / seconds(lambda: each(bare.insert, batches))

    rounds = world.rounds(max(5, min(20, 2 * records // ROUND)))
    mine, library_s, limits = paired(rounds, ours, theirs, limit)
    app.close()
    house.close()
    bare.close()
    return Result(
        ROW,
        NAME,
        records,
        [
            Comparison(
                "append in batches",
                "the library's `app.save` of the same batches",
                "events/s",
                mine,
                library_s,
                Target("at least", 3),
            ),
            Comparison(
                "append in batches",
                f"{bare.what} of rows that are ready",
                "events/s",
                mine,
                limits,
                Target("at least", 0.6),
            ),
            Comparison(
                bare.what,
                "the library's `app.save`: the most that the database leaves to gain",
                "events/s",
                limits,
                library_s,
            ),
        ],
        {"batch": BATCH},
    )


def _batches(events: Iterator[Event], count: int) -> Iterator[list[Event]]:
    for start in range(0, count, BATCH):
        yield [next(events) for _ in range(min(BATCH, count - start))]
