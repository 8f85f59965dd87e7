"""The search indexer: follows the ledger leaf by leaf and keeps the search engine's documents as they should be.

Everything it writes is recomputed from events and cached texts, so it can be stopped, repeated or started over at
any point. A record is found by its own words at once; the words of its files follow when they are extracted.

A record that cannot be taken in waits in quarantine and holds up no other. Meanwhile it keeps the documents that it
has; one that nobody can read any more has none, since no search could show it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from uuid import UUID
from zoneinfo import ZoneInfo

from adapters.extraction.cache import Texts
from adapters.queue.text_queue import QueueTables
from domain.errors import EventUnreadable
from domain.files import FileEntry
from domain.organisations.directory import Directory
from domain.ports.events import EventStore
from domain.ports.ledger import Leaf, LedgerReader
from domain.ports.search import SearchDocument, SearchEngine
from domain.ports.texts import ExtractedText
from domain.search.errors import IndexDamaged, IndexPositionAltered
from domain.subject import LeafEvent
from indexers.documents import documents_of, of_stream
from indexers.loop.quarantine import Attempts, Quarantine, may_be_of_one

BATCH = 1_000
"""Leaves taken in by one commit of the index."""


class IndexAhead(IndexDamaged):
    """The ledger went back, as by an old backup, or the index is of another one."""

    code = "index_ahead"
    zh = "检索索引已编到第 {position} 条，账本却只有 {size} 条：账本倒退过，或者索引不是这个档案库的。"
    en = (
        "The search index has taken in {position} leaves, and the ledger has {size}: the ledger went back, or the index"
        " is not this archive's."
    )
    next_zh = "请先运行 jianzheng verify 查明账本是否完整，再运行 jianzheng index rebuild 重建索引。"
    next_en = "Run jianzheng verify to learn whether the ledger is whole, then jianzheng index rebuild."


@dataclass(frozen=True)
class _Made:
    """What the index should hold of the leaf's record, and ``(sha256, media type, record)`` of texts not there yet."""

    leaf: Leaf
    documents: list[SearchDocument]
    waiting: list[tuple[str, str, str]]
    known: bool  # the index may hold documents of the record that it should hold no more

    @property
    def record(self) -> str:
        return str(self.leaf.id)


class SearchIndexer:
    def __init__(
        self,
        *,
        events: EventStore,
        ledger: LedgerReader,
        engine: SearchEngine,
        texts: Texts,
        queue: QueueTables,
        directory: Callable[[], Directory],
        zone: ZoneInfo,
        quarantine: Quarantine,
    ) -> None:
        self.events, self.ledger, self.engine, self.queue = events, ledger, engine, queue
        self.texts = texts
        self.directory, self.zone, self.quarantine = directory, zone, quarantine

    def run_once(self) -> int:
        """Take in the next batch of leaves, or the texts that came since; returns how much was done, 0 for nothing.

        Where somebody else wrote the position, everything is gone through again: what is right already stays as it is,
        and the trouble is shown until the index is rebuilt.
        """
        try:
            start = self.engine.position()
        except IndexPositionAltered as error:
            self.quarantine.tell(error)
            self.engine.write((), (), 0)
            return 1
        size = self.ledger.size()  # asked second: the ledger is never behind
        if start > size:
            raise IndexAhead(position=start, size=size)
        tried = self._try_again(start)
        end = min(size, start + BATCH)
        if start < end:
            self._take_in(start, end)
            return end - start
        return self._take_in_texts() or tried

    def _take_in(self, start: int, end: int) -> None:
        leaves = self.ledger.leaves(start, end - start)
        rows = {row.position: row for row in self.events.rows(leaves[0].position - 1, len(leaves))}
        histories: defaultdict[UUID, list[LeafEvent]] = defaultdict(list)
        last: dict[UUID, Leaf] = {}
        attempts = Attempts()
        for leaf in leaves:
            row = rows.get(leaf.position)
            try:
                if row is None:
                    raise EventUnreadable(what=f"{leaf.id}/{leaf.version}", why="the row is missing")
                event = self.events.decode(row)
            except EventUnreadable as error:
                attempts.tried += 1
                attempts.fail(leaf, error)
                continue
            if documents_of(type(event)) is not None:
                histories[leaf.id].append(LeafEvent(leaf.index, event))
                last[leaf.id] = leaf
        made, places = [], self.directory()
        for record, history in histories.items():
            if str(record) not in attempts.failed:
                began_before = history[0].event.originator_version > 1
                made += self._make(attempts, last[record], end, places, None if began_before else history)
        self._write(attempts, made, start, end)

    def _take_in_texts(self) -> int:
        ready = self.queue.ready(BATCH)
        if not ready:
            return 0
        size = self.engine.position()
        attempts, made, places = Attempts(), [], self.directory()
        for record, _ in ready:
            if leaves := self._leaves(UUID(record), size):
                made += self._make(attempts, leaves[-1], size, places)
        lost = {sha256 for one in made for sha256, _, _ in one.waiting}
        self._write(attempts, made, size, size)
        self.queue.again(sorted(lost))
        # A record that failed is made from all its texts when it is tried again.
        self.queue.taken([(record, sha256) for record, digests in ready for sha256 in digests if sha256 not in lost])
        return len(ready)

    def _try_again(self, size: int) -> int:
        """The records in quarantine whose time has come."""
        due = self.quarantine.due(size)
        if not due:
            return 0
        attempts, made, gone, places = Attempts(), [], [], self.directory()
        for trouble in due:
            if leaves := self._leaves(UUID(trouble.event.stream), size):
                made += self._make(attempts, leaves[-1], size, places)
            else:  # the ledger was made anew without it, or never had it
                gone.append(trouble.event.stream)
        self._write(attempts, made, size, size)
        self.quarantine.release(gone)
        return len(due)

    # ── one record ──────────────────────────────────────────────────────────────────────────────────────────────

    def _make(
        self, attempts: Attempts, leaf: Leaf, size: int, places: Directory, history: list[LeafEvent] | None = None
    ) -> list[_Made]:
        """Of the leaf's record, as it stands at ``size``; ``history`` where all of it is at hand. Empty: it failed."""

        def work() -> _Made:
            acts = self._history(leaf.id, size) if history is None else history
            documents, waiting = self._documents(acts, places)
            return _Made(leaf, documents, waiting, known=history is None)

        one = attempts.at(leaf, work, lambda: self._culprit(leaf.id, size, places))
        return [] if one is None else [one]

    def _leaves(self, record: UUID, size: int) -> list[Leaf]:
        return [leaf for leaf in self.ledger.leaves_of(record) if leaf.index < size]

    def _history(self, record: UUID, size: int) -> list[LeafEvent]:
        by_version = {leaf.version: leaf.index for leaf in self._leaves(record, size)}
        return [
            LeafEvent(by_version[e.originator_version], e)
            for e in self.events.stream(record)
            if documents_of(type(e)) is not None and e.originator_version in by_version
        ]

    def _culprit(self, record: UUID, size: int, places: Directory) -> Leaf | None:
        """The first event at which the record cannot be taken in; None where each can."""
        history: list[LeafEvent] = []
        for leaf in self._leaves(record, size):
            try:
                [row] = self.events.rows_at([leaf.position])
                event = self.events.decode(row)
                if documents_of(type(event)) is not None:
                    history.append(LeafEvent(leaf.index, event))
                    self._documents(history, places)
            except Exception:  # the same, whatever it was, that made the record fail
                return leaf
        return None

    def _documents(
        self, history: Sequence[LeafEvent], places: Directory
    ) -> tuple[list[SearchDocument], list[tuple[str, str, str]]]:
        if not history:
            return [], []
        record = str(history[0].event.originator_id)
        waiting: dict[str, str] = {}

        @cache  # each revision has the files of those before it
        def text(sha256: str) -> ExtractedText | None:
            return self.texts.get(sha256)

        def text_of(entry: FileEntry) -> ExtractedText | None:
            extracted = text(entry.sha256)
            if extracted is None or extracted.crashed:  # another attempt may give a text
                waiting[entry.sha256] = entry.media_type
            return extracted

        documents = of_stream(history, places, self.zone, text_of)
        return documents, [(sha256, media_type, record) for sha256, media_type in waiting.items()]

    # ── writing ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _write(self, attempts: Attempts, made: list[_Made], start: int, end: int) -> None:
        """What was made, and that the index has come to ``end``; what fails is noted before that."""
        self.quarantine.keep(attempts)
        if waiting := [file for one in made for file in one.waiting]:
            # Before the index says that it has these leaves: nobody would think of their files again.
            self.queue.wait(waiting)
        refused = Attempts(tried=len(made))
        unreadable = [stream for stream, (_, error) in attempts.failed.items() if isinstance(error, EventUnreadable)]
        try:
            self._send(made, end, unreadable)
        except Exception as error:  # as in `Attempts.at`
            if not may_be_of_one(error):
                raise
            self._send_apart(refused, made, start)
            self.quarantine.keep(refused)
            self._send([], end, unreadable)
        self.quarantine.release(one.record for one in made if one.record not in refused.failed)

    def _send(self, made: Sequence[_Made], position: int, unreadable: Sequence[str] = ()) -> None:
        """Replace all documents of known records, so that a source that went away does not stay behind."""
        documents = [document for one in made for document in one.documents]
        fresh = {document.id for document in documents}
        known = [*(one.record for one in made if one.known), *unreadable]
        stale = [old for record in known for old in self.engine.documents(record) if old not in fresh]
        self.engine.write(documents, stale, position)

    def _send_apart(self, refused: Attempts, made: Sequence[_Made], position: int) -> None:
        """By halves, until those that the engine refuses stand alone."""
        try:
            self._send(made, position)
        except Exception as error:  # as in `Attempts.at`
            if not may_be_of_one(error):
                raise
            if len(made) == 1:
                refused.fail(made[0].leaf, error)
            else:
                self._send_apart(refused, made[: len(made) // 2], position)
                self._send_apart(refused, made[len(made) // 2 :], position)
