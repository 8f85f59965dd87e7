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

from adapters.bootstrap import House
from adapters.erasures import Left
from domain.errors import BlobMissing, IntegrityFault
from domain.records.erasure import named
from domain.records.events import RecordErased
from indexers.backoff import BackOff, Chance

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

    def locked_until(self, sha256: str) -> datetime | None: ...


class Erasures:
    def __init__(self, house: House, now: Callable[[], float], chance: Chance, fault: Fault = no_fault) -> None:
        self.house, self.now, self.chance, self.fault = house, now, chance, fault
        self._tried: dict[int, tuple[int, float]] = {}  # position → how often it was tried, and when again

    def run_once(self) -> int:
        """See to every erasure that is not complete; returns how many were completed, 0 when there is nothing to do."""
        self._follow()
        return sum(self._purge(left) for left in self.house.erasures.left())

    def _follow(self) -> None:
        log = self.house.erasures
        while rows := self.house.events.erasures(log.position(), BATCH):
            new = [Left(row.position, row.id, row.version) for row in rows if row.topic == RecordErased.TOPIC]
            log.take(rows[-1].position, new)

    def _purge(self, left: Left) -> bool:
        house, (attempts, again) = self.house, self._tried.get(left.position, (0, 0.0))
        if self.now() < again or not self._taken_in(left):
            return False
        [row] = house.events.rows_at([left.position])
        event = house.events.decode(row)
        reasons: list[Reason] = []
        if isinstance(event, RecordErased):
            reasons += self._states(event)
            reasons += self._files(event)
            reasons += self._documents(event)
        if reasons:
            self._tried[left.position] = attempts + 1, self.now() + PAUSES.after(attempts + 1, self.chance)
            house.erasures.stays(left.position, *(_joined(each) for each in zip(*reasons, strict=True)))
            return False
        self.fault("purged")
        house.erasures.done(left.position)
        return True

    def _taken_in(self, left: Left) -> bool:
        """Whether the indexes know that it is erased: what they hold is made from the events while these are there."""
        leaf = self.house.ledger.leaf_of(left.stream, left.version)
        if leaf is None or self.house.figures.size() <= leaf.index:
            return False
        return self.house.engine.position() > leaf.index

    def _states(self, event: RecordErased) -> list[Reason]:
        found: list[Reason] = []
        for version in sorted(named(event)):
            try:
                self.house.events.erase(event.originator_id, version, event.originator_version)
            except IntegrityFault as error:  # it was tampered with: the check names it
                found.append((error.message("zh"), error.message("en")))
            self.fault("state-erased")
        return found

    def _files(self, event: RecordErased) -> list[Reason]:
        """What another record names as well stays for its sake, and goes with the last one."""
        position = self.house.events.head()  # before the look: what comes meanwhile is looked at while filings wait
        held = self.house.erasing.holders(event.originator_id, event.digests)
        alone = [each for each in event.digests if each not in held]
        return [reason for digest in alone for reason in self._file(event.originator_id, digest, position)]

    def _file(self, record: UUID, digest: str, position: int) -> list[Reason]:
        house, came = self.house, False

        def named_since() -> bool:
            nonlocal came
            came = digest in house.erasing.holders(record, (digest,), position)
            return came

        try:
            gone = house.blobs.erase(digest, unless=named_since)
        except BlobMissing:
            gone = True
        if came:
            return []
        self.fault("blob-erased")
        house.queue.forget(digest)
        house.accounts.forget_uploads(digest)
        self.fault("unqueued")
        house.texts.forget(digest)
        self.fault("text-forgotten")
        if gone:
            return []
        until = house.blobs.locked_until(digest) if isinstance(house.blobs, Locking) else None
        zh = "" if until is None else f"，锁到 {until.date()}"
        en = "" if until is None else f" until {until.date()}"
        return [(f"文件 {digest} 被存储锁定{zh}", f"the file {digest} is locked in its store{en}")]

    def _documents(self, event: RecordErased) -> list[Reason]:
        """The search indexer took them away, unless it stumbled over the record."""
        self.house.engine.drop_older()
        self.fault("older-dropped")
        if event.events and self.house.engine.documents(str(event.originator_id)):
            return [("检索索引里还有它的条目", "the search index still holds entries of it")]
        return []


def _joined(said: tuple[str, ...]) -> str:
    return "; ".join(said)[:500]
