"""Row 3: events into the ledger, leaf by leaf, with tiles and a signed checkpoint; and how soon a receipt is ready.

Beside it Tessera's log on files takes the same entries on the same disk: its program reads each entry from a file,
ours from the rows of the database, where it stored them before; that is told with the storing and without. Both logs
have the same size. Where Tessera's program cannot be had, what its authors publish stands in its place.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from itertools import islice

from adapters.events.rows import new_row
from adapters.home.house import House
from benchmarks.append import Following, one_by_one
from benchmarks.generate import Generator
from benchmarks.measure import Comparison, Result, Target, paired, percentile, seconds
from benchmarks.tessera import ONESHOT_NAME, Oneshot, one_shot
from benchmarks.world import World
from domain.event import Event
from domain.ledger.entry import entry
from indexers.pipeline import integrate

ROW, NAME = 3, "integrate"
ROUND = 16_384
"""Events integrated in a round: four full batches."""

LOAD_SECONDS = 5.0
"""How long one writer appends as fast as it can, while it is watched when each event is published."""

LOOK = 0.01
"""Seconds between two looks at how far the ledger is published."""

PUBLISHED = 10_000.0
"""Entries a second that Tessera's authors publish for its POSIX storage on NVMe."""

INTEGRATE = "integrate: leaves, tiles, signed checkpoint"
STORE = "store the events in batches, and integrate"


def run(world: World, records: int) -> Result:
    house = world.empty_archive("integrate")
    generator = Generator(records)
    for batch in generator.batches(records):
        house.events.append(batch)
    integrate(house)
    before = house.ledger.size()
    log = one_shot(world.fresh("tessera"))
    if log is not None:
        _grow(log, house)
    events, count = one_by_one(generator), min(ROUND, 2 * records)
    rounds = world.rounds(5)
    waiting = [list(islice(events, count)) for _ in range(rounds)]
    stored: list[float] = []

    def ours(n: int) -> float:
        stored.append(seconds(lambda: _append(house, waiting[n])))
        return count / seconds(lambda: integrate(house))

    def theirs(n: int) -> float:
        if log is None:
            return PUBLISHED
        return count / seconds(log.prepare([entry(*new_row(event)) for event in waiting[n]]))

    speed, peer = paired(rounds, ours, theirs)
    both = [count / (count / each + storing) for each, storing in zip(speed, stored, strict=True)]
    load = LOAD_SECONDS if records >= 1000 else 0.1
    waits = [receipts(house, events, load) for _ in range(rounds)]
    house.close()
    limit = [1.0] * rounds
    where = "files on this disk" if house.servers.database is not None else "the same disk"
    against, target = f"{ONESHOT_NAME}: the same entries from files, {where}", Target("at least", 5)
    if log is None:
        against, target = "Tessera, POSIX on NVMe (published figure, another machine)", None
    p99, p50 = ([percentile(each, share) for each in waits] for share in (0.99, 0.5))
    work = "receipt ready after the write, {}, one writer at full speed"
    return Result(
        ROW,
        NAME,
        records,
        [
            Comparison(INTEGRATE, against, "entries/s", speed, peer, target),
            Comparison(STORE, against, "entries/s", both, peer),
            Comparison(work.format("p99"), "the limit", "s", p99, limit, Target("at most", 1)),
            Comparison(work.format("p50"), "the limit", "s", p50, limit),
        ],
        {"events_before": before, "events_a_round": count, "receipts_a_round": min(map(len, waits))},
    )


def _append(house: House, events: Sequence[Event]) -> None:
    for start in range(0, len(events), 1000):
        house.events.append(events[start : start + 1000])


def _grow(log: Oneshot, house: House) -> None:
    """Give the other log the entries that ours has."""
    position = 0
    while rows := house.events.rows(position, ROUND):
        log.prepare([entry(row.id, row.version, row.topic, row.state) for row in rows])()
        position = rows[-1].position


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
