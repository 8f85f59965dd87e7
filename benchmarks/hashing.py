"""The limit of any check: SHA-256 of the same bytes on all cores, and nothing else.

Messages as short as an event's keep the interpreter's lock, so that each core needs a process of its own. What is
counted is the time of the one that took longest, without its start.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from hashlib import file_digest, sha256
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple, TypeVar

from adapters.home import connections, parts
from adapters.home.settings import Settings
from domain.ledger.entry import entry

CORES = os.cpu_count() or 1
READ = 4096
FEW_EVENTS, FEW_FILES = 1000, 20
"""So many this process hashes itself: others would take longer to start."""


Part = TypeVar("Part")


class Share(NamedTuple):
    """Events of an archive behind one position, up to another."""

    settings: Settings
    after: int
    until: int


def hash_events(settings: Settings, head: int) -> float:
    """Seconds to hash all stored states and all entries, each core its share of them; reading them is not counted."""
    edges = [head * n // CORES for n in range(CORES + 1)] if head > FEW_EVENTS else [0, head]
    return _longest(_hash_share, [Share(settings, *edge) for edge in pairwise(edges)])


def _hash_share(share: Share) -> float:
    spent, position = 0.0, share.after
    with (
        closing(connections.servers(share.settings)) as servers,
        closing(parts.tables(share.settings, servers).events()) as events,
    ):
        while rows := [row for row in events.rows(position, READ) if row.position <= share.until]:
            position = rows[-1].position
            messages = [row.state for row in rows]
            messages += [b"\x00" + entry(row.id, row.version, row.topic, row.state) for row in rows]
            start = time.perf_counter()
            for each in messages:
                sha256(each).digest()
            spent += time.perf_counter() - start
    return spent


def hash_files(paths: Sequence[Path]) -> float:
    """Seconds to read and hash the files, each core its share of them."""
    number = CORES if len(paths) > FEW_FILES else 1
    return _longest(_hash_some, [paths[n::number] for n in range(number)])


def _hash_some(paths: Sequence[Path]) -> float:
    start = time.perf_counter()
    for path in paths:
        with path.open("rb", buffering=0) as file:
            file_digest(file, "sha256").digest()
    return time.perf_counter() - start


def _longest(work: Callable[[Part], float], shares: Sequence[Part]) -> float:
    if len(shares) == 1:
        return work(shares[0])
    with ProcessPoolExecutor(len(shares), mp_context=multiprocessing.get_context("spawn")) as processes:
        return max(processes.map(work, shares))
