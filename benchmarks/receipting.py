"""Row 13: from a filing to its receipt in hand, while 200 records a second are filed.

Filings arrive at even distances whether or not the one before is done; whoever is late has kept somebody waiting, so
the clock runs from the instant at which a filing was *due*. Beside it stands the wait after its answer. Filing goes
through the use case and receipts are asked for in the order of filing, again after each publication until they are
there; all of it is in one process with the integrator, as in ``jianzheng serve`` on one machine.

Where 200 a second are too many for the machine, lower rates are tried until the receipts keep their second.
"""

from __future__ import annotations

import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any, NamedTuple

from adapters.home.house import House
from benchmarks.append import Following
from benchmarks.generate import Generator
from benchmarks.measure import Comparison, Result, Target, percentile
from benchmarks.world import World, fill
from domain.access import SYSTEM
from domain.proofs.receipts import ReceiptNotReady
from indexers.pipeline import integrate

ROW, NAME = 13, "receipts"
RATE = 200
"""Filings a second."""

LOWER = (150, 100, 75, 50, 25)
"""What is tried where the receipts do not keep their second."""

LIMIT = 1.0
"""Seconds in which 99 of 100 receipts are to be there."""

LOAD_SECONDS = 30.0
FILERS, TAKERS = 8, 16
"""Threads that file, and threads that take receipts."""

LOOK = 0.02
"""Seconds between two looks at how far the ledger is published."""


class Waits(NamedTuple):
    """Of one round, in seconds: from the instant a filing was due, and from its answer, to the receipt in hand."""

    due: list[float]
    answered: list[float]
    rate: float  # filings a second that there really were


def run(world: World, records: int) -> Result:
    house = world.empty_archive("receipts")
    fill(house, records)
    organisations = Generator(records).organisations
    integrate(house)
    load = LOAD_SECONDS if records >= 1000 else 0.2
    rounds = [take(house, organisations, RATE, load) for _ in range(world.rounds(3))]
    rate: int | None = RATE if _kept(rounds) else None
    for lower in LOWER if rate is None else ():
        if _kept([take(house, organisations, lower, load)]):
            rate = lower
            break
    house.close()
    return Result(
        ROW,
        NAME,
        records,
        list(_comparisons(rounds, rate)),
        {
            "records_before": records,
            "seconds_a_round": load,
            "receipts_a_round": len(rounds[0].due),
            "filers": FILERS,
            "takers": TAKERS,
            "rate_that_keeps_the_limit": rate,
        },
    )


def _kept(rounds: list[Waits]) -> bool:
    return statistics.median(percentile(each.due, 0.99) for each in rounds) <= LIMIT


def _comparisons(rounds: list[Waits], rate: int | None) -> list[Comparison]:
    limit, made = [LIMIT] * len(rounds), list[Comparison]()
    since = {
        "the filing was due": [each.due for each in rounds],
        "the filing's answer": [each.answered for each in rounds],
    }
    for when, waits in since.items():
        work = f"receipt in hand after {when}, {RATE} filings/s"
        p99, p50 = ([percentile(each, share) for each in waits] for share in (0.99, 0.5))
        made.append(Comparison(f"{work}, p99", "the limit", "s", p99, limit, Target("at most", 1)))
        made.append(Comparison(f"{work}, p50", "the limit", "s", p50, limit))
    rates, meant = [each.rate for each in rounds], [float(RATE)] * len(rounds)
    made.append(Comparison("filings under which it was measured", "what was meant", "filings/s", rates, meant))
    if rate is not None:
        work = f"highest rate tried that keeps the limit: p99 after the filing was due ≤ {LIMIT:g} s"
        made.append(
            Comparison(work, "what was meant", "filings/s", [float(rate)], [float(RATE)], Target("at least", 1))
        )
    return made


def take(house: House, organisations: list[str], rate: int, load: float) -> Waits:
    """File at this rate for so many seconds, and take every receipt."""
    count = max(1, int(rate * load))
    due, guard = iter(range(count)), threading.Lock()
    filed: SimpleQueue[tuple[str, float, float] | None] = SimpleQueue()
    waits, ends = Waits([], [], 0.0), list[float]()
    begun = time.perf_counter()

    def file() -> None:
        while True:
            with guard:
                n = next(due, None)
            if n is None:
                return
            at = begun + n / rate
            time.sleep(max(0.0, at - time.perf_counter()))
            raw = _raw(organisations[n % len(organisations)], f"{begun}-{n}")
            code = house.archive.file(SYSTEM, raw).record.code
            now = time.perf_counter()
            filed.put((code, at, now))
            ends.append(now)

    def receive() -> None:
        while (waiting := filed.get()) is not None:
            code, at, answered = waiting
            seen = board.size
            while not _had(house, code):
                seen = board.beyond(seen)
            now = time.perf_counter()
            with guard:
                waits.due.append(now - at)
                waits.answered.append(now - answered)

    with Following(house), Board(house) as board, ThreadPoolExecutor(FILERS + TAKERS) as threads:
        takers = [threads.submit(receive) for _ in range(TAKERS)]
        try:
            for each in [threads.submit(file) for _ in range(FILERS)]:
                each.result()
        finally:
            for _ in takers:
                filed.put(None)
        for taker in takers:
            taker.result()
    return waits._replace(rate=count / max(max(ends) - begun, load))


class Board:
    """Says when something was published, so that those who wait for receipts need not ask all the time."""

    def __init__(self, house: House) -> None:
        self._house, self._changed, self._done = house, threading.Condition(), threading.Event()
        self.size = house.ledger.published()
        self._watcher = threading.Thread(target=self._watch)

    def __enter__(self) -> Board:
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._watcher.join()

    def beyond(self, size: int) -> int:
        """Waits until more than this is published, or a second; how much it is."""
        with self._changed:
            self._changed.wait_for(lambda: self.size > size, timeout=1)
            return self.size

    def _watch(self) -> None:
        while not self._done.wait(LOOK):
            size = self._house.ledger.published()
            with self._changed:
                self.size = size
                self._changed.notify_all()


def _had(house: House, code: str) -> bool:
    try:
        house.receipts.one(SYSTEM, code, pauses=())
    except ReceiptNotReady:
        return False
    return True


def _raw(organisation: str, name: str) -> dict[str, Any]:
    """A small record as a clerk files it."""
    return {
        "organisation": organisation,
        "family": "study_session",
        "form": "党课",
        "title": f"专题党课：从历史中汲取力量 {name}",
        "occurred": {"from": "2023-04-21T14:30+08:00", "to": "2023-04-21T16:30+08:00"},
        "body": "大家围绕立行立改谈了认识。",
    }
