"""Row 5: kept files hashed again, against hashing the same bytes in memory, and against ``sha256sum``."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

from adapters.blobs.folder import FolderBlobStore
from adapters.blobs.names import kept_path
from benchmarks.measure import Comparison, Result, Target, paired, seconds
from benchmarks.world import World

ROW, NAME = 5, "verify-files"
THREADS = 2
SMALL, LARGE = 100 * 1024, 64 * 1024 * 1024
SMALL_BYTES, LARGE_BYTES = 256 * 1024 * 1024, 512 * 1024 * 1024
"""Of each kind in a store, where there are records enough: one file each."""


def run(world: World, records: int) -> Result:
    result = Result(ROW, NAME, records)
    for size, most in ((SMALL, SMALL_BYTES), (LARGE, LARGE_BYTES)):
        count = max(1, min(records if size == SMALL else records // 1000, most // size))
        result.comparisons += _measure(world, size, count)
    return result


def _measure(world: World, size: int, count: int) -> list[Comparison]:
    folder = world.fresh("fixity")
    store = FolderBlobStore(folder / "files", folder / "staging")
    random = Random(size)
    digests = []
    for _ in range(count):
        staged = store.stage(iter([random.randbytes(size)]))
        staged.commit()
        digests.append(staged.sha256)
    digests.sort()
    paths = [kept_path(folder / "files", digest) for digest in digests]
    total = size * count / 1e9
    held = [path.read_bytes() for path in paths]  # and the page cache is warm

    def ours(_: int) -> float:
        def check() -> None:
            if not all(result.found == result.sha256 for result in store.fixity(digests)):
                raise AssertionError("a file is not what it was")

        return total / seconds(check)

    def in_memory(_: int) -> float:
        def hash_some(some: list[bytes]) -> None:
            for each in some:
                hashlib.sha256(each).hexdigest()

        def check() -> None:
            with ThreadPoolExecutor(THREADS) as pool:
                list(pool.map(hash_some, (held[n::THREADS] for n in range(THREADS))))

        return total / seconds(check)

    def sha256sum(_: int) -> float:
        def check() -> None:
            for some in _portions(paths):
                subprocess.run(["sha256sum", "--", *map(str, some)], stdout=subprocess.DEVNULL, check=True)

        return total / seconds(check)

    mine, memory, tool = paired(world.rounds(7), ours, in_memory, sha256sum)
    what = f"verify {count} files of {_size(size)}"
    return [
        Comparison(
            what, f"hashing the same bytes in memory, {THREADS} threads", "GB/s", mine, memory, Target("at least", 0.8)
        ),
        Comparison(what, "`sha256sum` of the same files", "GB/s", mine, tool, Target("at least", 4)),
    ]


def _portions(paths: list[Path], most: int = 500) -> Iterator[list[Path]]:
    for start in range(0, len(paths), most):
        yield paths[start : start + most]


def _size(size: int) -> str:
    return f"{size // 1024**2} MiB" if size >= 1024**2 else f"{size // 1024} KiB"
