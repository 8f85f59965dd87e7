"""A command that runs to its end while somebody watches how much memory it takes."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from benchmarks.serving import memory_of

LOOK = 0.05
"""Seconds between two looks: short against anything whose memory is worth knowing."""


class Ran(NamedTuple):
    seconds: float
    peak: float
    """MiB of all its processes at one time; pages that several share are counted in each."""
    said: bytes


def watched(line: Sequence[str], environment: Mapping[str, str]) -> Ran:
    """Raises `AssertionError` where the command fails."""
    peaks, done = [0.0], threading.Event()
    start = time.perf_counter()
    process = subprocess.Popen(line, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def look() -> None:
        while not done.wait(LOOK):
            peaks.append(memory_of(process.pid))

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        said, complained = process.communicate()
        seconds = time.perf_counter() - start
    finally:
        done.set()
        watcher.join()
    if process.returncode:
        raise AssertionError((said + complained).decode("utf-8", "replace"))
    return Ran(seconds, max(peaks), said)
