"""Hashing sealed files again: opened and hashed as what they were when they came, in the order asked.

Of plain files among them the store behind says how they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256 as hashed
from itertools import islice
from os import SEEK_END
from typing import IO

from adapters.blobs.sealing.inner import Inner
from adapters.blobs.sealing.keys import BlobKeys, Seal
from adapters.blobs.staging import HASH_BLOCK
from domain.errors import BlobDamaged, BlobMissing, Unavailable
from domain.ports.blobs import FixityResult

BATCH = 256
"""Files whose keys are asked for at once; bounds memory."""


class SealedFixity:
    """``opened`` gives a reader of the plain bytes."""

    def __init__(self, inner: Inner, keys: BlobKeys, opened: Callable[[str, Seal], IO[bytes]]) -> None:
        self._inner, self._keys, self._opened = inner, keys, opened

    def results(self, digests: Iterable[str], workers: int) -> Iterator[FixityResult]:
        """Raises `InvalidDigest`, and `Unavailable` where the store is; what it finds in files is a result."""
        asked = iter(digests)
        with ThreadPoolExecutor(workers, thread_name_prefix="sealed-fixity") as pool:
            while batch := list(islice(asked, BATCH)):
                seals = self._keys.find(batch)
                plain = self._inner.fixity([each for each in batch if each not in seals], workers)
                there = [each for each in batch if each in seals]
                opened = pool.map(self._check, there, [seals[each] for each in there])
                for sha256 in batch:
                    yield next(opened) if sha256 in seals else next(plain)

    def _check(self, sha256: str, seal: Seal) -> FixityResult:
        """Tried twice: a file that is replaced while it is read, or whose server has a moment's trouble, counts as what
        it is then."""
        if seal.key is None or seal.sealed is None:
            return FixityResult(sha256, None, None)
        size = 0
        for _ in range(2):
            try:
                with self._opened(sha256, seal) as reader:
                    size = reader.seek(0, SEEK_END)
                    reader.seek(0)
                    plain = hashed()
                    while block := reader.read(HASH_BLOCK):
                        plain.update(block)
                return FixityResult(sha256, plain.hexdigest(), size)
            except BlobMissing:
                return FixityResult(sha256, None, None)
            except BlobDamaged:
                continue
            except (Unavailable, OSError):  # of this file, or of the store, which raises then
                [raw] = self._inner.fixity([seal.sealed], 1)
                if raw.computed != seal.sealed:
                    return FixityResult(sha256, None, raw.size)
        return FixityResult(sha256, None, size)
