"""The text indexer: extracts the files that wait for it, in the sandbox, and caches what it found.

What is wrong with a file is an outcome and is cached like a text; what is wrong with *us* (no memory for a worker, a
blob that cannot be read now) is tried again later, and set aside where it fails for good.
"""

from __future__ import annotations

from collections.abc import Callable

from adapters.extraction.cache import Texts
from adapters.views import QueueTables, WaitingText
from domain.errors import IntegrityFault, Unavailable
from domain.ports import BlobStore, TextExtractor

BATCH = 50
BACK_OFF = (5.0, 60.0, 600.0)
"""Seconds before the next attempt, by how many have failed."""


class TextIndexer:
    def __init__(
        self,
        *,
        blobs: BlobStore,
        extractor: TextExtractor,
        texts: Texts,
        queue: QueueTables,
        now: Callable[[], float],
    ) -> None:
        self.blobs, self.extractor, self.texts, self.queue, self.now = blobs, extractor, texts, queue, now

    def run_once(self) -> int:
        """Extract the next few files; returns how many were finished or put off, 0 when none waits.

        They are taken one at a time: other workers find some too, and one that is killed had a single file.
        """
        for count in range(BATCH):
            waiting = self.queue.next(self.now(), 1)
            if not waiting:
                return count
            self._extract(waiting[0])
        return BATCH

    def _extract(self, item: WaitingText) -> None:
        try:
            if self.texts.get(item.sha256, self.extractor.version) is None:
                with self.blobs.open(item.sha256) as blob:
                    found = self.extractor.extract(blob, item.media_type)
                self.texts.put(item.sha256, self.extractor.version, found)
        except (Unavailable, IntegrityFault, OSError) as error:
            pause = BACK_OFF[min(item.attempts, len(BACK_OFF) - 1)]
            self.queue.failed(item.sha256, str(error), self.now() + pause)
        else:
            self.queue.done(item.sha256)
