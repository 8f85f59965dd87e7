"""Row 13: from an acknowledged filing to its receipt in hand, while 200 records a second are filed.

Filing goes through the use case, at even distances; every record's receipt is asked for as soon as it is filed. All of
it is in one process with the integrator, as in ``jianzheng serve`` on one machine.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from adapters.bootstrap import House
from benchmarks.append import Following
from benchmarks.generate import Generator
from benchmarks.measure import Comparison, Result, Target, percentile
from benchmarks.world import World, fill
from domain.access import SYSTEM
from indexers.pipeline import integrate

ROW, NAME = 13, "receipts"
RATE = 200
"""Filings a second."""

LOAD_SECONDS = 10.0
FILERS, TAKERS = 4, 16
"""Threads that file, and threads that wait for receipts."""


def run(world: World, records: int) -> Result:
    house = world.empty_archive("receipts")
    fill(house, records)
    organisations = Generator(records).organisations
    integrate(house)
    rounds, load = world.rounds(5), LOAD_SECONDS if records >= 1000 else 0.2
    waits, rates = [], []
    for n in range(rounds):
        found, rate = take(house, organisations, load, f"{n}")
        waits.append(found)
        rates.append(rate)
    house.close()
    p99, p50 = ([percentile(each, share) for each in waits] for share in (0.99, 0.5))
    limit, work = [1.0] * rounds, f"receipt in hand after filing, {RATE} filings/s"
    return Result(
        ROW,
        NAME,
        records,
        [
            Comparison(f"{work}, p99", "the limit", "s", p99, limit, Target("at most", 1)),
            Comparison(f"{work}, p50", "the limit", "s", p50, limit),
            Comparison("filings under which it was measured", "what was meant", "filings/s", rates, [RATE] * rounds),
        ],
        {"records_before": records, "receipts_a_round": min(map(len, waits)), "filers": FILERS, "takers": TAKERS},
    )


def take(house: House, organisations: list[str], load: float, name: str) -> tuple[list[float], float]:
    """Seconds from each acknowledged filing to its receipt, and how many filings a second there were."""
    waits: list[float] = []
    guard, due = threading.Lock(), iter(range(max(1, int(RATE * load))))
    taken: list[Future[None]] = []
    begun = time.perf_counter()

    def receive(code: str, filed: float) -> None:
        house.receipts.one(SYSTEM, code)
        wait = time.perf_counter() - filed
        with guard:
            waits.append(wait)

    def file() -> None:
        while True:
            with guard:
                n = next(due, None)
            if n is None:
                return
            time.sleep(max(0.0, begun + n / RATE - time.perf_counter()))
            record = house.archive.file(SYSTEM, _raw(organisations[n % len(organisations)], f"{name}-{n}")).record
            with guard:
                taken.append(takers.submit(receive, record.code, time.perf_counter()))

    with Following(house), ThreadPoolExecutor(TAKERS) as takers:
        with ThreadPoolExecutor(FILERS) as filers:
            for each in [filers.submit(file) for _ in range(FILERS)]:
                each.result()
        rate = len(taken) / (time.perf_counter() - begun)
        for receipt in taken:
            receipt.result()
    return waits, rate


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
