"""How long somebody who guessed wrong waits before the next guess: twice as long each time, up to a quarter hour.

The pause is per user name (one account guessed at from everywhere) and per address (many accounts from one place).
"""

from __future__ import annotations

import math
from typing import Any

from domain.errors import Unavailable

USER_FREE = 5
ADDRESS_FREE = 30
"""Failures without a pause: people mistype, and a whole school may share one address."""

LONGEST = 900.0
"""Seconds. Longer would let anyone lock a colleague out for the day."""

FORGET = 24 * 3600.0
"""Seconds after which failures are forgotten."""


class TooManyAttempts(Unavailable):
    """``retry_after`` is in whole seconds, for the header of that name."""

    code = "too_many_attempts"
    http_status = 429
    zh = "登录失败次数太多，请 {seconds} 秒后再试。"
    en = "Too many failed sign-ins; try again in {seconds} seconds."
    next_zh = "忘记口令请找管理员重设。"
    next_en = "If the password is forgotten, an administrator can set a new one."

    def __init__(self, seconds: float, **where: Any) -> None:
        self.retry_after = max(1, math.ceil(seconds))
        super().__init__(seconds=self.retry_after, **where)


def pause_after(failures: int, free: int) -> float:
    """Seconds to wait after so many failures in a row."""
    return 0.0 if failures < free else min(LONGEST, 2.0 ** min(failures - free + 1, 20))
