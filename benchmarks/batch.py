"""Row 2: events appended in batches, as an import does, against the library's batch and SQLite's bare insert."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from eventsourcing.persistence import Mapper

from adapters.events.sqlite import SQLiteEventStore
from adapters.events.transcoding import PlainJSONTranscoder
from benchmarks.append import library, one_by_one
from benchmarks.generate import Generator
from benchmarks.measure import Comparison, Result, Target, each, paired, seconds
from benchmarks.world import World
from domain.event import Event

ROW, NAME = 2, "append-batch"
BATCH = 1000
ROUND = 10_000
"""Events of a round."""

Rows = list[tuple[str, int, str, bytes]]


class Bare:
    """The same table, filled with rows that are ready: what SQLite itself needs. Stands for PostgreSQL's COPY."""

    def __init__(self, file: Path) -> None:
        store = SQLiteEventStore(file)
        store.create()
        store.close()
        self.db = sqlite3.connect(file, isolation_level=None)
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute("PRAGMA synchronous=FULL")

    def insert(self, rows: Rows) -> None:
        self.db.execute("BEGIN")
        self.db.executemany(
            "INSERT INTO stored_events (originator_id, originator_version, topic, state) VALUES (?,?,?,?)", rows
        )
        self.db.execute("COMMIT")


def run(world: World, records: int) -> Result:
    house = world.empty_archive("batch")
    app = library(world.fresh("library") / "events.sqlite")
    bare = Bare(world.fresh("bare") / "events.sqlite")
    sources = [one_by_one(Generator(records)) for _ in range(3)]
    count = min(ROUND, 2 * records)

    def ours(_: int) -> float:
        batches = list(_batches(sources[0], count))
        return count / seconds(lambda: each(house.events.append, batches))

    def theirs(_: int) -> float:
        batches = list(_batches(sources[1], count))
        return count / seconds(lambda: each(lambda batch: app.save(*batch), batches))

    def limit(_: int) -> float:
        batches = [_rows(batch) for batch in _batches(sources[2], count)]
        return count / seconds(lambda: each(bare.insert, batches))

    rounds = world.rounds(max(5, min(20, 2 * records // ROUND)))
    mine, library_s, limits = paired(rounds, ours, theirs, limit)
    app.close()
    house.close()
    bare.db.close()
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
                "bare `executemany` of rows that are ready",
                "events/s",
                mine,
                limits,
                Target("at least", 0.6),
            ),
            Comparison(
                "bare `executemany`",
                "the library's `app.save`: the most that SQLite leaves to gain",
                "events/s",
                limits,
                library_s,
            ),
        ],
        {"batch": BATCH},
    )


def _rows(batch: list[Event]) -> Rows:
    stored = map(Mapper[UUID](PlainJSONTranscoder()).to_stored_event, batch)
    return [(UUID(str(s.originator_id)).hex, s.originator_version, s.topic, s.state) for s in stored]


def _batches(events: Iterator[Event], count: int) -> Iterator[list[Event]]:
    for start in range(0, count, BATCH):
        yield [next(events) for _ in range(min(BATCH, count - start))]
