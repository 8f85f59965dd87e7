"""Time, chance, and one at a time: what every use case is given of its surroundings."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol
from uuid import UUID


class Clock(Protocol):
    def __call__(self) -> datetime:
        """The present instant, timezone-aware, in UTC."""
        ...


class Entropy(Protocol):
    def uuid(self) -> UUID:
        """A random id (version 4), never given before."""
        ...

    def salt(self) -> str:
        """16 random bytes as 32 hex digits."""
        ...


class Lock(Protocol):
    """Exclusive among all threads and processes; free again when its holder dies."""

    def held(self, wait: float = 0.0) -> AbstractContextManager[bool]:
        """Try for ``wait`` seconds (-1: for ever); says whether the lock is ours for the length of the block."""
        ...
