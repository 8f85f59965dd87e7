"""One change: the tests that run it are run on it, the fastest first, until one fails or the time is over."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tests.mutation.covering import TimedTest
from tests.mutation.places import Place
from tests.mutation.workshop import Workshop

Word = Literal["killed", "timed out", "survived", "survived within the time", "no test"]
DEAD: tuple[Word, ...] = ("killed", "timed out")

FIRST, GROWTH = 16, 4
"""How many tests the first run has, and how many times more each next one: most changes die of one of the first few."""
START, ALLOWED, TIMES = 40.0, 10.0, 4.0
"""Seconds until a run has begun its first test; and a test may take so many seconds beside so many times what it took
when it was recorded. Beyond that it hangs."""


@dataclass(frozen=True)
class Verdict:
    """How a change ended, the test that killed it or hung, what was run, and how long it took in seconds."""

    word: Word
    by: str
    ran: int
    seconds: float


class Trial:
    """Tries changes in one workshop."""

    def __init__(self, shop: Workshop, limit: float, allowed: float = ALLOWED) -> None:
        self._shop, self._limit, self._allowed = shop, limit, allowed

    def __call__(self, place: Place, tests: Sequence[TimedTest]) -> Verdict:
        """The verdict. What kills must pass again without the change: a test that fails by itself is left out."""
        if not tests:
            return Verdict("no test", "", 0, 0.0)
        source = place.change.apply((self._shop.tree / place.path).read_bytes())
        left, spent, ran, unsound = list(tests), 0.0, 0, set[str]()
        while left and spent < self._limit:
            batch = _batch(left, ran)
            with self._shop.changed(place.path, source):
                run = _Run(self._shop, batch, self._limit - spent, self._allowed)
            spent += run.seconds
            ran += len(run.begun)
            if run.hangs:
                return Verdict("timed out", run.at, ran, spent)
            if run.failed and not self._passes(run.failed, batch):
                unsound.add(run.failed)
            elif run.failed:
                return Verdict("killed", run.failed, ran, spent)
            elif run.ended is None:
                break
            done = unsound | run.begun if run.failed else {test.name for test in batch}
            left = [test for test in left if test.name not in done]
        return Verdict("survived within the time" if left else "survived", "", ran, spent)

    def _passes(self, failed: str, batch: Sequence[TimedTest]) -> bool:
        """Without the change. A run that ended before any test had begun is repeated with all of them."""
        again = [test for test in batch if test.name == failed] or batch
        return _Run(self._shop, again, self._limit, self._allowed).ended == 0


def _batch(left: list[TimedTest], ran: int) -> list[TimedTest]:
    size = FIRST
    while ran >= size:
        size *= GROWTH
    return left[:size]


class _Run:
    """One run of pytest that stops at the first failure: what begun, what failed, whether it hung and where."""

    def __init__(self, shop: Workshop, tests: Sequence[TimedTest], limit: float, allowed: float) -> None:
        self._allowed = {test.name: allowed + TIMES * test.seconds for test in tests}
        self.hangs, self.failed, self.at = False, "", "before the first test"
        self.begun: set[str] = set()
        self._began = self._since = time.monotonic()
        self._limit = limit
        with shop.scratch() as scratch:
            progress = scratch / "progress"
            task = {"chosen": [test.name for test in tests], "progress": str(progress)}
            files = list(dict.fromkeys(test.file for test in tests))
            self.ended = shop.run(task, files, lambda: self._goes_on(progress), "-x")
            self._look(progress)
        if self.ended not in (None, 0, 5) and not self.failed:
            self.failed = self.at if self.begun else f"{self.at}: {_last_line(shop.log())}"
        self.seconds = time.monotonic() - self._began

    def _goes_on(self, progress: Path) -> bool:
        self._look(progress)
        now = time.monotonic()
        allowed = self._allowed[self.at] if self.begun else START
        self.hangs = now - self._since > allowed
        return not self.hangs and now - self._began < self._limit

    def _look(self, progress: Path) -> None:
        for what, test in _said(progress):
            if what == "failed":
                self.failed = self.failed or test
            elif test not in self.begun:
                self.begun.add(test)
                self.at, self._since = test, time.monotonic()


def _said(progress: Path) -> Iterator[tuple[str, str]]:
    """Whole lines only: the last one may be half written."""
    text = progress.read_text("utf-8") if progress.exists() else ""
    yield from (json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n"))


def _last_line(log: str) -> str:
    return (log.strip() or "nothing said").splitlines()[-1]
