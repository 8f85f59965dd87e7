"""What is done by the clock: once by one process of all that share an archive, however many there are.

A lock that its holder's death sets free keeps two from doing it at once; the work log remembers when it was done last,
so that it is not done again by the next. A process that dies over a job has not done it: another one does it then.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from adapters.work.log import WorkLog
from domain.ports.surroundings import Lock

LOOK = 30.0
"""Seconds between two looks into the work log."""


@dataclass(frozen=True)
class Job:
    """``machine``: it is about what lies on one machine, so each machine does its own."""

    name: str
    every: float  # seconds
    run: Callable[[], object]
    machine: bool = False

    @property
    def key(self) -> str:
        """Its name in the work log."""
        return f"{self.name}@{socket.gethostname()}" if self.machine else self.name


class Timetable:
    def __init__(self, jobs: Sequence[Job], work: WorkLog, lock: Lock, now: Callable[[], float]) -> None:
        self._jobs, self._work, self._lock, self._now = jobs, work, lock, now
        self._look = float("-inf")

    def run_once(self) -> int:
        """Do what is due, unless another process is at it; returns 0: nothing follows from it."""
        now = self._now()
        if 0 <= now - self._look < LOOK:
            return 0
        if self._due():
            with self._lock.held() as ours:
                if ours:
                    for job in self._due():  # asked again: another process may just have done it
                        job.run()
                        self._work.done(job.key, self._now())
        self._look = now
        return 0

    def _due(self) -> list[Job]:
        last, now = self._work.jobs(), self._now()
        # A clock that was set back must not keep a job from being done.
        return [job for job in self._jobs if abs(now - last.get(job.key, float("-inf"))) >= job.every]
