"""Files whose reader got better are read again: when a version in `adapters.extraction.formats` was raised, or a format
got a reader.

Walks the events in the order of the store and has each file queued whose text was made by another reader than
today's, or is gone. How far it came, and with which readers, lies beside the texts; so a store of texts that was
deleted is filled again, and a process that dies goes on where it was. Until a file was read again its former text is
shown and found.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from adapters.extraction.cache import Texts
from adapters.extraction.formats import essence
from adapters.queue.text_queue import QueueTables
from domain.errors import EventUnreadable
from domain.files import FileEntry
from domain.ports.events import EventStore, StoredRow
from domain.ports.texts import TextExtractor
from domain.streams import files_named

BATCH = 500
"""Events looked at in one turn."""


class Renewal:
    """``readers`` gives the present reader of each media type. A turn that finds nothing to do costs nothing after the
    first of a process.
    """

    def __init__(
        self,
        events: EventStore,
        texts: Texts,
        extractor: TextExtractor,
        queue: QueueTables,
        readers: Callable[[], Mapping[str, str]],
    ) -> None:
        self.events, self.texts, self.extractor, self.queue, self.readers = events, texts, extractor, queue, readers
        self._settled = False

    def run_once(self) -> int:
        """How many events were looked at; 0 when every file has a text of its present reader, or waits for one."""
        if self._settled:
            return 0
        now = dict(self.readers())
        mark = _read(self.texts.walked())
        if mark["towards"] != now:
            mark = {"from": mark["from"], "towards": now, "after": 0}
        rows = self.events.rows(mark["after"], BATCH) if mark["from"] != now else []
        if not rows:
            if mark["from"] != now:
                self.texts.walk_on(_bytes({"from": now, "towards": now, "after": 0}))
            self._settled = True
            return 0
        changed = {kind for kind in mark["from"].keys() | now.keys() if mark["from"].get(kind) != now.get(kind)}
        self._queue(self._files(rows, None if not mark["from"] else changed))
        self.texts.walk_on(_bytes(mark | {"after": rows[-1].position}))
        return len(rows)

    def _files(self, rows: Iterable[StoredRow], changed: set[str] | None) -> Iterator[tuple[FileEntry, str]]:
        """The files that the events name, with their record; of ``changed`` media types alone, where it is given."""
        for row in rows:
            try:
                event = self.events.decode(row)
            except EventUnreadable:  # which `verify` tells
                continue
            for said in files_named(event):
                entry = FileEntry(**said)
                if changed is None or essence(entry.media_type) in changed:
                    yield entry, str(event.originator_id)

    def _queue(self, files: Iterable[tuple[FileEntry, str]]) -> None:
        waiting: list[tuple[str, str, str]] = []
        current: dict[str, bool] = {}
        for entry, record in files:
            if entry.sha256 not in current:
                text = self.texts.get(entry.sha256)
                current[entry.sha256] = text is not None and self.extractor.is_current(text, entry.media_type)
            if not current[entry.sha256]:
                waiting.append((entry.sha256, entry.media_type, record))
        if waiting:
            digests = sorted({sha256 for sha256, _, _ in waiting})
            self.queue.wait(waiting)
            self.queue.again(digests)
            self.queue.retry(digests)  # a better reader may manage what an earlier one was given up with


def _read(data: bytes) -> dict[str, Any]:
    """``from``: readers of the texts that are there; ``towards``: those of the walk under way; ``after``: how far."""
    try:
        mark = json.loads(data)
        match mark:
            case {"from": dict(), "towards": dict(), "after": int()}:
                return dict(mark)
    except ValueError:
        pass
    return {"from": {}, "towards": {}, "after": 0}


def _bytes(mark: Mapping[str, Any]) -> bytes:
    return json.dumps(mark, sort_keys=True).encode()
