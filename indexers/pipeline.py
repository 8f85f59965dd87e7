"""All indexers of one archive together: integrate, extract, index, keep figures — until nothing is left.

A command calls `Pipeline.catch_up` once; a server calls `start`, and from then on every event is taken in as it is
appended (a signal within the process) or within `POLL` seconds (appended by another process). Any number of processes
may do this at once: the ledger has a lock of its own, the search engine too, everything else is safe to repeat.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from adapters import parts
from adapters.bootstrap import House
from adapters.views import QueueTables, TextQueue
from domain.errors import ArchiveBusy, IndexLocked, JianzhengError, ProgramFault
from domain.ports import SearchEngine
from indexers.cleanup import clean_up
from indexers.figures import Figures
from indexers.ledger import Integrator
from indexers.search import SearchIndexer
from indexers.text import TextIndexer

LEDGER_WAIT = 60.0
"""Seconds that a command waits for another process that is integrating: a whole import may be before it."""

POLL = 1.0
"""Seconds after which a follower looks by itself."""

GATHER = 0.4
"""Seconds that the ledger rests after a batch. A batch costs a dozen flushes whatever its size: integrated one by one,
events that come quickly would slow down the filing of the next; so they share one. A single event waits for nothing,
and among many the last has its receipt within a second: the rest, the batch under way when it came, and its own."""

SWEEP = 3600.0
"""Seconds between two clearances of the staging folder."""

BACK_OFF = (1.0, 5.0, 30.0, 60.0)
"""Seconds that a follower rests after failing once, twice, …"""

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
    failures: int = 0
    fault: JianzhengError | None = None
    rest_until: float = 0.0
    wake: threading.Event = field(default_factory=threading.Event)


def integrator(house: House) -> Integrator:
    return Integrator(house.events, house.ledger, house.publisher, house.guard, house.clock, house.ledger_lock)


def led(house: House, name: str, run_once: Callable[[], int]) -> Callable[[], int]:
    """The same for one process at a time, on however many machines. Raises `IndexLocked` where another one is at it."""
    lock = parts.leader(house.servers, name)
    if lock is None:
        return run_once

    def as_leader() -> int:
        with lock.held() as ours:
            if not ours:
                raise IndexLocked
            return run_once()

    return as_leader


def integrate(house: House) -> None:
    """Bring the ledger up to date. Raises `ArchiveBusy` where another process is at it for too long."""
    with house.ledger_lock.held(LEDGER_WAIT) as ours:
        if not ours:
            raise ArchiveBusy
        integrator(house).run_locked()


class Pipeline:
    def __init__(self, house: House) -> None:
        self.house = house
        self.search = self._search_indexer(house.engine, house.queue)
        text = self._text_indexer(house.queue)
        self.ledger = Follower("ledger", integrator(house).run_once, rest=GATHER)
        self.followers = [
            self.ledger,
            Follower("figures", led(house, "figures", Figures(house).run_once)),
            Follower("search", led(house, "search", self.search.run_once)),
            Follower("text", text.run_once),
        ]
        self.followers.append(Follower("housekeeping", led(house, "housekeeping", self._sweep)))
        self._swept = 0.0
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    # ── in a command ────────────────────────────────────────────────────────────────────────────────────────────

    def integrate(self) -> None:
        """Bring only the ledger up to date; waits for another process that is at it."""
        integrate(self.house)

    def catch_up(self) -> None:
        """Everything, until nothing is left. Where a server holds the index, wait until it has taken everything in."""
        self.integrate()
        busy = True
        while busy:
            busy = False
            for follower in self.followers[1:]:
                try:
                    while follower.run_once():
                        busy = True
                except IndexLocked:
                    self._await_index()

    def _await_index(self, seconds: float = 10.0) -> None:
        deadline = time.monotonic() + seconds
        while self.house.engine.position() < self.house.ledger.size() and time.monotonic() < deadline:
            time.sleep(0.05)

    def rebuild(self) -> int:
        """Figures and search index from nothing, the index while the old one serves; returns its tree size.

        Raises `IndexLocked` while another process is rebuilding.
        """
        self.integrate()
        self.house.figures.clear()
        waiting = self.house.settings.index_folder / "rebuild.sqlite"
        waiting.unlink(missing_ok=True)
        queue = TextQueue(waiting)
        with self.house.engine.next() as engine:
            search, text = self._search_indexer(engine, queue), self._text_indexer(queue)
            while search.run_once() or text.run_once():
                pass
        self.house.queue.retry()
        self.house.queue.wait(queue.unfinished())
        self.catch_up()
        return self.house.engine.position()

    def _search_indexer(self, engine: SearchEngine, queue: QueueTables) -> SearchIndexer:
        house = self.house
        return SearchIndexer(
            events=house.events,
            ledger=house.ledger,
            engine=engine,
            texts=house.texts,
            extractor_version=house.extractor.version,
            queue=queue,
            directory=house.directory,
            zone=house.settings.zone,
        )

    def _text_indexer(self, queue: QueueTables) -> TextIndexer:
        house = self.house
        return TextIndexer(blobs=house.blobs, extractor=house.extractor, texts=house.texts, queue=queue, now=time.time)

    # ── in a server ─────────────────────────────────────────────────────────────────────────────────────────────

    def start(self) -> None:
        self.house.events.on_append(self.ledger.wake.set)
        for follower in self.followers:
            thread = threading.Thread(
                target=self._follow, args=(follower,), name=f"follow-{follower.name}", daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Let every follower finish the batch it is at."""
        self._stopping.set()
        for follower in self.followers:
            follower.wake.set()
        for thread in self._threads:
            thread.join(timeout=30)

    def _follow(self, follower: Follower) -> None:
        while not self._stopping.is_set():
            follower.wake.clear()
            try:
                did = follower.run_once()
            except IndexLocked as error:  # another server has the index; it does our work
                did, follower.fault = 0, error
            except JianzhengError as error:
                did = 0
                self._rest(follower, error)
            except Exception as error:  # a follower that ended here would fall behind for ever, and nobody would know
                log.exception("%s stumbled", follower.name)
                did = 0
                self._rest(follower, FollowerStumbled(part=follower.name, why=repr(error)))
            else:
                follower.failures, follower.fault = 0, None
            if did:
                for other in self.followers:
                    other.wake.set()
                self._stopping.wait(follower.rest)
            elif not self._stopping.is_set():
                follower.wake.wait(POLL)

    def _sweep(self) -> int:
        """Once an hour remove abandoned uploads, and files whose filing was interrupted before its event was stored.

        Done by a follower so that a fault there is shown like any other.
        """
        if time.monotonic() - self._swept > SWEEP:
            self._swept = time.monotonic()
            self.house.blobs.sweep()
            clean_up(self.house)
        return 0

    def _rest(self, follower: Follower, error: JianzhengError) -> None:
        """A fault is shown and tried again later; it never ends the follower and never blocks the others."""
        if follower.fault is None or str(follower.fault) != str(error):
            log.error("%s: %s", follower.name, error)
        pause = BACK_OFF[min(follower.failures, len(BACK_OFF) - 1)]
        follower.fault, follower.failures = error, follower.failures + 1
        self._stopping.wait(pause)

    # ── for people ──────────────────────────────────────────────────────────────────────────────────────────────

    def status(self) -> dict[str, object]:
        """How far each part is, and what was set aside."""
        house = self.house
        counts = house.queue.counts()
        return {
            "events": house.events.head(),
            "ledger": {
                "tree_size": house.ledger.size(),
                "behind": max(0, house.events.head() - house.ledger.tracking()),
            },
            "search": {
                "position": house.engine.position(),
                "behind": max(0, house.ledger.size() - house.engine.position()),
                "unreadable": [
                    {"leaf_index": leaf, "why": why} for leaf, why in sorted(self.search.unreadable.items())
                ],
            },
            "text": {
                "waiting": counts.get("waiting", 0),
                "done": counts.get("done", 0),
                "aside": [{"sha256": sha256, "why": why} for sha256, why in house.queue.aside()],
            },
            "faults": [
                {"part": f.name, "code": f.fault.code, "message": f.fault.message("zh")}
                for f in self.followers
                if f.fault is not None and f.failures
            ],
        }
