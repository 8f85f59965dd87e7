"""Kept files, and the texts that were extracted from them, from one store into another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import IO

from domain.errors import BlobDamaged, BlobErased
from domain.ports.events import StoredRow
from operations.migration.ends import End
from operations.verify.files import files_in_state

BLOCK = 1 << 20

WORKERS = 8
"""Most of sending a small file to a server is waiting for its disks."""

AHEAD = 64
"""Files asked for at once; bounds memory."""


class Files:
    """Counts what it copied: files, their bytes, and texts."""

    def __init__(self, source: End, target: End) -> None:
        self._source, self._target = source, target
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

    def erasures(self) -> None:
        """Erase here too what was erased there, perhaps since it was copied. Keys are not copied: what was sealed there
        is sealed anew here, or is not, by the settings that it has here."""
        for page in self._source.blob_keys.pages():
            gone = {sha256 for sha256, seal in page.items() if seal.key is None}
            for sha256 in sorted(gone - self._target.blobs.erased(gone)):
                self._target.blobs.erase(sha256)

    def keys(self) -> None:
        """Where files stay in their place: the keys that they are sealed with, and what is known of those destroyed."""
        target = self._target.blob_keys
        for page in self._source.blob_keys.pages():
            for sha256, seal in page.items():
                if target.agree(sha256, seal) != seal and seal.key is None:
                    target.destroy(sha256)

    def _copy(self, sha256: str) -> tuple[int | None, bool]:
        if self._target.blobs.size(sha256) is not None:
            return None, False
        try:
            with self._source.blobs.open(sha256) as stream:
                staged = self._target.blobs.stage(_blocks(stream))
        except BlobErased:
            return None, False
        if staged.sha256 != sha256:
            staged.discard()
            raise BlobDamaged(sha256)
        staged.commit()
        text = self._source.texts.get(sha256)
        if text is not None:
            self._target.texts.put(sha256, text)
        return staged.size, text is not None


def _blocks(stream: IO[bytes]) -> Iterator[bytes]:
    while block := stream.read(BLOCK):
        yield block
