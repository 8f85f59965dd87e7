"""Row 16: the event store against the library's recorder, in processor time, with rows that are ready on both sides.

It holds decision 1 (docs/design/decisions.md) against the library as it is: where ours is not at least `WORTH` times as
fast, the library's recorder has to take its place. Batches alone decide nothing: they are appended by what appends
single events. Each side has its own table on the same disk or server.
"""

from __future__ import annotations

import gc
import time
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import islice

from eventsourcing.persistence import StoredEvent

from adapters.events.rows import new_row
from benchmarks.append import one_by_one
from benchmarks.generate import Generator
from benchmarks.measure import Comparison, Result, Target, each, paired
from benchmarks.world import World
from domain.ports.events import StoredRow

ROW, NAME = 16, "recorder"
WORTH = 1.08
"""Times as fast as the library's: less is not worth statements of our own."""

APPENDS, BATCHES, BATCH = 200, 4, 1000
STREAMS = 400
READ = 10_000
"""Rows at most that a round reads, a batch at a time."""

Side = Callable[[int], float]


def run(world: World, records: int) -> Result:
    house, app = world.empty_archive("recorder"), world.library()
    store, recorder, events = house.events, app.recorder, one_by_one(Generator(records))

    def ready(count: int) -> list[StoredRow]:
        return [StoredRow(0, *new_row(event)) for event in islice(events, count)]

    def keep(rows: Sequence[StoredRow]) -> None:
        recorder.insert_events([StoredEvent(row.id, row.version, row.topic, row.state) for row in rows])

    def appends(append: Callable[[Sequence[StoredRow]], None], batches: int, size: int) -> float:
        given = [ready(size) for _ in range(batches)]
        return batches * size / processor_seconds(lambda: each(append, given))

    def page(after: int) -> object:
        return recorder.select_notifications(after, BATCH, inclusive_of_start=False)

    before = store.head()
    for start in range(0, 2 * records, BATCH):
        rows = ready(min(BATCH, 2 * records - start))
        store.take_over(rows)
        keep(rows)
    known = store.rows(before, READ)
    alone = [stream for stream, count in Counter(row.id for row in known).items() if count == 1][:STREAMS]
    pages = range(0, len(known), BATCH)

    sides: dict[str, tuple[Side, Side]] = {
        "append one event": (lambda _: appends(store.take_over, APPENDS, 1), lambda _: appends(keep, APPENDS, 1)),
        "append a thousand at a time": (
            lambda _: appends(store.take_over, BATCHES, BATCH),
            lambda _: appends(keep, BATCHES, BATCH),
        ),
        "read a stream of one event": (
            lambda _: len(alone) / processor_seconds(lambda: each(store.stored, alone)),
            lambda _: len(alone) / processor_seconds(lambda: each(recorder.select_events, alone)),
        ),
        "follow, a thousand at a time": (
            lambda _: len(known) / processor_seconds(lambda: each(lambda at: store.rows(before + at, BATCH), pages)),
            lambda _: len(known) / processor_seconds(lambda: each(page, pages)),
        ),
    }
    rounds = world.rounds(11)
    speeds = {work: paired(rounds, *both) for work, both in sides.items()}
    app.close()
    house.close()
    worth = Target("at least", WORTH)
    return Result(
        ROW,
        NAME,
        records,
        [
            Comparison(work, "the library's recorder, as it comes", "events/s", ours, theirs, target)
            for (work, (ours, theirs)), target in zip(speeds.items(), (worth, None, worth, worth), strict=True)
        ],
        {"batch": BATCH, "appends_a_round": APPENDS},
    )


def processor_seconds(work: Callable[[], object]) -> float:
    """What the work takes of this process's processor time, in user and system mode; not of a server's."""
    gc.collect()
    start = time.process_time()
    work()
    return time.process_time() - start
