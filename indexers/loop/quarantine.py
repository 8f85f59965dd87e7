"""What an indexer cannot take in: it is put aside for a while, the others go on, and it is tried again.

Only what may be the fault of one event is: a server that is away, a full disk or another process strikes every event,
and is the indexer's own trouble. So is a fault that strikes everything in a large batch.

An event is noted durably before the indexer says that it has come past it: it is never silently skipped. The ledger's
integrator has no quarantine. Its leaves are dense; it stops at what it cannot integrate, and says so.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from adapters.work.log import Fault, Happened, Trouble, WorkLog
from domain.errors import EventUnreadable, IntegrityFault, JianzhengError, ProgramFault, Unavailable
from domain.ports.ledger import Leaf
from domain.search.errors import DocumentRejected
from indexers.loop.backoff import BackOff, Chance

EVERYTHING = 20
"""So many streams that all fail in one batch have no fault of their own in common."""

RETRIES = 20
"""Streams that are tried again in one turn."""

PAUSES = BackOff(first=1.0, longest=3600.0)

ALTERED = "-altered"
"""Behind the name of a part: what it keeps was changed by somebody else. `jianzheng index rebuild` takes it away."""

Found = TypeVar("Found")

log = logging.getLogger("jianzheng.indexers")


class EventFailed(ProgramFault):
    """What the program itself stumbled over at one event. Its text may quote the record, so only its kind is kept."""

    code = "event_failed"
    zh = "程序处理不了这个事件（{kind}）。"
    en = "The program cannot take in this event ({kind})."
    next_zh = "细节在日志里，请交给维护人员；升级程序后，用 jianzheng index retry 再试一次。"
    next_en = (
        "The details are in the log: pass them on to whoever looks after the program."
        " After an upgrade run jianzheng index retry."
    )


def may_be_of_one(error: Exception) -> bool:
    """Whether it may be the fault of one event, rather than of a server, a disk or another process."""
    if isinstance(error, Unavailable | IntegrityFault):
        return isinstance(error, DocumentRejected | EventUnreadable)
    return not isinstance(error, OSError | MemoryError)


@dataclass
class Attempts:
    """The streams of one batch: how many were tried, and which failed at which event."""

    tried: int = 0
    failed: dict[str, tuple[Happened, Exception]] = field(default_factory=dict)

    def at(self, leaf: Leaf, work: Callable[[], Found], culprit: Callable[[], Leaf | None]) -> Found | None:
        """Do the work for the leaf's stream. None where it failed: at ``culprit``'s event, else at the leaf's."""
        self.tried += 1
        try:
            return work()
        except Exception as error:  # whatever an event makes the program stumble over must not stop the others
            if not may_be_of_one(error):
                raise
            self.fail(culprit() or leaf, error)
            return None

    def fail(self, leaf: Leaf, error: Exception) -> None:
        self.failed.setdefault(str(leaf.id), (happened(leaf), error))


class Quarantine:
    def __init__(self, part: str, work: WorkLog, now: Callable[[], float], chance: Chance) -> None:
        self.part = part
        self._work, self._now, self._chance = work, now, chance

    def keep(self, attempts: Attempts) -> None:
        """Note what failed, durably. Raises the fault itself where it is nobody's own."""
        if attempts.tried == len(attempts.failed) >= EVERYTHING:
            raise next(error for _, error in attempts.failed.values())
        for event, error in attempts.failed.values():
            failures = 1 + self._work.attempts(self.part, event.stream)
            log.error(
                "%s cannot take in %s/%s (leaf %s)", self.part, event.stream, event.version, event.leaf, exc_info=error
            )
            now = self._now()
            fault = Fault.of(error if isinstance(error, JianzhengError) else EventFailed(kind=type(error).__name__))
            self._work.failed(self.part, event, fault, now, now + PAUSES.after(failures, self._chance))

    def tell(self, error: JianzhengError) -> None:
        """Show what is wrong with what the indexer keeps, until it is made anew; the indexer itself goes on."""
        log.error("%s: %s", self.part, error)
        self._work.stopped(self.part + ALTERED, Fault.of(error), self._now())

    def due(self, size: int) -> list[Trouble]:
        """What is to be tried again, of those events that the indexer has come past: of leaves below ``size``."""
        return [each for each in self._work.due(self.part, self._now(), RETRIES) if each.event.leaf < size]

    def release(self, streams: Iterable[str]) -> None:
        """These were taken in, wholly."""
        known = self._work.streams(self.part)
        if known and (mended := sorted(known.intersection(streams))):
            self._work.mended(self.part, mended)


def happened(leaf: Leaf) -> Happened:
    """The event of a leaf, as the log of work notes it."""
    return Happened(str(leaf.id), leaf.version, leaf.index, leaf.position)
