"""Row 6: files sent to a real server over HTTP, against the shortest way to the same place.

An upload that was answered is hashed, its kind is known, and its bytes are durable. Into a folder the shortest way is a
copy, flushed, and flushed again with its folder; into a bucket it is the `minio` client, straight to the S3 server.
Client and server share the machine's processors, as on a school's computer.
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

from benchmarks.measure import Comparison, Result, Target, paired, seconds
from benchmarks.serving import Server, running
from benchmarks.world import ADMIN, World

ROW, NAME = 6, "upload"
SMALL, LARGE = 100 * 1024, 64 * 1024 * 1024
PARALLEL = 8
SMALL_FILES, LARGE_FILES = 200, 4
"""In a round, where there are records enough."""

Send = Callable[[Path], None]


def run(world: World, records: int) -> Result:
    house = world.empty_archive("upload")
    _, token = house.accounts.create_token(ADMIN, "benchmark", datetime.now(UTC))
    archive = world.environment(house)
    short: Copying | Sending = Copying(world) if world.servers is None else Sending(archive)
    rounds = world.rounds(7)
    result = Result(ROW, NAME, records)
    large, small = min(LARGE_FILES, max(1, records // 1000)), min(SMALL_FILES, records)
    with running(archive) as server:
        before = server.memory("VmHWM")
        for what, size, count, threads, target in (
            ("upload of 64 MiB through the API", LARGE, large, 1, 0.85),
            (f"upload of 100 KiB through the API, {PARALLEL} in parallel", SMALL, small, PARALLEL, 0.6),
        ):
            with closing(Client(server, token)) as client:
                ours, theirs = _compare(world, size, count, threads, client.send, short, rounds)
            result.comparisons.append(Comparison(what, short.what, "MB/s", ours, theirs, Target("at least", target)))
        after = server.memory("VmHWM")
    result.comparisons.append(
        Comparison("server's peak memory after all uploads", "before the first", "MiB", [after], [before])
    )

    def keep(path: Path) -> None:
        house.blobs.stage(iter([path.read_bytes()])).commit()

    ours, theirs = _compare(world, SMALL, small, PARALLEL, keep, short, rounds)
    what = f"100 KiB staged and kept by the store alone, {PARALLEL} in parallel"
    result.comparisons.append(Comparison(what, short.what, "MB/s", ours, theirs))
    house.close()
    return result


class Copying:
    what = "plain copy, file and folder flushed"

    def __init__(self, world: World) -> None:
        self._world = world
        self._target = world.fresh("copied")

    def put(self, path: Path) -> None:
        target = self._target / path.name
        shutil.copyfile(path, target)
        for each in (target, target.parent):
            handle = os.open(each, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)

    def clear(self) -> None:
        shutil.rmtree(self._target)
        self._target = self._world.fresh("copied")


class Sending:
    what = "the `minio` client straight to the same server"

    def __init__(self, archive: dict[str, str]) -> None:
        from benchmarks.straight import Straight

        self.put = Straight(archive["JIANZHENG_BLOBS"]).put

    def clear(self) -> None:
        """What was sent goes with the bucket."""


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
    world: World, size: int, count: int, threads: int, send: Send, short: Copying | Sending, rounds: int
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
        with ThreadPoolExecutor(threads) as pool:
            paths = sources(n, "theirs")
            speed = total / seconds(lambda: _all(pool, short.put, paths))
        short.clear()
        return speed

    speeds = paired(rounds, ours, theirs)
    shutil.rmtree(folder)
    return speeds


def _all(pool: ThreadPoolExecutor, work: Send, paths: Sequence[Path]) -> None:
    list(pool.map(work, paths))
