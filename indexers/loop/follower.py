"""A follower: one indexer in a thread of its own, that does batch after batch, and rests longer after each failure.

A failure of the follower as a whole — a server that is away, a full disk, a ledger that cannot go on — is written into
the work log, where every process can see it, and tried again by itself. It never ends the follower, and never stops the
others.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from adapters.work.log import Fault, WorkLog
from domain.errors import JianzhengError, ProgramFault, ServerUnreachable
from domain.search.errors import IndexLocked
from indexers.loop.backoff import BackOff, Chance

POLL = 1.0
"""Seconds after which a follower looks by itself."""

PAUSES = BackOff(first=1.0, longest=60.0)
"""A follower's rests after failing once, twice, …"""

AWAY = BackOff(first=1.0, longest=5.0)
"""The same where a server is away: to ask costs little, and nobody should wait long once it is back."""

log = logging.getLogger("jianzheng.pipeline")


class FollowerStumbled(ProgramFault):
    """What a follower stopped at was none of ours; it is logged, shown in the status, and tried again."""

    code = "follower_stumbled"
    zh = "后台任务“{part}”出错（{why}），会自动重试。"
    en = "The background task “{part}” failed ({why}); it will be tried again."


@dataclass
class Follower:
    """One indexer and how it fares. ``run_once`` does a batch and returns how much it did, 0 when nothing is left."""

    name: str
    run_once: Callable[[], int]
    rest: float = 0.0  # seconds between two batches
    served: bool = False  # only while a server runs: a command does not wait for it
    failures: int = 0
    fault: JianzhengError | None = None
    well: bool = False  # it is in the work log, if anywhere, as one that goes on
    wake: threading.Event = field(default_factory=threading.Event)


class Loop:
    """What a follower's thread does until ``stopping`` is set."""

    def __init__(
        self,
        followers: Iterable[Follower],
        work: WorkLog,
        stopping: threading.Event,
        now: Callable[[], float],
        chance: Chance,
    ) -> None:
        self._followers, self._work, self._stopping = followers, work, stopping
        self._now, self._chance = now, chance

    def run(self, follower: Follower) -> None:
        while not self._stopping.is_set():
            follower.wake.clear()
            did = self._once(follower)
            if did:
                for other in self._followers:
                    other.wake.set()
                self._stopping.wait(follower.rest)
            elif not self._stopping.is_set() and follower.fault is None:
                follower.wake.wait(POLL)

    def _once(self, follower: Follower) -> int:
        try:
            did = follower.run_once()
        except IndexLocked:  # another process has the index; it does our work, and tells how it fares
            follower.failures, follower.fault, follower.well = 0, None, False
            return 0
        except JianzhengError as error:
            self._rest(follower, error)
            return 0
        except Exception as error:  # a follower that ended here would fall behind for ever, and nobody would know
            log.exception("%s stumbled", follower.name)
            # Its text may quote what is filed, and everybody who keeps the archive running may read the work log.
            self._rest(follower, FollowerStumbled(part=follower.name, why=type(error).__name__))
            return 0
        self.goes(follower)
        return did

    def goes(self, follower: Follower) -> None:
        """It did its work: nothing is wrong with it any more."""
        if follower.failures or not follower.well:
            with suppress(JianzhengError):
                self._work.goes(follower.name)
                follower.well = True
        follower.failures, follower.fault = 0, None

    def _rest(self, follower: Follower, error: JianzhengError) -> None:
        if follower.fault is None or str(follower.fault) != str(error):
            log.error("%s: %s", follower.name, error)
        follower.fault, follower.failures, follower.well = error, follower.failures + 1, False
        with suppress(JianzhengError):  # it cannot be told to the others; this process knows it all the same
            self._work.stopped(follower.name, Fault.of(error), self._now())
        pauses = AWAY if isinstance(error, ServerUnreachable) else PAUSES
        self._stopping.wait(pauses.after(follower.failures, self._chance))
