"""Row 6: files sent to a real server over HTTP, against copying them to the same disk and flushing them.

An upload that was answered is hashed, its kind is known, and its bytes are flushed. The copy is one file written,
flushed, and flushed again with its folder. Client and server share the machine's processors, as on a school's computer.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from hashlib import sha256
from http.client import HTTPConnection
from pathlib import Path
from random import Random
from threading import local

from adapters.blobs.folder import FolderBlobStore
from benchmarks.measure import Comparison, Result, Target, paired, seconds
from benchmarks.serving import Server, running
from benchmarks.world import ADMIN, World

ROW, NAME = 6, "upload"
SMALL, LARGE = 100 * 1024, 64 * 1024 * 1024
PARALLEL = 8
SMALL_FILES, LARGE_FILES = 200, 4
"""In a round, where there are records enough."""


def run(world: World, records: int) -> Result:
    house = world.empty_archive("upload")
    _, token = house.accounts.create_token(ADMIN, "benchmark", datetime.now(UTC))
    home = house.settings.home
    house.close()
    rounds = world.rounds(7)
    result = Result(ROW, NAME, records)
    large, small = min(LARGE_FILES, max(1, records // 1000)), min(SMALL_FILES, records)
    with running(home) as server:
        before = server.memory("VmHWM")
        for what, size, count, threads, target in (
            ("upload of 64 MiB through the API", LARGE, large, 1, 0.85),
            (f"upload of 100 KiB through the API, {PARALLEL} in parallel", SMALL, small, PARALLEL, 0.6),
        ):
            with closing(Client(server, token)) as client:
                ours, theirs = _compare(world, size, count, threads, client.send, rounds)
            result.comparisons.append(Comparison(what, _AGAINST, "MB/s", ours, theirs, Target("at least", target)))
        result.facts["server_peak_mib"] = {"before": round(before), "after": round(server.memory("VmHWM"))}
    store = FolderBlobStore(world.fresh("store") / "files", world.fresh("store") / "staging")

    def keep(path: Path) -> None:
        store.stage(iter([path.read_bytes()])).commit()

    ours, theirs = _compare(world, SMALL, small, PARALLEL, keep, rounds)
    what = f"100 KiB staged and kept by the store alone, {PARALLEL} in parallel"
    result.comparisons.append(Comparison(what, _AGAINST, "MB/s", ours, theirs))
    return result


_AGAINST = "plain copy, file and folder flushed"


class Client:
    """One connection a thread, kept open."""

    def __init__(self, server: Server, token: str) -> None:
        self._server, self._token, self._local = server, token, local()
        self._opened: list[HTTPConnection] = []

    def close(self) -> None:
        for connection in self._opened:
            connection.close()

    def send(self, path: Path) -> None:
        connection: HTTPConnection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._server.connection()
            self._opened.append(connection)
        body = path.read_bytes()
        headers = {"authorization": f"Bearer {self._token}", "content-type": "application/octet-stream"}
        connection.request("POST", "/api/v1/uploads?name=scan.bin", body, headers)
        answer = connection.getresponse()
        said = answer.read()
        if answer.status != 201 or path.name.rpartition("-")[2].encode() not in said:
            raise AssertionError(f"{answer.status}: {said[:300]!r}")


def _compare(
    world: World, size: int, count: int, threads: int, send: Callable[[Path], None], rounds: int
) -> list[list[float]]:
    folder, total, random = world.fresh("sent"), size * count / 1e6, Random(size)

    def sources(n: int, side: str) -> list[Path]:
        """Bytes that were never seen before, in the page cache."""
        made = []
        for _ in range(count):
            data = random.randbytes(size)
            made.append(folder / f"{side}-{n}-{sha256(data).hexdigest()}")
            made[-1].write_bytes(data)
        return made

    def ours(n: int) -> float:
        with ThreadPoolExecutor(threads) as pool:
            paths = sources(n, "ours")
            return total / seconds(lambda: _all(pool, send, paths))

    def theirs(n: int) -> float:
        target = world.fresh("copied")
        with ThreadPoolExecutor(threads) as pool:
            paths = sources(n, "theirs")
            speed = total / seconds(lambda: _all(pool, lambda path: _copy(path, target / path.name), paths))
        shutil.rmtree(target)
        return speed

    found = paired(rounds, ours, theirs)
    shutil.rmtree(folder)
    return found


def _all(pool: ThreadPoolExecutor, work: Callable[[Path], None], paths: Sequence[Path]) -> None:
    list(pool.map(work, paths))


def _copy(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)
    for path in (target, target.parent):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
