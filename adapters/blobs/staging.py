"""Streaming bytes into a staging folder: hashed once on the way, flat in memory, fsynced at the end.

A name in staging is ``incoming.<random>`` while bytes arrive and ``<digest>.<random>`` from when all of them are
there; two uploads of the same bytes never share a file. The name is given just *before* the fsync, so that on the
usual file systems one commit of the journal carries bytes and name. The folder itself is not fsynced: a staged file
is not acknowledged as kept, and where a power cut takes its name the client uploads again; what `commit` relies on is
that the bytes are durable. After a power cut such a name may hold anything: whoever finds a file in staging that it
did not write itself hashes it again (`FolderBlobStore.find_staged`).
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, NamedTuple, Protocol

from adapters.disk.durable import remove_quietly, storage_errors, write_all
from domain.errors import BlobMissing

INCOMING_PREFIX = "incoming."
KEPT_MODE = 0o444
"""Kept files are read-only to everyone, the archive included: a slip of a tool cannot change them."""

BATCH_BYTES = 1 << 20
"""Chunks are gathered to this size before they are written and hashed, both at once."""

HASH_BLOCK = 1 << 18
"""Read size for hashing: it stays in the processor's second-level cache between the copy and the hash."""


class Arrived(NamedTuple):
    path: Path
    sha256: str
    size: int


class Store(Protocol):
    """What both blob stores do with an upload."""

    def find(self, sha256: str) -> Arrived | None:
        """An upload of these bytes that has not expired."""
        ...

    def keep(self, path: Path, sha256: str, size: int) -> None:
        """Raises `BlobMissing` when neither the upload nor a kept file of that digest is there."""
        ...

    def drop(self, path: Path) -> None:
        """Forget an upload; nothing happens where it is gone."""
        ...

    def open(self, sha256: str) -> IO[bytes]:
        """A seekable reader of a kept file. Raises `BlobMissing`, `BlobErased`."""
        ...


class Staged:
    """A `domain.ports.blobs.StagedFile`. Several requests may have found the same upload where the same bytes were sent
    more than once: what one of them does with it must not be felt by the others."""

    def __init__(self, store: Store, arrived: Arrived) -> None:
        self.sha256, self.size = arrived.sha256, arrived.size
        self._store, self._path = store, arrived.path

    def through(self, store: Store) -> Staged:
        """The same upload, kept by a store that stands before the one that received it."""
        return Staged(store, Arrived(self._path, self.sha256, self.size))

    def open(self) -> IO[bytes]:
        while True:
            with storage_errors():
                try:
                    return self._path.open("rb")
                except FileNotFoundError:
                    pass
            if not self._another():
                return self._store.open(self.sha256)  # committed meanwhile

    def commit(self) -> None:
        while True:
            try:
                return self._store.keep(self._path, self.sha256, self.size)
            except BlobMissing:
                if not self._another():
                    raise

    def _another(self) -> bool:
        """Where somebody else gave up the upload that was found here, any other one of these bytes will do."""
        other = self._store.find(self.sha256)
        if other is None or other.path == self._path:
            return False
        self._path = other.path
        return True

    def discard(self) -> None:
        self._store.drop(self._path)


def receive(chunks: Iterator[bytes], staging: Path, durable: bool = True) -> Arrived:
    """Stream to ``staging/<digest>.<random>``. Raises the errors of `storage_errors`, and whatever ``chunks`` raises.

    On any error, a client that goes away included, nothing is left behind. Not ``durable`` is for bytes that will be
    kept elsewhere.
    """
    token = secrets.token_hex(8)
    path = staging / f"{INCOMING_PREFIX}{token}"
    with storage_errors():
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        try:
            sha256, size = _pump(chunks, handle)
            with storage_errors():
                os.fchmod(handle, KEPT_MODE)
                path = path.rename(staging / f"{sha256}.{token}")
                if durable:
                    os.fsync(handle)
        finally:
            with storage_errors():
                os.close(handle)
    except BaseException:
        remove_quietly(path)
        raise
    return Arrived(path, sha256, size)


def _pump(chunks: Iterator[bytes], handle: int) -> tuple[str, int]:
    """Write and hash everything: a small file in turn, a large one on two threads (both calls release the GIL)."""
    hasher, size = hashlib.sha256(), 0
    pool: ThreadPoolExecutor | None = None
    try:
        for batch, length in _batches(chunks):
            size += length
            if length < BATCH_BYTES:  # the last one
                _hash(hasher, batch)
                _write(handle, batch)
                continue
            pool = pool or ThreadPoolExecutor(1, thread_name_prefix="staging-hash")
            hashing = pool.submit(_hash, hasher, batch)
            try:
                _write(handle, batch)
            finally:
                hashing.result()
    finally:
        if pool is not None:
            pool.shutdown()
    return hasher.hexdigest(), size


def _write(handle: int, batch: list[bytes]) -> None:
    with storage_errors():
        for chunk in batch:
            write_all(handle, chunk)


def _hash(hasher: hashlib._Hash, batch: list[bytes]) -> None:
    for chunk in batch:
        hasher.update(chunk)


def _batches(chunks: Iterator[bytes]) -> Iterator[tuple[list[bytes], int]]:
    """The same chunks in lists of at least `BATCH_BYTES`, but for the last, and how long those are: fewer hand-overs
    between the threads. They are not joined: at full speed every copy of the bytes is felt."""
    waiting: list[bytes] = []
    size = 0
    for chunk in chunks:
        waiting.append(chunk)
        size += len(chunk)
        if size >= BATCH_BYTES:
            yield waiting, size
            waiting, size = [], 0
    yield waiting, size


def digest_of(handle: int, block: bytearray | memoryview | None = None) -> str:
    """SHA-256 of an open file from its beginning, in hexadecimal. Raises `OSError`.

    ``block`` is room to read into, for a caller with many small files: a fresh one costs as much as hashing them.
    A read never asks for more than the file has left: Linux 6 serves one that reaches far past the end of a cached
    file several times more slowly. For the same caller, what is at the end is read only when the file has grown.
    """
    hasher = hashlib.sha256()
    view = memoryview(bytearray(HASH_BLOCK) if block is None else block)
    offset, size = 0, os.fstat(handle).st_size
    while True:
        got = os.preadv(handle, [view[: max(1, size - offset)]], offset)
        hasher.update(view[:got])
        offset += got
        if not got or (offset == size and size == (size := os.fstat(handle).st_size)):
            return hasher.hexdigest()
