"""What a long check is at, and how long that will take yet, by how fast it went so far: for commands and pages."""

from __future__ import annotations

import time
from collections.abc import Callable

from domain.errors import Lang

TOO_EARLY = 2.0
"""Seconds before which nobody can tell."""

_MINUTE, _HOUR = 60, 3600


class Remaining:
    """Told of progress, it says how many seconds the stage will take yet; None where that cannot be told."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._stage, self._began, self._from = "", 0.0, 0

    def __call__(self, stage: str, done: int, total: int) -> float | None:
        now = self._now()
        if stage != self._stage or done < self._from:
            self._stage, self._began, self._from = stage, now, done
        passed, came = now - self._began, done - self._from
        if passed < TOO_EARLY or came <= 0 or total < done:
            return None
        return passed * (total - done) / came


def in_words(seconds: float | None, lang: Lang) -> str:
    """``about 3 minutes left``; empty where nothing can be told."""
    if seconds is None:
        return ""
    if seconds < _MINUTE:
        return "还需不到 1 分钟" if lang == "zh" else "less than a minute left"
    unit, zh, en = (_HOUR, "小时", "hour") if seconds >= 1.5 * _HOUR else (_MINUTE, "分钟", "minute")
    count = round(seconds / unit)
    return f"约还需 {count} {zh}" if lang == "zh" else f"about {count} {en}{'' if count == 1 else 's'} left"
