"""A real server in a process of its own, and what it costs."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import NamedTuple

READY_SECONDS = 60.0


class Server(NamedTuple):
    port: int
    pid: int
    ready: float  # seconds from the start of the process to the first answer

    def connection(self) -> HTTPConnection:
        return HTTPConnection("127.0.0.1", self.port, timeout=60)

    def memory(self, field: str = "VmRSS") -> float:
        return memory_of(self.pid, field)


def command(*arguments: str) -> list[str]:
    """The installed command as a user runs it."""
    return [str(Path(sys.executable).with_name("jianzheng")), *arguments]


def environment(archive: Mapping[str, str]) -> dict[str, str]:
    """``archive`` is what `World.environment` says of it."""
    return {**os.environ, **archive}


@contextmanager
def running(archive: Mapping[str, str]) -> Iterator[Server]:
    """``jianzheng serve`` until the block ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = Path(archive["JIANZHENG_HOME"]).with_name("serve.log")
    start = time.perf_counter()
    with log.open("wb") as said:
        process = subprocess.Popen(
            command("serve", "--port", str(port)), env=environment(archive), stdout=said, stderr=said
        )
    try:
        yield Server(port, process.pid, _await(process, port, start, log))
    finally:
        process.terminate()
        process.wait(timeout=60)


def _await(process: subprocess.Popen[bytes], port: int, start: float, log: Path) -> float:
    while time.perf_counter() - start < READY_SECONDS:
        if process.poll() is not None:
            raise AssertionError(log.read_text("utf-8", "replace"))
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return time.perf_counter() - start
        except OSError:
            time.sleep(0.005)
        finally:
            connection.close()
    raise AssertionError(f"the server gave no answer in {READY_SECONDS:g} s")


def memory_of(pid: int, field: str = "VmRSS") -> float:
    """MiB of a process and of those it started."""
    return sum(_memory(member, field) for member in _family(pid))


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children")
    try:
        pids = [int(child) for child in children.read_text().split()]
    except OSError:
        pids = []
    return [pid, *(member for child in pids for member in _family(child))]


def _memory(pid: int, field: str) -> float:
    try:
        match = re.search(rf"^{field}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    except OSError:
        return 0.0
    return int(match[1]) / 1024 if match else 0.0
