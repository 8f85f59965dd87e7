"""Hashing kept files again, as quickly as the machine can: a few threads, large reads, flat memory, in order.

Both read(2) and hashlib's update release the GIL. Files are read rather than mapped into memory: a mapped file that
somebody truncates meanwhile kills the whole process with SIGBUS.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from itertools import islice
from pathlib import Path

from adapters.blobs.names import kept_name
from adapters.blobs.staging import HASH_BLOCK, digest_of
from domain.ports.blobs import FixityResult

BATCH_FILES = 32
"""Files handed to a thread at a time: spreads the cost of the hand-over, which small files would feel."""

BATCH_BYTES = 8 << 20
"""A batch of so many bytes is handed over as it is, so that a few large files do not all wait for one thread."""

AHEAD = 4
"""Batches a thread may run ahead of the reader; bounds memory whatever the number of files."""

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # NONBLOCK: a planted pipe must not hang us


def fixity(root: Path, digests: Iterable[str], workers: int = 2) -> Iterator[FixityResult]:
    """One result a digest, in the order asked. Raises `InvalidDigest`; what it finds on disk is a result."""
    asked = iter(digests)
    running: deque[Future[list[FixityResult]]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="fixity") as pool:
        try:
            while True:
                while len(running) < workers * AHEAD and (paths := _batch(root, asked)):
                    running.append(pool.submit(_check_all, paths))
                if not running:
                    return
                yield from running.popleft().result()
        finally:
            for future in running:
                future.cancel()


def _batch(root: Path, asked: Iterator[str]) -> list[tuple[str, str]]:
    """The next files, with their paths; empty at the end."""
    paths: list[tuple[str, str]] = []
    total = 0
    for digest in islice(asked, BATCH_FILES):
        path = f"{root}/{kept_name(digest)}"
        paths.append((digest, path))
        with suppress(OSError):
            total += os.lstat(path).st_size
        if total >= BATCH_BYTES:
            break
    return paths


def _check_all(paths: list[tuple[str, str]]) -> list[FixityResult]:
    block = memoryview(bytearray(HASH_BLOCK))
    return [_check(digest, path, block) for digest, path in paths]


def _check(sha256: str, path: str, block: memoryview) -> FixityResult:
    """Each call below lets go of the interpreter's lock and has to get it again from the other thread, which costs a
    small file as much as half its hash: so no call more than needed."""
    try:
        handle = os.open(path, _READ)
    except FileNotFoundError:
        return FixityResult(sha256, None, None)
    except OSError:
        return FixityResult(sha256, None, 0)
    try:
        about = os.fstat(handle)
        size = about.st_size
        if not stat.S_ISREG(about.st_mode):
            return FixityResult(sha256, None, 0)
        if size <= HASH_BLOCK and os.readv(handle, [block[:size]]) == size:
            return FixityResult(sha256, hashlib.sha256(block[:size]).hexdigest(), size)
        return FixityResult(sha256, digest_of(handle, block), size)
    except OSError:
        return FixityResult(sha256, None, 0)
    finally:
        os.close(handle)
