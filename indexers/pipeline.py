"""All indexers of one archive together: integrate, extract, index, keep figures — until nothing is left.

A command calls `Pipeline.catch_up` once; a server calls `start`, and from then on every event is taken in as it is
appended (a signal within the process) or within a second (appended by another process). Any number of processes
may do this at once: the ledger has a lock of its own, the search engine too, everything else is safe to repeat.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from adapters.disk.durable import storage_errors
from adapters.extraction.formats import readers
from adapters.home import parts
from adapters.home.house import House
from adapters.queue.text_queue import QueueTables, TextQueue
from adapters.work.log import SQLiteWorkLog, WorkLog
from domain.errors import ArchiveBusy, JianzhengError, Lang
from domain.ports.search import SearchEngine
from domain.search.errors import IndexLocked
from indexers import erasure
from indexers.cleanup import clean_up
from indexers.erasure import Erasures
from indexers.figures import Figures
from indexers.ledger import Integrator
from indexers.loop.backoff import Chance
from indexers.loop.dead_letters import Item, NameOf, retry, untried
from indexers.loop.follower import Follower, Loop
from indexers.loop.jobs import Job, Timetable
from indexers.loop.quarantine import ALTERED, Quarantine
from indexers.loop.status import Followed, nobody_asks, status
from indexers.renewal import Renewal
from indexers.search import SearchIndexer
from indexers.text import TextIndexer
from indexers.timestamping import Stamping
from indexers.witnessing import REST, Witnessing

LEDGER_WAIT = 60.0
"""Seconds that a command waits for another process that is integrating: a whole import may be before it."""

GATHER = 0.4
"""Seconds that the ledger rests after a batch. A batch costs a dozen flushes whatever its size: integrated one by one,
events that come quickly would slow down the filing of the next; so they share one. A single event waits for nothing,
and among many the last has its receipt within a second: the rest, the batch under way when it came, and its own."""

HOUR = 3600.0
"""Seconds between two clean-ups."""


def integrator(house: House) -> Integrator:
    """What brings the ledger up to date; the ledger's own lock lets in one process at a time."""
    return Integrator(house.events, house.ledger, house.publisher, house.guard, house.clock, house.ledger_lock)


def led(house: House, name: str, run_once: Callable[[], int]) -> Callable[[], int]:
    """The same for one process at a time, on however many machines. Raises `IndexLocked` where another one is at it."""
    lock = parts.tables(house.settings, house.servers).leader(name)
    if lock is None:
        return run_once

    def as_leader() -> int:
        with lock.held() as ours:
            if not ours:
                raise IndexLocked
            return run_once()

    return as_leader


def _locks(house: House) -> list[Follower]:
    """Where files are locked: for as long as the records ask."""
    bucket = house.servers.bucket
    if bucket is None or bucket.address.lock == "off":
        return []
    from indexers.locks import Locks

    kept_as = house.blobs.kept_as
    locks = Locks(house.events, bucket, house.clock, house.settings.zone, kept_as)
    return [Follower("locks", led(house, "locks", locks.run_once))]


def witnessing(house: House, now: Callable[[], float], chance: Chance) -> Witnessing:
    """What asks the witnesses of the policy as it is when they are asked. ``now`` in seconds since 1970."""
    from adapters.witness.client import HttpWitnesses

    return Witnessing(
        house.ledger,
        house.publisher,
        house.guard,
        house.ledger_lock,
        house.cosignatures,
        HttpWitnesses(),
        lambda: house.policy.policy,
        now,
        chance,
    )


def _witnesses(house: House, now: Callable[[], float], chance: Chance) -> list[Follower]:
    """Where a policy names some: they are asked by servers, and by `jianzheng witness ask`."""
    if house.settings.policy is None:
        return []
    asking = witnessing(house, now, chance)
    return [Follower("witnesses", led(house, "witnesses", asking.run_once), rest=REST, served=True)]


def stamping(
    house: House, now: Callable[[], float], chance: Chance, stopping: Callable[[], bool] = lambda: False
) -> Stamping:
    """What has checkpoints stamped by the authorities of the settings. ``now`` in seconds since 1970; while
    ``stopping`` says so none is asked any more.
    """
    return Stamping(
        authorities=parts.authorities(house.settings),
        store=parts.files(house.settings, house.servers).timestamps(),
        register=house.ledger,
        checkpoint=house.publisher.checkpoint,
        work=house.work,
        lock=parts.tables(house.settings, house.servers).lock("timestamp"),
        zone=house.settings.zone,
        now=now,
        chance=chance,
        stopping=stopping,
    )


def erasures(
    house: House, now: Callable[[], float], chance: Chance, fault: erasure.Fault = erasure.no_fault
) -> Erasures:
    """What takes away what was erased. ``now`` in seconds since 1970; ``fault`` is told of each step before the
    next.
    """
    return Erasures(
        events=house.events,
        erasing=house.erasing,
        log=house.erasures,
        ledger=house.ledger,
        figures=house.figures,
        engine=house.engine,
        blobs=house.blobs,
        queue=house.queue,
        texts=house.texts,
        forget_uploads=lambda sha256: house.accounts.forget_uploads(sha256),  # opened when there is one to forget
        now=now,
        chance=chance,
        fault=fault,
    )


def integrate(house: House) -> None:
    """Bring the ledger up to date. Raises `ArchiveBusy` where another process is at it for too long."""
    with house.ledger_lock.held(LEDGER_WAIT) as ours:
        if not ours:
            raise ArchiveBusy
        integrator(house).run_locked()


class Pipeline:
    """``now`` and ``chance`` are passed on: times of what is kept, and by how much each rests less than it might."""

    def __init__(self, house: House, now: Callable[[], float] = time.time, chance: Chance = random.random) -> None:
        self.house, self.now, self.chance = house, now, chance
        self._stopping = threading.Event()
        self.search = self._search_indexer(house.engine, house.queue, house.work)
        self.text = self._text_indexer(house.queue)
        self.ledger = Follower("ledger", integrator(house).run_once, rest=GATHER)
        figures = Figures(house.events, house.ledger, house.figures, self._quarantine("figures", house.work))
        self.followers = [
            self.ledger,
            Follower("figures", led(house, "figures", figures.run_once)),
            Follower("search", led(house, "search", self.search.run_once)),
            Follower("renewal", led(house, "renewal", self._renewal().run_once)),
            Follower("text", self.text.run_once),
            Follower("erasure", led(house, "erasure", erasures(house, now, chance).run_once)),
            Follower("housekeeping", self._timetable().run_once),
        ]
        self.followers += _locks(house)
        self.followers += _witnesses(house, now, chance)
        # Authorities outside are asked by servers alone, in a thread of its own: no command waits for them.
        self._outward = [Follower("timestamps", stamping(house, now, chance, self._stopping.is_set).run_once)]
        self._loop = Loop(self.followers, house.work, self._stopping, now, chance)
        self._threads: list[threading.Thread] = []

    # ── in a command ────────────────────────────────────────────────────────────────────────────────────────────

    def integrate(self) -> None:
        """Bring only the ledger up to date; waits for another process that is at it."""
        integrate(self.house)

    def catch_up(self) -> None:
        """Everything, until nothing is left. Where a server holds the index, wait until it has taken everything in."""
        self.integrate()
        busy, went = True, {self.ledger.name}
        while busy:
            busy = False
            for follower in (each for each in self.followers[1:] if not each.served):
                try:
                    while follower.run_once():
                        busy = True
                    went.add(follower.name)
                except IndexLocked:
                    self._await_index()
        for stopped in self.house.work.standing():
            if stopped.part in went:
                self.house.work.goes(stopped.part)

    def try_again(self, wanted: Sequence[Item], seconds: float = 30.0) -> set[str]:
        """Have items tried again, here or by the server that does the work; returns the ids of those that wait still.

        A large file takes its time: nobody is kept waiting for longer than ``seconds``.
        """
        if not retry(self.house.work, self.house.queue, wanted):
            return set()
        self.catch_up()
        deadline = time.monotonic() + seconds
        while (left := untried(self.house.work, self.house.queue, wanted)) and time.monotonic() < deadline:
            time.sleep(0.1)
        return left

    def _await_index(self, seconds: float = 10.0) -> None:
        deadline = time.monotonic() + seconds
        while self.house.engine.position() < self.house.ledger.size() and time.monotonic() < deadline:
            time.sleep(0.05)

    def rebuild(self) -> int:
        """Figures and search index from nothing, the index while the old one serves; returns its tree size.

        Raises `IndexLocked` while another process is rebuilding.
        """
        self.integrate()
        house, began = self.house, self.now()
        house.figures.clear()
        house.work.clear("figures", began)
        with house.engine.next() as engine:  # nobody else rebuilds meanwhile
            waiting = house.settings.index_folder / "rebuild.sqlite"
            with storage_errors():
                waiting.parent.mkdir(exist_ok=True)  # where the index is on a server, or everything of it was deleted
                waiting.unlink(missing_ok=True)
            queue, work = TextQueue(waiting), SQLiteWorkLog(waiting)
            search, text = self._search_indexer(engine, queue, work), self._text_indexer(queue, persistent=False)
            while search.run_once() or text.run_once():
                pass
        house.work.clear("search", began)
        house.work.goes("search" + ALTERED)
        for trouble in work.troubles():
            house.work.failed("search", trouble.event, trouble.fault, trouble.last, trouble.not_before)
        house.queue.retry()
        house.queue.wait(queue.unfinished())
        self.catch_up()
        return house.engine.position()

    def _search_indexer(self, engine: SearchEngine, queue: QueueTables, work: WorkLog) -> SearchIndexer:
        house = self.house
        return SearchIndexer(
            events=house.events,
            ledger=house.ledger,
            engine=engine,
            texts=house.texts,
            queue=queue,
            directory=house.directory,
            zone=house.settings.zone,
            quarantine=self._quarantine("search", work),
        )

    def _text_indexer(self, queue: QueueTables, *, persistent: bool = True) -> TextIndexer:
        house = self.house
        return TextIndexer(
            blobs=house.blobs,
            extractor=house.extractor,
            texts=house.texts,
            queue=queue,
            now=self.now,
            chance=self.chance,
            stopping=self._stopping.is_set,
            persistent=persistent,
        )

    def _renewal(self) -> Renewal:
        house = self.house
        return Renewal(house.events, house.texts, house.extractor, house.queue, readers)

    def _quarantine(self, part: str, work: WorkLog) -> Quarantine:
        return Quarantine(part, work, self.now, self.chance)

    def _timetable(self) -> Timetable:
        """Abandoned uploads lie where they were received; files of interrupted filings, in the archive's store."""
        house = self.house
        jobs = (
            Job("sweep", HOUR, house.blobs.sweep, machine=True),
            Job("clean-up", HOUR, lambda: clean_up(house.events, house.blobs)),
        )
        return Timetable(jobs, house.work, parts.tables(house.settings, house.servers).lock("timetable"), self.now)

    # ── in a server ─────────────────────────────────────────────────────────────────────────────────────────────

    def start(self) -> None:
        self.house.events.on_append(self.ledger.wake.set)
        for follower in (*self.followers, *self._outward):
            thread = threading.Thread(
                target=self._loop.run, args=(follower,), name=f"follow-{follower.name}", daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Let every follower finish what it is at. A file that takes too long is given back, for another worker."""
        self._stopping.set()
        for follower in (*self.followers, *self._outward):
            follower.wake.set()
        for thread in self._threads:
            thread.join(timeout=30)
        with suppress(JianzhengError):  # without a word its lease ends by itself
            self.house.queue.give_back(self.text.owner)

    # ── for people ──────────────────────────────────────────────────────────────────────────────────────────────

    def status(self, lang: Lang = "zh", name_of: NameOf = nobody_asks) -> dict[str, Any]:
        """How far each part is, what stands still, and what was set aside; records by ``name_of``."""
        house = self.house
        there = Followed(
            events=house.events,
            ledger=house.ledger,
            engine=house.engine,
            figures=house.figures,
            queue=house.queue,
            work=house.work,
            erasures=house.erasures,
            trust=house.trust,
            cosignatures=house.cosignatures,
        )
        return status(there, {f.name: f.fault for f in self.followers if f.fault is not None}, lang, name_of)
