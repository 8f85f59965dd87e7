"""Kept files, and the texts that were extracted from them, from one store into another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import IO

from adapters import parts
from adapters.bootstrap import House
from domain.errors import BlobDamaged
from domain.ports import StoredRow
from indexers.verify.files import files_in_state

BLOCK = 1 << 20

WORKERS = 8
"""Most of sending a small file to a server is waiting for its disks."""

AHEAD = 64
"""Files asked for at once; bounds memory."""


class Files:
    """Counts what it copied: files, their bytes, and texts."""

    def __init__(self, source: House, target: House) -> None:
        self._source, self._target = source, target
        self._blobs = parts.private_blobs(target.settings, target.servers)
        self.files = self.bytes = self.texts = 0

    def named_by(self, rows: Iterable[StoredRow]) -> None:
        """Copy what these events name and the target has not. Raises `BlobMissing`, `BlobDamaged`."""
        digests = dict.fromkeys(sha256 for row in rows for _, sha256, _ in files_in_state(row.topic, row.state))
        waiting = list(digests)
        with ThreadPoolExecutor(WORKERS, thread_name_prefix="copy") as pool:
            for start in range(0, len(waiting), AHEAD):
                for size, text in pool.map(self._copy, waiting[start : start + AHEAD]):
                    if size is not None:
                        self.files += 1
                        self.bytes += size
                        self.texts += text

    def _copy(self, sha256: str) -> tuple[int | None, bool]:
        if self._blobs.size(sha256) is not None:
            return None, False
        with self._source.blobs.open(sha256) as stream:
            staged = self._blobs.stage(_blocks(stream))
        if staged.sha256 != sha256:
            staged.discard()
            raise BlobDamaged(sha256)
        staged.commit()
        version = self._source.extractor.version
        text = self._source.texts.get(sha256, version)
        if text is not None:
            self._target.texts.put(sha256, version, text)
        return staged.size, text is not None


def _blocks(stream: IO[bytes]) -> Iterator[bytes]:
    while block := stream.read(BLOCK):
        yield block
