"""From the spool into the bucket: once, verified by the server, in parts where it is large.

A file is one PUT under its lasting name, created only where there is none; the server compares what arrives with the
SHA-256 that it was told, which is the file's name. A large one goes in parts, each verified in the same way, and is
made an object at the end, again only where there is none; until then nobody sees any of it. All of it streams from
the spool: memory holds a few hundred KiB.

What a failing disk made of the spool since it was hashed is not kept under a digest that promises something else: of
one PUT the server sees to that, and parts are hashed as a whole again before they are made an object.
"""

from __future__ import annotations

import hashlib
from base64 import b64decode
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from adapters.blobs.staging import HASH_BLOCK, digest_of
from adapters.s3.body import FileBody
from adapters.s3.client import Client, Part, base64
from adapters.s3.faults import FileStoreUnreachable
from domain.errors import BlobMissing, StorageFailed

WHOLE = 64 << 20
"""The largest file sent in one request: what a lost connection costs at most."""

PART = 32 << 20

AT_ONCE = 2
"""Parts under way together: one is written by the server's disks while the next one is on the line."""

MOST_PARTS = 10_000
"""S3's limit; files above `PART` times that go in larger parts."""


class Sent(NamedTuple):
    fresh: bool  # False: an object of that name was there already
    checksums: frozenset[str]  # what the server may call the SHA-256 of these bytes


def send(client: Client, key: str, path: Path, sha256: str, size: int, headers: dict[str, str]) -> Sent:
    """Raises `BlobMissing` when the spool does not hold those bytes (any more), and the errors of `Client.call`."""
    try:
        if size > WHOLE:
            return _in_parts(client, key, path, sha256, size, headers)
        created = client.create(key, FileBody(path, 0, size), headers, bytes.fromhex(sha256))
        return Sent(created.fresh, plain(sha256))
    except StorageFailed:
        _require(path, sha256)
        raise


def plain(sha256: str) -> frozenset[str]:
    """The checksum of an object that was sent in one piece."""
    return frozenset({base64(bytes.fromhex(sha256))})


def _in_parts(client: Client, key: str, path: Path, sha256: str, size: int, headers: dict[str, str]) -> Sent:
    length = max(PART, -(-size // MOST_PARTS))
    upload = client.start(key, headers)
    try:
        parts = _send_parts(client, key, upload, _slices(path, size, length), sha256)
        created = client.complete(key, upload, parts)
    except FileStoreUnreachable:
        raise  # nor could it be told to give the upload up
    except BaseException:
        client.abort(key, upload)
        raise
    if not created.fresh:
        client.abort(key, upload)
    return Sent(created.fresh, plain(sha256) | {_composite(parts)})


def _send_parts(client: Client, key: str, upload: str, bodies: Iterator[FileBody], sha256: str) -> list[Part]:
    """Each part is hashed for itself, which the server compares with what arrives, and in the same reading for the
    whole: so what arrived is what the digest says."""
    whole, sending = hashlib.sha256(), list[Future[Part]]()
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="send") as pool:
        try:
            for number, body in enumerate(bodies, 1):
                own = hashlib.sha256()
                for block in body:
                    whole.update(block)
                    own.update(block)
                sending.append(pool.submit(client.part, key, upload, number, body, own.digest()))
            if whole.hexdigest() != sha256:
                raise BlobMissing(sha256)
            return [each.result() for each in sending]
        finally:
            for each in sending:
                each.cancel()


def _slices(path: Path, size: int, length: int) -> Iterator[FileBody]:
    return (FileBody(path, start, min(length, size - start)) for start in range(0, size, length))


def _require(path: Path, sha256: str) -> None:
    """Raises `BlobMissing` unless the spool still holds the bytes."""
    try:
        with path.open("rb", buffering=0) as source:
            if digest_of(source.fileno(), bytearray(HASH_BLOCK)) == sha256:
                return
    except OSError:
        pass
    raise BlobMissing(sha256)


def _composite(parts: list[Part]) -> str:
    """S3's checksum of an object made of parts: the hash of their hashes, and how many they are."""
    whole = hashlib.sha256(b"".join(b64decode(part.checksum) for part in parts)).digest()
    return f"{base64(whole)}-{len(parts)}"
