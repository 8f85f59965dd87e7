"""How long to wait before trying again: longer each time, never too long, and never all at the same moment.

Chance is passed in: whoever puts things together decides where it comes from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Chance = Callable[[], float]
"""A number from 0 up to, but not including, 1."""


@dataclass(frozen=True)
class BackOff:
    """``first`` seconds after one failure, ``factor`` times as many after each further one, ``longest`` at most.

    Of that, up to the share ``spread`` is left out by chance, so that many workers that were stopped by the same fault
    do not come back all at once.
    """

    first: float
    longest: float
    factor: float = 4.0
    spread: float = 0.25

    def after(self, failures: int, chance: Chance) -> float:
        """Seconds to wait after so many failures in a row, of which the last one just happened."""
        pause = self.first
        for _ in range(failures - 1):
            if pause >= self.longest:
                break
            pause *= self.factor
        return min(pause, self.longest) * (1 - self.spread * chance())
