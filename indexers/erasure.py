"""The erasure follower: takes away what an erasure names, wherever it is, and goes on until nothing of it is left.

First the indexes take in that the record was erased; then its stored states become tombstones, its files are destroyed,
and texts, waiting work and claims of uploads go. Every step can be repeated: a process that is killed anywhere leaves
the rest to the next one. What cannot go yet, because a lock holds a readable copy, is tried again, and shown.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol, runtime_checkable
from uuid import UUID

from adapters.erasures.log import ErasureLog, Left
from adapters.extraction.cache import Texts
from adapters.queue.text_queue import QueueTables
from domain.erasing import Erasing
from domain.errors import BlobMissing, IntegrityFault
from domain.ports.blobs import BlobStore
from domain.ports.events import EventStore
from domain.ports.ledger import LedgerReader
from domain.ports.reports import FiguresReader
from domain.records.erasure import named
from domain.records.events import RecordErased
from indexers.loop.backoff import BackOff, Chance

BATCH = 1_000
PAUSES = BackOff(first=60.0, longest=3600.0)
"""Before an erasure that could not be completed is tried again."""

Fault = Callable[[str], None]
Reason = tuple[str, str]


def no_fault(step: str) -> None:
    """What happens between steps outside tests."""


@runtime_checkable
class Locking(Protocol):
    """A store that knows until when a file is locked."""

    def locked_until(self, sha256: str) -> datetime | None:
        """When the last lock of the file ends; None without one, and where a lock has no end."""
        ...


class Index(Protocol):
    """What it needs of the search engine."""

    def position(self) -> int:
        """As the port's: the tree size that it has taken in."""
        ...

    def documents(self, record: str) -> list[str]:
        """As the port's: ids of the documents of a record."""
        ...

    def drop_older(self) -> None:
        """Away with generations that served before: they may hold what was erased since."""
        ...


class Erasures:
    """``forget_uploads``: nobody may claim the file any more that they sent."""

    def __init__(
        self,
        *,
        events: EventStore,
        erasing: Erasing,
        log: ErasureLog,
        ledger: LedgerReader,
        figures: FiguresReader,
        engine: Index,
        blobs: BlobStore,
        queue: QueueTables,
        texts: Texts,
        forget_uploads: Callable[[str], None],
        now: Callable[[], float],
        chance: Chance,
        fault: Fault = no_fault,
    ) -> None:
        self._events, self._erasing, self._log = events, erasing, log
        self._ledger, self._figures, self._engine = ledger, figures, engine
        self._blobs, self._queue, self._texts, self._forget_uploads = blobs, queue, texts, forget_uploads
        self._now, self._chance, self._fault = now, chance, fault
        self._tried: dict[int, tuple[int, float]] = {}  # position → how often it was tried, and when again

    def run_once(self) -> int:
        """See to every erasure that is not complete; returns how many were completed, 0 when there is nothing to do."""
        self._follow()
        return sum(self._purge(left) for left in self._log.left())

    def _follow(self) -> None:
        log = self._log
        while rows := self._events.erasures(log.position(), BATCH):
            new = [Left(row.position, row.id, row.version) for row in rows if row.topic == RecordErased.TOPIC]
            log.take(rows[-1].position, new)

    def _purge(self, left: Left) -> bool:
        attempts, again = self._tried.get(left.position, (0, 0.0))
        if self._now() < again or not self._taken_in(left):
            return False
        [row] = self._events.rows_at([left.position])
        event = self._events.decode(row)
        reasons: list[Reason] = []
        if isinstance(event, RecordErased):
            reasons += self._states(event)
            reasons += self._files(event)
            reasons += self._documents(event)
        if reasons:
            self._tried[left.position] = attempts + 1, self._now() + PAUSES.after(attempts + 1, self._chance)
            self._log.stays(left.position, *(_joined(each) for each in zip(*reasons, strict=True)))
            return False
        self._fault("purged")
        self._log.done(left.position)
        return True

    def _taken_in(self, left: Left) -> bool:
        """Whether the indexes know that it is erased: what they hold is made from the events while these are there."""
        leaf = self._ledger.leaf_of(left.stream, left.version)
        if leaf is None or self._figures.size() <= leaf.index:
            return False
        return self._engine.position() > leaf.index

    def _states(self, event: RecordErased) -> list[Reason]:
        reasons: list[Reason] = []
        for version in sorted(named(event)):
            try:
                self._events.erase(event.originator_id, version, event.originator_version)
            except IntegrityFault as error:  # it was tampered with: the check names it
                reasons.append((error.message("zh"), error.message("en")))
            self._fault("state-erased")
        return reasons

    def _files(self, event: RecordErased) -> list[Reason]:
        """What another record names as well stays for its sake, and goes with the last one."""
        position = self._events.head()  # before the look: what comes meanwhile is looked at while filings wait
        held = self._erasing.holders(event.originator_id, event.digests)
        alone = [each for each in event.digests if each not in held]
        return [reason for digest in alone for reason in self._file(event.originator_id, digest, position)]

    def _file(self, record: UUID, digest: str, position: int) -> list[Reason]:
        came = False

        def named_since() -> bool:
            nonlocal came
            came = digest in self._erasing.holders(record, (digest,), position)
            return came

        try:
            gone = self._blobs.erase(digest, unless=named_since)
        except BlobMissing:
            gone = True
        if came:
            return []
        self._fault("blob-erased")
        self._queue.forget(digest)
        self._forget_uploads(digest)
        self._fault("unqueued")
        self._texts.forget(digest)
        self._fault("text-forgotten")
        if gone:
            return []
        until = self._blobs.locked_until(digest) if isinstance(self._blobs, Locking) else None
        zh = "" if until is None else f"，锁到 {until.date()}"
        en = "" if until is None else f" until {until.date()}"
        return [(f"文件 {digest} 被存储锁定{zh}", f"the file {digest} is locked in its store{en}")]

    def _documents(self, event: RecordErased) -> list[Reason]:
        """The search indexer took them away, unless it stumbled over the record."""
        self._engine.drop_older()
        self._fault("older-dropped")
        if event.events and self._engine.documents(str(event.originator_id)):
            return [("检索索引里还有它的条目", "the search index still holds entries of it")]
        return []


def _joined(said: tuple[str, ...]) -> str:
    return "; ".join(said)[:500]
