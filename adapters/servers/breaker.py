"""Remembers that a server says nothing, so that not everybody has to wait to learn it (a *circuit breaker*).

It opens when somebody waited in vain. From then on one caller at a time asks the server, briefly, whether it is back;
all who come meanwhile, and for a moment after a vain question, are told at once that it is not. So even those who stand
in a line before the server go on together. No thread is needed: whoever asks finds out that it is back.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

REST = 0.1
"""Seconds after a vain question in which the next one is not asked."""


class Breaker:
    """One for each server and process. ``answers`` asks the server, in a few seconds at most; it never raises."""

    def __init__(self, answers: Callable[[], bool], clock: Callable[[], float] = time.monotonic) -> None:
        self._answers, self._clock = answers, clock
        self._asking = threading.Lock()  # owns the next field
        self._rests_until = 0.0
        self.closed = True
        self.reason = "no answer"  # why it was opened last

    def open(self, reason: str) -> None:
        self.reason, self.closed = reason, False

    def passes(self) -> bool:
        """Whether a request may be made."""
        return self.closed or self.probe()

    def probe(self) -> bool:
        """Ask the server, whatever is known of it; where it is being asked, or was a moment ago: what is known."""
        if not self._asking.acquire(blocking=False):
            return self.closed
        try:
            if self._clock() >= self._rests_until:
                self.closed = self._answers()
                if not self.closed:
                    self._rests_until = self._clock() + REST
            return self.closed
        finally:
            self._asking.release()
