"""Row 5: kept files hashed again, against hashing the same bytes in memory, and against another reader of them."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

from adapters.blobs.folder import FolderBlobStore
from adapters.blobs.names import kept_path
from benchmarks.measure import Comparison, Result, Target, paired, seconds
from benchmarks.world import World
from domain.ports.blobs import BlobStore

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
    store, tool, done = (_in_folder if world.servers is None else _on_server)(world)
    random = Random(size)
    held: dict[str, bytes] = {}
    for _ in range(count):
        data = random.randbytes(size)
        staged = store.stage(iter([data]))
        staged.commit()
        held[staged.sha256] = data
    digests, contents = sorted(held), list(held.values())
    total = size * count / 1e9

    def ours(_: int) -> float:
        def check() -> None:
            if not all(result.computed == result.sha256 for result in store.fixity(digests)):
                raise AssertionError("a file is not what it was")

        return total / seconds(check)

    def in_memory(_: int) -> float:
        def hash_some(some: list[bytes]) -> None:
            for each in some:
                hashlib.sha256(each).hexdigest()

        def check() -> None:
            with ThreadPoolExecutor(THREADS) as pool:
                list(pool.map(hash_some, (contents[n::THREADS] for n in range(THREADS))))

        return total / seconds(check)

    def other(_: int) -> float:
        return total / seconds(lambda: tool.read(digests))

    other(0)  # and the page cache is warm
    mine, memory, others = paired(world.rounds(7), ours, in_memory, other)
    done()
    what = f"verify {count} files of {_size(size)}"
    return [
        Comparison(
            what, f"hashing the same bytes in memory, {THREADS} threads", "GB/s", mine, memory, Target("at least", 0.8)
        ),
        Comparison(what, tool.what, "GB/s", mine, others, tool.target),
    ]


class Sha256sum:
    what, target = "`sha256sum` of the same files", Target("at least", 4)

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, digests: list[str]) -> None:
        for some in _portions([kept_path(self._folder, digest) for digest in digests]):
            subprocess.run(["sha256sum", "--", *map(str, some)], stdout=subprocess.DEVNULL, check=True)


class Download:
    """Every byte of an object has to come over a connection before it can be hashed."""

    what, target = f"the `minio` client's download of the same, {THREADS} threads", None

    def __init__(self, url: str) -> None:
        from benchmarks.straight import Straight

        self._client = Straight(url)

    def read(self, digests: list[str]) -> None:
        from adapters.blobs.s3_inventory import key_of

        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(self._client.get, map(key_of, digests)))


def _in_folder(world: World) -> tuple[BlobStore, Sha256sum | Download, Callable[[], None]]:
    folder = world.fresh("fixity")
    return FolderBlobStore(folder / "files", folder / "staging"), Sha256sum(folder / "files"), lambda: None


def _on_server(world: World) -> tuple[BlobStore, Sha256sum | Download, Callable[[], None]]:
    house = world.empty_archive("fixity")
    return house.blobs, Download(world.environment(house)["JIANZHENG_BLOBS"]), house.close


def _portions(paths: list[Path], most: int = 500) -> Iterator[list[Path]]:
    for start in range(0, len(paths), most):
        yield paths[start : start + most]


def _size(size: int) -> str:
    return f"{size // 1024**2} MiB" if size >= 1024**2 else f"{size // 1024} KiB"
