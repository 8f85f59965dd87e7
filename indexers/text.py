"""The text indexer: extracts the files that wait for it, in the sandbox, and caches what it found.

What is wrong with a file is an outcome and is cached like a text. What may be better another time — the reader crashed
or ran out of time, the file cannot be read from the store — is tried again later, and set aside where it fails for
good. What is wrong with *us* (no process for a reader, a store that is away) strikes every file and is no file's
failure: the file is given back, and the indexer rests.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from adapters.extraction.cache import Texts
from adapters.queue.presence import is_gone, new_name
from adapters.queue.text_queue import LEASE, QueueTables, WaitingText
from adapters.work.log import Fault
from domain.errors import BlobErased, IntegrityFault, JianzhengError, ProgramFault, StorageFailed
from domain.ports.blobs import BlobStore
from domain.ports.texts import ExtractedText, TextExtractor, TextStatus
from indexers.loop.backoff import BackOff, Chance
from indexers.loop.heartbeat import beating

BATCH = 50
"""Files in one turn."""

HEARTBEAT = LEASE / 4
"""Seconds between two renewals of the leases: a few may fail before another worker takes the file."""

LONGEST = 900.0
"""Seconds for which a file's lease is renewed. Whoever works longer at one file is stuck: another worker may try."""

PAUSES = BackOff(first=2.0, longest=600.0)
"""Before a file's next attempt."""

log = logging.getLogger("jianzheng.text")


class ReaderCrashed(ProgramFault):
    """Nobody raises it: it is what is kept of a file whose reader did not get through."""

    code = "reader_crashed"
    zh = "提取文字的程序没有读完这个文件（{how_zh}）。"
    en = "The program that reads files did not get through this one ({how_en})."
    next_zh = "文件本身保存完好，可以照常下载；会自动再试，几次都不行就搁置。"
    next_en = (
        "The file is kept and can be downloaded as usual. It is tried again by itself, and set aside if that fails."
    )

    def __init__(self, status: TextStatus) -> None:
        how_zh, how_en = {
            "timed_out": ("用的时间太长", "it took too long"),
            "too_large": ("机器的内存不够", "the machine had no memory left"),
        }.get(status, ("中途崩溃", "it crashed"))
        super().__init__(how_zh=how_zh, how_en=how_en)


class ReaderFailed(ProgramFault):
    """The extractor itself stumbled, which it never should."""

    code = "reader_failed"
    zh = "提取这个文件的文字时，程序出错（{kind}）。"
    en = "The program failed while it had this file read ({kind})."
    next_zh = "文件本身保存完好；细节在日志里，请交给维护人员。"
    next_en = "The file is kept. The details are in the log: pass them on to whoever looks after the program."


class TextIndexer:
    def __init__(
        self,
        *,
        blobs: BlobStore,
        extractor: TextExtractor,
        texts: Texts,
        queue: QueueTables,
        now: Callable[[], float],
        chance: Chance,
        stopping: Callable[[], bool] = lambda: False,
        persistent: bool = True,
    ) -> None:
        """``stopping`` is asked between two files. Not ``persistent``: what crashed before is left to the others."""
        self.blobs, self.extractor, self.texts, self.queue = blobs, extractor, texts, queue
        self.now, self.chance, self.stopping, self.persistent = now, chance, stopping, persistent
        self.owner = new_name()
        self._since = 0.0  # when the present file was taken

    def run_once(self) -> int:
        """Extract the next few files; returns how many were finished or put off, 0 when none waits.

        They are taken one at a time: other workers find some too, and one that is killed had a single file.
        """
        count = 0
        waiting = self._next()
        if waiting is None:
            return 0
        with beating(self._beat, HEARTBEAT):
            while waiting is not None:
                self._extract(waiting)
                count += 1
                waiting = None if count >= BATCH or self.stopping() else self._next()
        return count

    def _take_over(self) -> bool:
        """Have the files of processes of this machine that are gone handed out at once; says whether there are any."""
        gone = [owner for owner in self.queue.owners() if is_gone(owner)]
        self.queue.lost(gone)
        return bool(gone)

    def _next(self) -> WaitingText | None:
        self._since = self.now()
        waiting = self.queue.next(self._since, 1, self.owner)
        if not waiting and self._take_over():
            waiting = self.queue.next(self._since, 1, self.owner)
        return waiting[0] if waiting else None

    def _beat(self) -> None:
        now = self.now()
        if now - self._since < LONGEST:
            self.queue.renew(self.owner, now)

    def _extract(self, item: WaitingText) -> None:
        """Raises what is no fault of the file, which is given back then."""
        try:
            text = self._text(item)
        except BlobErased:  # before anybody had read it: there is nothing to wait for
            self.queue.done(item.sha256)
        except (IntegrityFault, StorageFailed) as error:  # this file is missing, damaged, or on a bad spot of the disk
            self._failed(item, Fault.of(error))
        except JianzhengError:
            self.queue.give_back(self.owner, self.now() + PAUSES.after(1, self.chance))
            raise
        except OSError as error:
            self._failed(item, Fault.of(StorageFailed(error.strerror or type(error).__name__)))
        except Exception as error:  # an extractor answers for whatever is in a file; one that does not blocks no other
            log.exception("%s could not be read", item.sha256)
            self._failed(item, Fault.of(ReaderFailed(kind=type(error).__name__)))
        else:
            if text.crashed:
                self._failed(item, Fault.of(ReaderCrashed(text.status)))
            else:
                self.queue.done(item.sha256)

    def _text(self, item: WaitingText) -> ExtractedText:
        """Cached also where the reader crashed: the record tells at once how it stands with its file."""
        known = self.texts.get(item.sha256)
        current = known is not None and self.extractor.is_current(known, item.media_type)
        if known is not None and current and not (known.crashed and self.persistent):
            return known
        with self.blobs.open(item.sha256) as blob:
            text = self.extractor.extract(blob, item.media_type)
        self.texts.put(item.sha256, text)
        if self.blobs.erased([item.sha256]):  # while it was read
            self.texts.forget(item.sha256)
        return text

    def _failed(self, item: WaitingText, fault: Fault) -> None:
        now = self.now()
        self.queue.failed(item.sha256, fault, now, now + PAUSES.after(item.attempts + 1, self.chance), self.owner)
