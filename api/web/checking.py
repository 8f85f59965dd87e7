"""The full check as a background job of the server process: one at a time, watched by whoever has the page open.

What it found last is remembered until the server ends, and is shown beside the state of the ledger on every page.
Nothing of it is stored: a check that was not run since the server started is not claimed.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from api.common.remaining import Remaining
from domain.errors import JianzhengError, ProgramFault
from operations.verify.findings import Finding, Progress, Verification

log = logging.getLogger("jianzheng.check")

Clock = Callable[[], datetime]
Run = Callable[[Progress], Verification]


@dataclass
class Check:
    """One run. Written by its thread, read by requests; the job's lock owns the fields."""

    started: datetime
    by: str
    stage: str = ""
    done: int = 0
    total: int = 0
    remaining: float | None = None  # seconds that the stage will take yet, as far as can be told
    ended: datetime | None = None
    result: Verification | None = None
    error: JianzhengError | None = None

    @property
    def running(self) -> bool:
        return self.ended is None


@dataclass(frozen=True)
class Said:
    """What the last finished check came to, in a word."""

    ok: bool
    findings: int
    at: datetime


@dataclass
class CheckJob:
    """The check of one archive. Starting it while it runs joins the run that is under way."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _current: Check | None = None
    _last: Said | None = None

    def start(self, run: Run, clock: Clock, by: str) -> Check:
        with self._lock:
            if self._current is not None and self._current.running:
                return self._current
            self._current = check = Check(clock(), by)
        threading.Thread(target=self._work, args=(check, run, clock), name="check", daemon=True).start()
        return check

    def current(self) -> Check | None:
        return self._current

    def last(self) -> Said | None:
        return self._last

    def note(self, finding: Finding, now: datetime) -> None:
        """A page met a fault by itself: what was sound a while ago is not called sound any more."""
        if self._last is None or self._last.ok:
            self._last = Said(False, 1, now)
            log.warning("%s", finding.detail_en)

    def _work(self, check: Check, run: Run, clock: Clock) -> None:
        remaining = Remaining()

        def progress(stage: str, done: int, total: int) -> None:
            check.stage, check.done, check.total = stage, done, total
            check.remaining = remaining(stage, done, total)

        try:
            check.result = run(progress)
        except JianzhengError as error:
            check.error = error
        except Exception as error:  # the page must be told that the run ended, whatever ended it
            log.exception("the check ended early")
            check.error = CheckFailed(why=f"{type(error).__name__}")
        finally:
            check.ended = clock()
            if check.result is not None:
                self._last = Said(check.result.ok, len(check.result.findings), check.ended)


class CheckFailed(ProgramFault):
    """A check in the background ended with something that is no finding."""

    code = "check_failed"
    zh = "核验没有做完（{why}）。"
    en = "The check did not run to its end ({why})."
    next_zh = "请再试一次；仍然不行时，请在服务器上运行 jianzheng verify。"
    next_en = "Try again; if it fails again, run jianzheng verify on the server."
