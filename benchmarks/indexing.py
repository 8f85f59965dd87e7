"""Row 7: text into the search index, against the bare engine given the same documents with their tokens ready."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tantivy import Document, Index, Schema

from adapters.home.house import House
from adapters.queue.text_queue import TextQueue
from adapters.search.embedded import WRITER_MEMORY, EmbeddedSearch
from adapters.search.revisions import plan
from adapters.search.schema import TOKENS, build_schema, tokens_analyzer
from adapters.work.log import SQLiteWorkLog
from benchmarks.measure import Comparison, Result, Target, each, paired, seconds
from benchmarks.world import World
from domain.ports.search import SearchDocument, SearchEngine
from domain.records.events import RecordEvent
from domain.subject import LeafEvent
from indexers.documents import of_record
from indexers.loop.quarantine import Quarantine
from indexers.search import BATCH, SearchIndexer

ROW, NAME = 7, "index-text"
PAPERLESS = 167.0
"""Documents a second of paperless-ngx when it indexes everything again; measured elsewhere, so the note says so."""

Fields = list[dict[str, Any]]


class BareEngine:
    """One writer with the same room for postings, and a commit a batch: nothing but the engine."""

    def __init__(self, folder: Path) -> None:
        self.schema = build_schema()
        self.index = Index(self.schema, str(folder))
        self.index.register_tokenizer(TOKENS, tokens_analyzer())
        self.writer = self.index.writer(WRITER_MEMORY, 1)

    def write(self, batch: Fields) -> None:
        for fields in batch:
            self.writer.add_document(Document.from_dict(fields, self.schema))
        self.writer.commit()


def run(world: World, records: int) -> Result:
    house = world.archive(records)
    engine, bare = EmbeddedSearch(world.fresh("ours")), BareEngine(world.fresh("bare"))
    whole = EmbeddedSearch(world.fresh("whole"))
    indexer = indexer_of(world, house, whole)
    rounds = min(world.rounds(5 if records < 50_000 else 10), max(1, house.ledger.size() // BATCH))
    leaves = house.ledger.size() // rounds  # the index grows from round to round, as it does in use
    source = documents_of(house)
    indexed: dict[int, list[list[SearchDocument]]] = {}

    def batches(n: int) -> list[list[SearchDocument]]:
        if n not in indexed:
            indexed.clear()
            indexed[n] = [next(source, []) for _ in range(max(1, leaves // BATCH))]
        return indexed[n]

    def count(n: int) -> int:
        return sum(map(len, batches(n)))

    def ours(n: int) -> float:
        work = batches(n)
        return count(n) / seconds(lambda: each(lambda batch: engine.write(batch, [], 0), work))

    def theirs(n: int) -> float:
        work = [ready(batch) for batch in batches(n)]
        return count(n) / seconds(lambda: each(bare.write, work))

    def from_events(n: int) -> float:
        steps = range(len(batches(n)))
        return count(n) / seconds(lambda: each(lambda _: indexer.run_once(), steps))

    mine, others, path = paired(rounds, ours, theirs, from_events)
    engine.close()
    whole.close()
    bare.writer.wait_merging_threads()
    raw = "the bare engine, the same documents with their tokens ready"
    known = [PAPERLESS] * rounds
    return Result(
        ROW,
        NAME,
        records,
        [
            Comparison(
                "texts folded, cut into tokens and indexed", raw, "documents/s", mine, others, Target("at least", 0.7)
            ),
            Comparison("from stored events to the index", raw, "documents/s", path, others),
            Comparison(
                "from stored events to the index",
                "paperless-ngx, whole reindex (known figure, another machine)",
                "documents/s",
                path,
                known,
                Target("at least", 10),
            ),
        ],
        {"documents_a_batch": round(count(rounds - 1) / len(batches(rounds - 1)))},
    )


def ready(batch: list[SearchDocument]) -> Fields:
    """What the engine is given for a batch: fields with their tokens, and the heads marked."""
    schema: Schema = build_schema()
    empty = Index(schema)
    empty.register_tokenizer(TOKENS, tokens_analyzer())
    return [document.to_dict() for document in plan(empty.searcher(), schema, batch, []).added(schema)]


def documents_of(house: House) -> Iterator[list[SearchDocument]]:
    """Those of each batch of leaves, as the indexer makes them; nothing here has files."""
    directory, zone = house.directory(), house.settings.zone
    for start in range(0, house.ledger.size(), BATCH):
        leaves = house.ledger.leaves(start, BATCH)
        rows = house.events.rows(leaves[0].position - 1, len(leaves))
        documents: list[SearchDocument] = []
        for leaf, row in zip(leaves, rows, strict=True):
            event = house.events.decode(row)
            if isinstance(event, RecordEvent):
                documents += of_record([LeafEvent(leaf.index, event)], directory, zone, lambda _: None)
        yield documents


def indexer_of(world: World, house: House, engine: SearchEngine) -> SearchIndexer:
    views = world.fresh("queue") / "views.sqlite"
    return SearchIndexer(
        events=house.events,
        ledger=house.ledger,
        engine=engine,
        texts=house.texts,
        queue=TextQueue(views),
        directory=house.directory,
        zone=house.settings.zone,
        quarantine=Quarantine("search", SQLiteWorkLog(views), time.time, random.random),
    )
