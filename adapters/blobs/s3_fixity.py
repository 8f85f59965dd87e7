"""Hashing kept objects again: a few threads, flat memory, results in the order asked.

That the server cannot be reached is no finding about any file, so it ends the walk with our error. That one object
cannot be read while the server answers everything else is one.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from urllib3.exceptions import HTTPError

from adapters.blobs.s3_inventory import key_of
from adapters.blobs.s3_reader import reader
from adapters.blobs.staging import HASH_BLOCK
from adapters.s3.client import Client
from adapters.s3.faults import ANSWERS, FileStoreUnreachable
from domain.errors import BlobDamaged, BlobMissing, StorageFailed
from domain.ports.blobs import FixityResult

AHEAD = 8
"""Objects for each thread that are asked for before their results are wanted; bounds memory."""


def fixity(client: Client, digests: Iterable[str], workers: int = 2) -> Iterator[FixityResult]:
    """Raises `InvalidDigest`, and `Unavailable` where the server is; what it finds in the bucket is a result."""
    asked, hurried = iter(digests), client.hurried()
    running: deque[Future[FixityResult]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="fixity") as pool:
        try:
            while True:
                while len(running) < workers * AHEAD and (sha256 := next(asked, None)) is not None:
                    running.append(pool.submit(_check, client, hurried, sha256, key_of(sha256)))
                if not running:
                    return
                yield running.popleft().result()
        finally:
            for future in running:
                future.cancel()


def _check(client: Client, hurried: Client, sha256: str, key: str) -> FixityResult:
    straight = _straight(hurried, key)
    if straight is not None:
        return FixityResult(sha256, *straight)
    for _ in range(2):
        size = 0
        try:
            kept = hurried.head(key)
            if kept is None:
                return FixityResult(sha256, None, None)
            size = kept.size
            hasher = hashlib.sha256()
            with reader(hurried, key, sha256, kept, straight=True) as source:
                while block := source.read(HASH_BLOCK):
                    hasher.update(block)
            return FixityResult(sha256, hasher.hexdigest(), size)
        except BlobMissing:
            return FixityResult(sha256, None, None)
        except BlobDamaged:  # replaced while it was being read; what is there now counts
            continue
        except (FileStoreUnreachable, StorageFailed):
            client.require_bucket()  # raises where it is the server, after it had its time to come back
    return FixityResult(sha256, None, size)


def _straight(client: Client, key: str) -> tuple[str, int] | None:
    """Digest and size, by one request that nothing went wrong with; None where anything did: then it is asked with
    patience what it was."""
    try:
        answer = client.minio.get_object(client.bucket, key)
    except ANSWERS:
        return None
    hasher, size = hashlib.sha256(), 0
    try:
        while block := answer.read(HASH_BLOCK, decode_content=False):  # the bytes as they lie there, never unpacked
            hasher.update(block)
            size += len(block)
    except HTTPError:
        answer.close()
        return None
    answer.release_conn()
    return hasher.hexdigest(), size
