"""``kill -9`` by a seeded schedule: anybody, at any moment, sometimes several at once; then they are started again.

Pauses between two deaths and before a restart are drawn evenly on a logarithmic scale, so that some processes die while
they start and others after many seconds of work. Half of the deaths are *aimed*: at a web process a moment after a
request went to it, at a worker a moment after something was acknowledged, which is when it integrates and indexes.

On a machine that is busy with other things everything takes longer, and so do the pauses: processes that were never
up would die for nothing.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from tests.faults.soak.members import Member

PAUSE = (0.02, 16.0)
"""Seconds between two deaths, on a machine where all processes are up in `QUICK`."""

QUICK = 8.0

FIRST = 3.0
"""Seconds within which somebody dies, however short the test is."""

REST = (0.01, 2.0)
"""Seconds until a dead process is started again."""

AIM_WAIT = 1.0
"""Seconds for which an aimed death waits for something to happen."""

AIM_WEB, AIM_WORKER = (0.0003, 0.4), (0.001, 3.0)
"""Seconds between what happened and the death."""

CUT = 0.3
"""The share of connections that are cut among all that happens, where that is wanted."""

TICK = 0.02
SAMPLE = 2.0
"""Seconds between two looks at the memory."""


@dataclass(frozen=True)
class Death:
    at: float  # seconds since the beginning
    member: str
    age: float  # of the process
    aimed: bool

    def __str__(self) -> str:
        return f"{self.at:8.3f} s  {self.member} after {self.age:.3f} s{' (aimed)' if self.aimed else ''}"


class Bell:
    """Rung by clients: when a request goes out to a web process, and when something was acknowledged."""

    def __init__(self) -> None:
        self._rung: dict[str, threading.Event] = {}
        self._guard = threading.Lock()

    def ring(self, name: str) -> None:
        self._of(name).set()

    def wait(self, name: str, seconds: float) -> bool:
        """Until it is rung again."""
        event = self._of(name)
        event.clear()
        return event.wait(seconds)

    def _of(self, name: str) -> threading.Event:
        with self._guard:
            return self._rung.setdefault(name, threading.Event())


ACKNOWLEDGED = "acknowledged"


class Killer:
    """Owns the members while it runs: nobody else starts or kills one."""

    def __init__(
        self, members: Sequence[Member], seed: int, bell: Bell, up: float, cut: Callable[[Random], int] | None = None
    ) -> None:
        """``up``: the seconds that it took to start all of them. ``cut`` breaks connections between living processes
        and a server, and says how many."""
        self._cut, self.cuts = cut, 0
        self._pause = (PAUSE[0], PAUSE[1] * max(1.0, up / QUICK))
        self._members, self._chance, self._bell = list(members), Random(seed), bell
        self._stopping, self._peace = threading.Event(), threading.Event()
        self._due: dict[Member, float] = {}
        self._begun = time.monotonic()
        self.deaths: list[Death] = []
        self.surprises: list[str] = []  # processes that ended by themselves
        self._threads = [
            threading.Thread(target=self._keep, name="keeper", daemon=True),
            threading.Thread(target=self._kill, name="killer", daemon=True),
        ]
        self._guard = threading.Lock()  # owns `_due`, and the processes of the members

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def make_peace(self) -> None:
        """No more deaths; whoever is dead is started."""
        self._peace.set()
        self._threads[1].join()

    def stop(self) -> None:
        """Nobody is started any more either."""
        self.make_peace()
        self._stopping.set()
        self._threads[0].join()

    # ── deaths ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _kill(self) -> None:
        pause = self._chance.uniform(0, FIRST)
        while not self._peace.wait(pause):
            pause = self._between(self._pause)
            if self._cut is not None and self._chance.random() < CUT:
                self.cuts += self._cut(self._chance)
                continue
            victims = self._victims()
            aimed = len(victims) == 1 and self._chance.random() < 0.5
            if aimed:
                self._aim(victims[0])
            if self._peace.is_set():
                return
            with self._guard:
                for victim in victims:
                    self._put_to_death(victim, aimed)

    def _victims(self) -> list[Member]:
        fate = self._chance.random()
        if fate < 0.04:
            return list(self._members)
        count = 2 if fate < 0.16 else 1
        return self._chance.sample(self._members, min(count, len(self._members)))

    def _aim(self, victim: Member) -> None:
        self._bell.wait(ACKNOWLEDGED if victim.port is None else victim.name, AIM_WAIT)
        time.sleep(self._between(AIM_WORKER if victim.port is None else AIM_WEB))

    def _put_to_death(self, victim: Member, aimed: bool) -> None:
        rest = self._between(REST)  # drawn in any case: the schedule does not depend on who lives
        if not victim.alive:
            return
        now = time.monotonic()
        victim.kill()
        self._due[victim] = now + rest
        self.deaths.append(Death(now - self._begun, victim.name, now - victim.born, aimed))

    def _between(self, limits: tuple[float, float]) -> float:
        low, high = map(math.log, limits)
        return math.exp(self._chance.uniform(low, high))

    # ── lives ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _keep(self) -> None:
        sampled = 0.0
        while not self._stopping.wait(TICK):
            now = time.monotonic()
            with self._guard:
                for member in self._members:
                    if member.alive:
                        continue
                    if member.process is not None and not member.killed:
                        code = member.process.returncode
                        self.surprises.append(f"{member.name} ended by itself with {code} at {now - self._begun:.1f} s")
                    if now >= self._due.get(member, 0.0):
                        member.start()
                if now - sampled > SAMPLE:
                    sampled = now
                    for member in self._members:
                        member.sample()
