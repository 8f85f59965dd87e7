"""Row 7 on servers: text into the search index, against raw ``_bulk`` requests of the same entries, ready as bytes.

Both sides make what they sent searchable: ours after each batch, before it says how far it came, the raw side at the
end of a round.
"""

from __future__ import annotations

from contextlib import closing
from typing import Any

from adapters.home.settings import read
from adapters.search.elastic.bulk import Change
from adapters.search.elastic.connection import Connection
from adapters.search.elastic.indices import Indices
from adapters.search.elastic.mapping import entry_id, to_entry
from benchmarks.indexing import NAME, PAPERLESS, ROW, documents_of, indexer_of
from benchmarks.measure import Comparison, Result, Target, each, paired, seconds
from benchmarks.world import World
from domain.ports.search import SearchDocument
from indexers.search import BATCH

__all__ = ["NAME", "ROW", "run"]


class RawBulk:
    """An index with the same mapping and settings, and nothing of ours in between."""

    def __init__(self, url: str) -> None:
        address = read({"JIANZHENG_SEARCH": url}).search
        assert address is not None
        self._connection = Connection(address)
        indices = Indices(self._connection)
        indices.create(1)
        self._index = indices.name(1)

    def ready(self, batch: list[SearchDocument]) -> bytes:
        changes = (Change(entry_id(each.record, each.revision), 1, to_entry([each])) for each in batch)
        return b"".join(change.lines() for change in changes)

    def write(self, lines: bytes) -> None:
        ready: list[Any] = [lines.rstrip(b"\n")]  # bytes are sent as they are
        with self._connection.working() as client:
            answer = client.bulk(index=self._index, operations=ready, filter_path="errors")
        if answer["errors"]:
            raise AssertionError("the server refused a document of the benchmark")

    def refresh(self) -> None:
        with self._connection.working() as client:
            client.indices.refresh(index=self._index)

    def close(self) -> None:
        self._connection.close()


def run(world: World, records: int) -> Result:
    house = world.archive(records)
    ours_house, whole_house = world.empty_archive("ours"), world.empty_archive("whole")
    engine, whole = ours_house.engine, whole_house.engine
    engine.position(), whole.position()  # the indices are made
    indexer = indexer_of(world, house, whole)
    rounds = min(world.rounds(5 if records < 50_000 else 10), max(1, house.ledger.size() // BATCH))
    leaves = house.ledger.size() // rounds  # the index grows from round to round, as it does in use
    source = documents_of(house)
    indexed: dict[int, list[list[SearchDocument]]] = {}
    position = iter(range(1, 1_000_000))

    def batches(n: int) -> list[list[SearchDocument]]:
        if n not in indexed:
            indexed.clear()
            indexed[n] = [next(source, []) for _ in range(max(1, leaves // BATCH))]
        return indexed[n]

    def count(n: int) -> int:
        return sum(map(len, batches(n)))

    def ours(n: int) -> float:
        work = batches(n)
        return count(n) / seconds(lambda: each(lambda batch: engine.write(batch, [], next(position)), work))

    def from_events(n: int) -> float:
        steps = range(len(batches(n)))
        return count(n) / seconds(lambda: each(lambda _: indexer.run_once(), steps))

    with closing(RawBulk(world.place()["JIANZHENG_SEARCH"])) as raw:

        def theirs(n: int) -> float:
            work = [raw.ready(batch) for batch in batches(n) if batch]

            def send() -> None:
                each(raw.write, work)
                raw.refresh()

            return count(n) / seconds(send)

        mine, others, path = paired(rounds, ours, theirs, from_events)
    per_batch = round(count(rounds - 1) / len(batches(rounds - 1)))
    ours_house.close()
    whole_house.close()
    against = "raw `_bulk` of the same entries, ready as bytes"
    known = "paperless-ngx, whole reindex (known figure, another machine)"
    enough, tenfold = Target("at least", 0.7), Target("at least", 10)
    return Result(
        ROW,
        NAME,
        records,
        [
            Comparison("texts folded, cut into tokens and indexed", against, "documents/s", mine, others, enough),
            Comparison("from stored events to the index", against, "documents/s", path, others),
            Comparison("from stored events to the index", known, "documents/s", path, [PAPERLESS] * rounds, tenfold),
        ],
        {"documents_a_batch": per_batch},
    )
