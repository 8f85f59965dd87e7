"""Who does the work of the fast pass: this process alone, or several."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from pickle import PicklingError
from typing import Any, Generic, Literal, Protocol, Self, TypeVar

MAX_WORKERS = 8

Start = Literal["fork", "spawn"]
"""How processes are started: as copies of this one, in milliseconds, or from nothing, in tenths of a second."""

_THREADS = Path("/proc/self/task")


class Closing(Protocol):
    def close(self) -> None:
        """Let go of whatever is open; nothing is asked afterwards."""
        ...


Tools = TypeVar("Tools", bound=Closing)
Part = TypeVar("Part")
Result = TypeVar("Result")


def may_fork() -> bool:
    """Only a process of one thread may be copied: what another thread holds locked would stay locked in the copy."""
    try:
        return len(list(_THREADS.iterdir())) == 1
    except OSError:
        return False


class Crew(Generic[Tools]):
    """``equip`` makes what a worker works with, once for each process; all work is sent, and must be picklable.

    Processes are kept until the end, so that their start is paid for once. They end when this one does, however it
    ends: a worker that was left behind would hold the lock of the ledger.
    """

    def __init__(self, equip: Callable[[], Tools], start: Start | None) -> None:
        self._equip = equip
        self._tools: Tools | None = None
        self._workers: list[tuple[BaseProcess, Connection]] = []
        number = min(os.cpu_count() or 1, MAX_WORKERS)
        if start is not None and number > 1:
            self._begin(multiprocessing.get_context(start), number)

    def _begin(self, context: Any, number: int) -> None:
        try:
            for _ in range(number):
                ours, theirs = context.Pipe()
                # Whoever else held our end of a pipe would keep a worker waiting for a process that is gone.
                inherited = [ours, *(end for _, end in self._workers)] if context.get_start_method() == "fork" else []
                process = context.Process(target=_serve, args=(self._equip, theirs, inherited), daemon=True)
                process.start()
                theirs.close()
                self._workers.append((process, ours))
        except (OSError, PicklingError, AttributeError):
            self._dismiss()  # no processes to be had here, or tools that cannot be sent

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._dismiss()
        if self._tools is not None:
            self._tools.close()

    def _dismiss(self) -> None:
        for process, end in self._workers:
            end.close()
            process.kill()  # it only reads
            process.join()
        self._workers = []

    def map(self, work: Callable[[Tools, Part], Result], parts: Sequence[Part]) -> Iterator[Result]:
        """What the work on each part comes to, in order. What fails in a worker is done again here, and fails here."""
        done = 0
        if self._workers:
            try:
                for answer in self._shared(work, parts):
                    done += 1
                    yield answer
            except (EOFError, OSError, PicklingError, AttributeError):
                self._dismiss()
        if done < len(parts):
            self._tools = self._tools or self._equip()
            for part in parts[done:]:
                yield work(self._tools, part)

    def _shared(self, work: Callable[[Tools, Part], Result], parts: Sequence[Part]) -> Iterator[Result]:
        """Each worker has one part in hand, and the next one waiting for it."""
        ends = [end for _, end in self._workers]
        given = 0
        ready: dict[int, Result] = {}
        for end in ends * 2:
            if given < len(parts):
                end.send((given, work, parts[given]))
                given += 1
        for number in range(len(parts)):
            while number not in ready:
                talking = wait(ends)
                for end in ends:
                    if end not in talking:
                        continue
                    answered, answer = end.recv()
                    ready[answered] = answer
                    if given < len(parts):
                        end.send((given, work, parts[given]))
                        given += 1
            yield ready.pop(number)


def _serve(equip: Callable[[], Closing], theirs: Connection, inherited: Sequence[Connection]) -> None:
    """The life of a worker. Whatever goes wrong ends it; the other side notices, and does the work itself."""
    for end in inherited:
        end.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one who asked for the work hears it, and dismisses the crew
    gc.disable()  # nothing of the copied process may be taken apart here, least of all its open databases
    try:
        tools = equip()
        while True:
            number, work, part = theirs.recv()
            theirs.send((number, work(tools, part)))
    except Exception:
        return
