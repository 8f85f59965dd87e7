"""A server as a process under its keeper: start, stop, kill, pause, resume."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import SystemRandom

from tests.servers.keeper import ENDED, descendants, send, state

KEEPER = Path(__file__).with_name("keeper.py")
MARK = "JIANZHENG_TEST_SERVERS"  # in the environment of every process that was started: how strays are recognised
PATIENCE = 20.0  # seconds in which a server has to end when it is asked to
START_PATIENCE = 120.0  # seconds in which a server has to answer; a busy machine needs many of them

# Below the range from which the system takes ports for outgoing connections: a server that is stopped for a while
# must find its port free when it comes back.
PORTS = range(20_000, 32_000)


# Keepers of servers that outlive the object which started them: Python complains about a child that nobody knows.
KEEPERS: list[subprocess.Popen[bytes]] = []


class ServerFailed(Exception):
    """A server did not start or did not answer; its last log lines are part of the message."""


def free_port() -> int:
    """A loopback port on which nobody listens now."""
    for port in SystemRandom().sample(PORTS, len(PORTS)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise ServerFailed("no free port on the loopback interface")


def service_user() -> pwd.struct_passwd | None:
    """Who runs the servers: ourselves, but never root, which PostgreSQL and Elasticsearch refuse."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise ServerFailed("root needs another user to run the servers as: postgres or nobody")


def give(path: Path) -> None:
    """Make a file or folder (not what is in it) the service user's own."""
    if user := service_user():
        os.chown(path, user.pw_uid, user.pw_gid)


def environment(home: Path, more: Mapping[str, str]) -> dict[str, str]:
    """What a server sees of our surroundings: as little as possible, and whose it is."""
    kept = {name: os.environ[name] for name in ("PATH", "JAVA_HOME", "TZ") if name in os.environ}
    return {**kept, "LANG": "C.UTF-8", "HOME": str(home), MARK: str(home), **more}


def run(command: Sequence[str | Path], home: Path, more: Mapping[str, str] | None = None) -> None:
    """A preparing command (such as `initdb`), as the user of the servers."""
    user = service_user()
    who = {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    done = subprocess.run(
        [str(part) for part in command], cwd=home, env=environment(home, more or {}), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **who,  # type: ignore[call-overload]  # a dict of its own keywords
    )  # fmt: skip
    if done.returncode:
        raise ServerFailed(f"{Path(command[0]).name} failed:\n{done.stdout[-2000:]}")


@dataclass
class Process:
    """One server's process, which may be started and stopped again and again on the same folder and port."""

    name: str
    folder: Path  # its own: data, settings, socket; removed when the owner dies
    log: Path
    command: list[str]
    env: Mapping[str, str] = field(default_factory=dict)
    stop_signal: int = signal.SIGTERM
    owner: int | None = field(default_factory=os.getpid)  # dies with it; with nobody when None
    as_ourselves: bool = False  # with our own user and whole environment, as a container engine's client needs it
    last: list[str] | None = None  # a command for the keeper when the owner is gone, to clean up elsewhere
    keeper: subprocess.Popen[bytes] | None = None

    @property
    def pids(self) -> list[int]:
        """The server's processes (not its keeper)."""
        return [] if self.keeper is None else descendants(self.keeper.pid)

    @property
    def running(self) -> bool:
        return self.keeper is not None and self.keeper.poll() is None

    def start(self, answers: Callable[[], bool]) -> None:
        """Start and wait until it answers."""
        user = None if self.as_ourselves else service_user()
        env = environment(self.folder, self.env)
        spec = {
            "command": self.command, "folder": str(self.folder), "log": str(self.log), "remove": str(self.folder),
            "env": {**os.environ, MARK: str(self.folder)} if self.as_ourselves else env, "owner": self.owner,
            "stop_signal": int(self.stop_signal), "patience": PATIENCE, "last": self.last,
            "user": user and user.pw_uid, "group": user and user.pw_gid,
        }  # fmt: skip
        file = self.folder / "keeper.json"
        file.write_text(json.dumps(spec), "utf-8")
        file.chmod(0o600)
        with self.log.open("ab") as log:
            self.keeper = subprocess.Popen(
                [sys.executable, "-I", str(KEEPER), str(file)], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, env=environment(self.folder, {}),
            )  # fmt: skip
        KEEPERS.append(self.keeper)
        for _ in moments(START_PATIENCE):
            if not self.running:
                raise ServerFailed(f"{self.name} ended while starting; its log says:\n{self.tail()}")
            if answers():
                return
        self.kill()
        raise ServerFailed(f"{self.name} does not answer; its log says:\n{self.tail()}")

    def stop(self) -> None:
        """End it as an administrator would; also a paused one."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut would: no process gets to say a word."""
        send(self.pids, signal.SIGKILL)
        self._end(signal.SIGTERM)

    def _end(self, number: int) -> None:
        if self.keeper is not None:
            with contextlib.suppress(ProcessLookupError):
                self.keeper.send_signal(number)
            self.keeper.wait()
            KEEPERS.remove(self.keeper)
            self.keeper = None

    def pause(self) -> None:
        """Stop all its processes in their tracks: connections stay open, nothing answers."""
        for _ in moments(PATIENCE, 0.01):  # the signal is carried out later, and there may be new ones meanwhile
            moving = [pid for pid in self.pids if state(pid) not in (*ENDED, "T")]
            if not moving:
                return
            send(moving, signal.SIGSTOP)
        raise ServerFailed(f"{self.name} does not pause")

    def resume(self) -> None:
        send(self.pids, signal.SIGCONT)

    def tail(self, lines: int = 40) -> str:
        return tail(self.log, lines)


def tail(log: Path, lines: int = 40) -> str:
    """The last lines of a log, for a person who looks at a failure."""
    try:
        return "\n".join(log.read_text("utf-8", "replace").splitlines()[-lines:])
    except OSError:
        return "(there is no log)"


def moments(seconds: float, step: float = 0.1) -> Iterator[float]:
    """Short waits until ``seconds`` are over."""
    end = time.monotonic() + seconds
    while (now := time.monotonic()) < end:
        yield now
        time.sleep(step)
