"""From the spool into the bucket: once, verified on both sides, in parts where it is large.

A small file is one PUT under its lasting name, created only where there is none; the server compares what arrives
with the SHA-256 that it was told. A larger one goes in parts of `PART` bytes, each verified in the same way, and is
made an object at the end, again only where there is none; until then nobody sees any of it. Memory holds one part.

The bytes are hashed again while they are sent: what a failing disk made of the spool is not kept under a digest that
promises something else.
"""

from __future__ import annotations

import hashlib
from base64 import b64decode
from pathlib import Path
from typing import NamedTuple

from adapters.blobs.durable import storage_errors
from adapters.s3.client import Client, Part, base64
from adapters.s3.faults import FileStoreUnreachable
from domain.errors import BlobMissing

PART = 5 << 20
"""The least that S3 takes as a part which is not the last one."""

MOST_PARTS = 10_000
"""S3's limit; files above `PART` times that go in larger parts."""


class Sent(NamedTuple):
    fresh: bool  # False: an object of that name was there already
    checksums: frozenset[str]  # what the server may call the SHA-256 of these bytes


def send(client: Client, key: str, path: Path, sha256: str, size: int, headers: dict[str, str]) -> Sent:
    """Raises `BlobMissing` when the spool does not hold those bytes (any more), and the errors of `Client.call`."""
    if size > PART:
        return _in_parts(client, key, path, sha256, size, headers)
    with storage_errors():
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            raise BlobMissing(sha256) from None
    if hashlib.sha256(data).hexdigest() != sha256:
        raise BlobMissing(sha256)
    return Sent(client.create(key, data, headers).fresh, plain(sha256))


def plain(sha256: str) -> frozenset[str]:
    """The checksum of an object that was sent in one piece."""
    return frozenset({base64(bytes.fromhex(sha256))})


def _in_parts(client: Client, key: str, path: Path, sha256: str, size: int, headers: dict[str, str]) -> Sent:
    length = max(PART, -(-size // MOST_PARTS))
    upload = client.start(key, headers)
    try:
        parts: list[Part] = []
        hasher = hashlib.sha256()
        with storage_errors(), path.open("rb", buffering=0) as source:
            while data := source.read(length):
                hasher.update(data)
                parts.append(client.part(key, upload, len(parts) + 1, data))
                del data
        if hasher.hexdigest() != sha256:
            raise BlobMissing(sha256)
        created = client.complete(key, upload, parts)
    except FileStoreUnreachable:
        raise  # nor could it be told to give the upload up
    except BaseException:
        client.abort(key, upload)
        raise
    if not created.fresh:
        client.abort(key, upload)
    return Sent(created.fresh, plain(sha256) | {_composite(parts)})


def _composite(parts: list[Part]) -> str:
    """S3's checksum of an object made of parts: the hash of their hashes, and how many they are."""
    whole = hashlib.sha256(b"".join(b64decode(part.checksum) for part in parts)).digest()
    return f"{base64(whole)}-{len(parts)}"
