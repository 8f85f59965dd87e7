"""The search indexer: follows the ledger leaf by leaf and keeps the search engine's documents as they should be.

Everything it writes is recomputed from events and cached texts, so it can be stopped, repeated or started over at
any point. A record is found by its own words at once; the words of its files follow when they are extracted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from uuid import UUID
from zoneinfo import ZoneInfo

from adapters.extraction.cache import Texts
from adapters.views import QueueTables
from domain.errors import EventUnreadable
from domain.organisations.directory import Directory
from domain.ports import EventStore, ExtractedText, LedgerReader, SearchDocument, SearchEngine
from domain.records.events import FileEntry, RecordEvent
from indexers.documents import LeafEvent, of_record

BATCH = 1_000
"""Leaves taken in by one commit of the index."""


class SearchIndexer:
    def __init__(
        self,
        *,
        events: EventStore,
        ledger: LedgerReader,
        engine: SearchEngine,
        texts: Texts,
        extractor_version: str,
        queue: QueueTables,
        directory: Callable[[], Directory],
        zone: ZoneInfo,
    ) -> None:
        self.events, self.ledger, self.engine, self.queue = events, ledger, engine, queue
        self.texts, self.extractor_version = texts, extractor_version
        self.directory, self.zone = directory, zone
        self.unreadable: dict[int, str] = {}  # leaf → why; shown by `index status`, named by `verify`

    def run_once(self) -> int:
        """Take in the next batch of leaves, or the texts that came since; returns how much was done, 0 for nothing."""
        start = self.engine.position()
        end = min(self.ledger.size(), start + BATCH)
        if start < end:
            self._take_in(start, end)
            return end - start
        return self._take_in_texts()

    def _take_in(self, start: int, end: int) -> None:
        leaves = self.ledger.leaves(start, end - start)
        rows = {row.position: row for row in self.events.rows(leaves[0].position - 1, len(leaves))}
        histories: defaultdict[UUID, list[LeafEvent]] = defaultdict(list)
        for leaf in leaves:
            row = rows.get(leaf.position)
            try:
                event = self.events.decode(row) if row is not None else None
            except EventUnreadable as error:
                self.unreadable[leaf.index] = str(error)
                continue
            if isinstance(event, RecordEvent):
                histories[leaf.id].append(LeafEvent(leaf.index, event))
        known = [record for record, history in histories.items() if history[0].event.originator_version > 1]
        for record in known:  # they began before this batch
            histories[record] = self._history(record, end)
        documents, waiting = self._documents(histories.values())
        if waiting:  # before the index says that it has these leaves: nobody would think of their files again
            self.queue.wait(waiting)
        self._write(known, documents, end)

    def _take_in_texts(self) -> int:
        ready = self.queue.ready(BATCH)
        if not ready:
            return 0
        size = self.engine.position()
        histories = {UUID(record): self._history(UUID(record), size) for record, _ in ready}
        documents, lost = self._documents(histories.values())
        self._write(histories, documents, size)
        gone = {sha256 for sha256, _, _ in lost}
        self.queue.again(sorted(gone))
        self.queue.taken([(record, sha256) for record, digests in ready for sha256 in digests if sha256 not in gone])
        return len(ready)

    def _write(self, records: Iterable[UUID], documents: list[SearchDocument], position: int) -> None:
        """Replace all documents of ``records``, so that a source that went away does not stay behind."""
        fresh = {document.id for document in documents}
        stale = [old for record in records for old in self.engine.documents(str(record)) if old not in fresh]
        self.engine.write(documents, stale, position)

    def _history(self, record: UUID, size: int) -> list[LeafEvent]:
        by_version = {leaf.version: leaf.index for leaf in self.ledger.leaves_of(record) if leaf.index < size}
        try:
            events = self.events.stream(record)
        except EventUnreadable as error:
            self.unreadable[min(by_version.values(), default=0)] = str(error)
            return []
        return [
            LeafEvent(by_version[e.originator_version], e)
            for e in events
            if isinstance(e, RecordEvent) and e.originator_version in by_version
        ]

    def _documents(
        self, histories: Iterable[list[LeafEvent]]
    ) -> tuple[list[SearchDocument], list[tuple[str, str, str]]]:
        directory = self.directory()
        documents: list[SearchDocument] = []
        waiting: dict[tuple[str, str], str] = {}

        for history in histories:
            if not history:
                continue
            record = str(history[0].event.originator_id)

            def text_of(entry: FileEntry, record: str = record) -> ExtractedText | None:
                found = self.texts.get(entry.sha256, self.extractor_version)
                if found is None:
                    waiting[entry.sha256, record] = entry.media_type
                return found

            documents += of_record(history, directory, self.zone, text_of)
        return documents, [(sha256, media_type, record) for (sha256, record), media_type in waiting.items()]
