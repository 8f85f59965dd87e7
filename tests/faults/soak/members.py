"""The processes of the archive under test: started, killed, started again, and looked at from outside."""

from __future__ import annotations

import contextlib
import http.client
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.servers.keeper import ENDED, descendants, state
from tests.servers.runs import started

STOP_PATIENCE = 60.0
"""Seconds in which a process that is asked to end must have ended."""


@dataclass(eq=False)
class Member:
    """One process, again and again. Whoever kills it and whoever starts it is the same thread."""

    name: str
    command: list[str]
    environment: Mapping[str, str]
    folder: Path
    port: int | None = None  # of a web process
    process: subprocess.Popen[bytes] | None = None
    lives: int = 0
    killed: bool = False  # by us, so that its end is no surprise
    born: float = 0.0
    memory: list[tuple[int, float, int]] = field(default_factory=list)  # life, age in seconds, KiB
    orphans: set[tuple[int, str | None]] = field(default_factory=set)  # processes that it left behind: id and start

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.log"

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        self.lives += 1
        self.killed = False
        self.born = time.monotonic()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *self.command], cwd=self.folder, env=dict(self.environment),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip

    def kill(self) -> None:
        """``kill -9``: the process, not the children that it leaves behind."""
        if self.process is not None and self.alive:
            self.killed = True
            self.orphans |= {(pid, started(pid)) for pid in descendants(self.process.pid)}
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def stop(self) -> int | None:
        """As an operator does; the exit code, None where it had to be killed."""
        assert self.process is not None
        if self.alive:
            self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.process.wait(STOP_PATIENCE)
        self.kill()
        return None

    def answers(self) -> bool:
        """A web process answers its health address; of another one it is enough that it lives."""
        if self.port is None:
            return self.alive
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def sample(self) -> None:
        """Note how much memory it takes now."""
        with contextlib.suppress(OSError, AttributeError, ValueError, StopIteration):
            assert self.process is not None
            lines = Path(f"/proc/{self.process.pid}/status").read_text("ascii", "replace").splitlines()
            resident = next(line for line in lines if line.startswith("VmRSS:"))
            self.memory.append((self.lives, time.monotonic() - self.born, int(resident.split()[1])))

    def said(self) -> str:
        with contextlib.suppress(OSError):
            return self.log.read_text("utf-8", "replace")
        return ""


def left_behind(members: Iterable[Member]) -> list[str]:
    """What is still there of the children of killed processes."""
    known = [(pid, since) for member in members for pid, since in member.orphans if since is not None]
    return [f"{pid} {_command(pid)}" for pid, since in known if started(pid) == since and state(pid) not in ENDED]


def _command(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    return ""


def waited(seconds: float, step: float = 0.1) -> Iterator[float]:
    """Seconds gone by, again and again until so many have."""
    begun = time.monotonic()
    while (gone := time.monotonic() - begun) < seconds:
        yield gone
        time.sleep(step)
