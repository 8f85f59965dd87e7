"""What the search index should hold of records, made from stored rows alone: for the forensic check.

Nothing of the index is asked. Texts are those that were extracted once and kept; where one is not kept any more, that
is told, since nobody can say then what the index should hold of that file.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from uuid import UUID

from adapters.events.rows import decoded
from adapters.home import connections, parts
from adapters.home.settings import Settings
from domain.audit import audit
from domain.errors import EventUnreadable
from domain.files import FileEntry
from domain.organisations.directory import Directory
from domain.ports.texts import ExtractedText
from domain.records.events import RecordErased
from domain.streams import files_named
from domain.subject import LeafEvent
from indexers.documents import documents_of, of_stream
from indexers.loop.quarantine import may_be_of_one
from operations.verify.due import LeafRow, Made
from operations.verify.stored_rules import kind_of

AT_ONCE = 64
"""Records whose texts are in memory together."""

ASKING = 8
"""Threads that fetch texts from a server."""

Texts = Mapping[str, ExtractedText | None]


@dataclass(frozen=True)
class DocumentsPlace:
    """`operations.verify.due.DocumentsPlace`."""

    settings: Settings
    directory: Directory

    def open(self, sure: int) -> RecordDocuments:
        return RecordDocuments(self, sure)


class RecordDocuments:
    """`operations.verify.due.Documents`, for one thread at a time; whoever opened it closes it."""

    def __init__(self, place: DocumentsPlace, sure: int) -> None:
        self._place, self._sure = place, sure
        self._servers = connections.servers(place.settings)
        self._texts = parts.files(place.settings, self._servers).texts()
        self._pool: ThreadPoolExecutor | None = None

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
        self._servers.close()

    def of(
        self, streams: Iterable[tuple[UUID, Sequence[LeafRow]]], pending: Collection[tuple[str, str]] = ()
    ) -> Iterator[tuple[UUID, Made | None]]:
        waiting = iter(streams)
        while some := list(islice(waiting, AT_ONCE)):
            histories = {stream: self._history(rows) for stream, rows in some}
            texts = self._kept({sha256 for each in histories.values() for sha256 in _files(each or ())})
            for stream, history in histories.items():
                try:
                    made = None if history is None else self._made(str(stream), history, texts, pending)
                except Exception as error:  # the indexer too sets aside whatever it stumbles over (`quarantine`)
                    if not may_be_of_one(error):
                        raise
                    made = None
                yield stream, made

    def _history(self, rows: Sequence[LeafRow]) -> list[LeafEvent] | None:
        """Empty for a stream that is not searched."""
        kind = kind_of(rows[0][1].topic)
        if kind is None:
            return None
        if documents_of(kind) is None:
            return []
        try:
            events = [decoded(row) for _, row in rows]
        except EventUnreadable:
            return None
        if rows[-1][0] >= self._sure and audit(events) is not None:
            return None  # it came since, and nobody looked at it yet
        leaves = [leaf for leaf, _ in rows]
        acts = zip(leaves, events, strict=True)
        return [LeafEvent(leaf, event) for leaf, event in acts if documents_of(type(event)) is not None]

    def _kept(self, digests: set[str]) -> Texts:
        asked = sorted(digests)
        if self._place.settings.bucket is None:
            return {sha256: self._texts.get(sha256) for sha256 in asked}
        if self._pool is None and asked:
            self._pool = ThreadPoolExecutor(ASKING, thread_name_prefix="texts")
        texts = self._pool.map(self._texts.get, asked) if self._pool else ()
        return dict(zip(asked, texts, strict=True))

    def _made(self, record: str, history: list[LeafEvent], texts: Texts, pending: Collection[tuple[str, str]]) -> Made:
        def text_of(entry: FileEntry) -> ExtractedText | None:
            return None if (record, entry.sha256) in pending else texts[entry.sha256]

        if not history:
            return Made(record)
        if (gone := _erased(history)) is None:
            return Made(record)
        documents = of_stream(history, self._place.directory, self._place.settings.zone, text_of)
        unknown = frozenset(sha256 for sha256 in _files(history) if texts[sha256] is None) - gone
        return Made(record, tuple(documents), unknown)


def _erased(history: Iterable[LeafEvent]) -> set[str] | None:
    """The digests of files that were erased; None where all of the record was."""
    digests: set[str] = set()
    for each in history:
        if isinstance(each.event, RecordErased):
            if each.event.events:
                return None
            digests.update(each.event.digests)
    return digests


def _files(history: Iterable[LeafEvent]) -> Iterator[str]:
    for each in history:
        for entry in files_named(each.event):
            yield entry["sha256"]
