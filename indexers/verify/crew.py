"""Who does the work of the fast pass: this process alone, or several for a large archive."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pickle import PicklingError
from typing import Any, Generic, Protocol, Self, TypeVar

MAX_WORKERS = 8


class Closing(Protocol):
    def close(self) -> None: ...


Tools = TypeVar("Tools", bound=Closing)
Part = TypeVar("Part")
Answer = TypeVar("Answer")


class Crew(Generic[Tools]):
    """``equip`` makes what a worker works with, once for each process; it and all work must be picklable.

    Processes are kept until the end, so that their start is paid for once.
    """

    def __init__(self, equip: Callable[[], Tools], *, several: bool) -> None:
        self._equip = equip
        self._tools: Tools | None = None
        workers = min(os.cpu_count() or 1, MAX_WORKERS)
        self._pool: ProcessPoolExecutor | None = None
        if several and workers > 1:
            context = multiprocessing.get_context("spawn")  # a fork of a server with threads may lock up
            self._pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_begin, initargs=(equip,))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
        if self._tools is not None:
            self._tools.close()

    def map(self, work: Callable[[Tools, Part], Answer], parts: Sequence[Part]) -> Iterator[Answer]:
        """What the work on each part comes to, in order."""
        done = 0
        if self._pool is not None:
            try:
                for answer in self._pool.map(partial(_work, work), parts):
                    done += 1
                    yield answer
            except (BrokenProcessPool, PicklingError, AttributeError):
                self._pool = None  # no processes to be had here, or work that cannot be sent: the rest is done here
        if done < len(parts):
            self._tools = self._tools or self._equip()
            for part in parts[done:]:
                yield work(self._tools, part)


_tools: list[Closing] = []
"""Of this worker process."""


def _begin(equip: Callable[[], Closing]) -> None:
    _tools.append(equip())


def _work(work: Callable[[Any, Part], Answer], part: Part) -> Answer:
    return work(_tools[0], part)
