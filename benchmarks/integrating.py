"""Row 3: events into the ledger, leaf by leaf, with tiles and a signed checkpoint; and how soon a receipt is ready.

Ours alone: the figure of a peer's log that stands beside it was published by its authors.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from itertools import islice

from adapters.bootstrap import House
from benchmarks.append import Following, one_by_one
from benchmarks.generate import Generator
from benchmarks.measure import Comparison, Result, Target, paired, percentile, seconds
from benchmarks.world import World
from domain.event import Event
from indexers.pipeline import integrate

ROW, NAME = 3, "integrate"
ROUND = 16_384
"""Events integrated in a round: four full batches."""

LOAD_SECONDS = 5.0
"""How long one writer appends as fast as it can, while it is watched when each event is published."""

LOOK = 0.01
"""Seconds between two looks at how far the ledger is published."""

TESSERA = 10_000.0
"""Entries a second that Tessera's authors publish for its POSIX storage on NVMe."""


def run(world: World, records: int) -> Result:
    house = world.empty_archive("integrate")
    generator = Generator(records)
    for batch in generator.batches(records):
        house.events.append(batch)
    integrate(house)
    events, count = one_by_one(generator), min(ROUND, 2 * records)

    def ours(_: int) -> float:
        waiting = list(islice(events, count))
        for start in range(0, count, 1000):
            house.events.append(waiting[start : start + 1000])
        return count / seconds(lambda: integrate(house))

    rounds = world.rounds(5)
    (speed,) = paired(rounds, ours)
    load = LOAD_SECONDS if records >= 1000 else 0.1
    waits = [receipts(house, events, load) for _ in range(rounds)]
    house.close()
    limit = [1.0] * rounds
    peer = "Tessera, POSIX on NVMe (published figure, another machine)"
    p99, p50 = ([percentile(each, share) for each in waits] for share in (0.99, 0.5))
    return Result(
        ROW,
        NAME,
        records,
        [
            Comparison("integrate: leaves, tiles, signed checkpoint", peer, "entries/s", speed, [TESSERA] * rounds),
            Comparison(
                "receipt ready after the write, p99, one writer at full speed",
                "the limit",
                "s",
                p99,
                limit,
                Target("at most", 1),
            ),
            Comparison("receipt ready after the write, p50, one writer at full speed", "the limit", "s", p50, limit),
        ],
        {"events_before": 2 * records, "events_a_round": count, "receipts_a_round": min(map(len, waits))},
    )


def receipts(house: House, events: Iterator[Event], load: float) -> list[float]:
    """Seconds from each acknowledged append to the published checkpoint that covers it; at least one event's."""
    integrate(house)
    first, written, waits = house.ledger.size(), list[float](), list[float]()
    stop = threading.Event()

    def write() -> None:
        end = time.perf_counter() + load
        while not written or time.perf_counter() < end:
            house.events.append([next(events)])
            written.append(time.perf_counter())
        stop.set()

    writer = threading.Thread(target=write)
    with Following(house):
        writer.start()
        while not stop.is_set() or len(waits) < len(written):
            covered, now = house.ledger.published() - first, time.perf_counter()
            waits += [now - at for at in written[len(waits) : covered]]
            time.sleep(LOOK)
        writer.join()
    return waits
