"""How often one log may ask a witness: a bucket of tokens for each, filled at a steady rate."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable


class RateLimit:
    """``rate`` requests a second on average, ``burst`` at once. ``now`` is a clock that never goes back."""

    def __init__(self, rate: float, burst: int, now: Callable[[], float]) -> None:
        self._rate, self._burst, self._now = rate, burst, now
        self._guard = threading.Lock()  # owns `_left`
        self._left: dict[str, tuple[float, float]] = {}  # tokens, and when that was

    def wait(self, name: str) -> int:
        """0 where it may go on, otherwise the whole seconds after which to ask again."""
        with self._guard:
            now = self._now()
            tokens, before = self._left.get(name, (float(self._burst), now))
            tokens = min(self._burst, tokens + (now - before) * self._rate)
            if tokens < 1:
                self._left[name] = tokens, now
                return max(1, math.ceil((1 - tokens) / self._rate))
            self._left[name] = tokens - 1, now
            return 0
