"""Bodies of requests that are read from a file while they are sent, so that memory holds a few hundred KiB of them.

`minio` takes bodies as bytes only, hashes each of them, and holds it. What is sent from here is verified by the server
against a SHA-256 that is known already: the header that names it is signed, so the payload need not be signed too.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from minio import Minio

from adapters.disk.durable import storage_errors
from domain.errors import StorageFailed

BLOCK = 1 << 18

UNSIGNED = "UNSIGNED-PAYLOAD"


class FileBody:
    """``size`` bytes of a file from ``start`` on. Each iteration reads them anew. Raises the errors of
    `storage_errors`; `StorageFailed` too for a file that has become shorter."""

    def __init__(self, path: Path, start: int, size: int) -> None:
        self.path, self.start, self.size = path, start, size

    def __len__(self) -> int:
        return self.size

    def __iter__(self) -> Iterator[bytes]:
        with storage_errors():
            handle = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            at, end = self.start, self.start + self.size
            while at < end:
                with storage_errors():
                    block = os.pread(handle, min(BLOCK, end - at), at)
                if not block:
                    raise StorageFailed("EOF")
                at += len(block)
                yield block
        finally:
            os.close(handle)

    def sha256(self) -> bytes:
        """Of the bytes as they are now."""
        hasher = hashlib.sha256()
        for block in self:
            hasher.update(block)
        return hasher.digest()


class StreamingMinio(Minio):
    """Signs requests with a `FileBody` without reading it."""

    def _build_headers(
        self, host: str, headers: Any = None, body: bytes | FileBody | None = None, creds: Any = None
    ) -> tuple[Any, datetime]:
        if not isinstance(body, FileBody):
            return super()._build_headers(host, headers, body, creds)
        said, date = super()._build_headers(host, headers, b"", creds)
        said.pop("Content-MD5", None)  # over TLS: of the empty body that was passed on
        return said | {"Content-Length": str(len(body)), "x-amz-content-sha256": UNSIGNED}, date
