"""A kept object as a seekable file: read in ranges, of one version, going on where a connection broke.

Ranges begin small and double as long as reading goes straight on: who looks at a few places of a large file (the
directory at the end of a ZIP) does not make the server send all of it, and who reads to the end needs few requests.
Nothing is held but the buffer of `io.BufferedReader`.
"""

from __future__ import annotations

import io
import os
import time
from typing import IO, TYPE_CHECKING

from minio.error import S3Error
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from adapters.s3.client import ABSENT, PRESENT, Client, Kept
from adapters.s3.faults import fault
from domain.errors import BlobDamaged, BlobMissing

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

FIRST_RANGE = 1 << 18
LARGEST_RANGE = 64 << 20
BUFFER = 1 << 17


def reader(client: Client, key: str, sha256: str, kept: Kept, straight: bool = False) -> IO[bytes]:
    """``straight``: it will be read from the beginning to the end, so that one request is enough."""
    return io.BufferedReader(_Ranges(client, key, sha256, kept, straight), BUFFER)


class _Ranges(io.RawIOBase):
    def __init__(self, client: Client, key: str, sha256: str, kept: Kept, straight: bool) -> None:
        super().__init__()
        self._client, self._key, self._sha256, self._kept = client, key, sha256, kept
        self._at = 0
        self._range = kept.size if straight else FIRST_RANGE
        self._answer: BaseHTTPResponse | None = None  # of a range that goes on at `_at`
        self._left = 0  # bytes of it that were not read yet

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._kept.size}[whence]
        if base + offset < 0:
            raise OSError("negative seek position")
        if base + offset != self._at:
            self._drop()
            self._at, self._range = base + offset, FIRST_RANGE
        return self._at

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        wanted = min(len(view), self._kept.size - self._at)
        if wanted <= 0:
            return 0
        end, pauses = time.monotonic() + self._client.patience.total, self._client.patience.pauses()
        while True:
            if self._answer is None:
                self._ask()
            assert self._answer is not None
            try:
                data = self._answer.read(min(wanted, self._left))
                if not data:
                    raise HTTPError("ended early")
            except HTTPError as error:
                self._drop()
                if time.monotonic() > end:
                    raise fault(error, self._client.bucket) from None
                time.sleep(next(pauses))
                continue
            view[: len(data)] = data
            self._at += len(data)
            self._left -= len(data)
            if not self._left:
                self._answer.release_conn()
                self._answer = None
            return len(data)

    def readall(self) -> bytes:
        """In pieces of a sensible size, unlike the inherited one."""
        pieces = []
        while piece := self.read(1 << 20):
            pieces.append(piece)
        return b"".join(pieces)

    def close(self) -> None:
        self._drop()
        super().close()

    def _ask(self) -> None:
        """Always of the version that was there when the file was opened: bytes of two versions never mix."""
        self._left = min(self._range, self._kept.size - self._at)
        self._range = min(self._range * 2, max(LARGEST_RANGE, self._range))
        version = self._kept.version
        headers = {} if version else {"If-Match": self._kept.etag}
        try:
            self._answer = self._client.call(
                lambda minio: minio.get_object(
                    self._client.bucket, self._key, self._at, self._left, dict(headers), version_id=version
                )
            )
        except S3Error as error:
            if error.code in ABSENT:
                raise BlobMissing(self._sha256) from None
            if error.code in PRESENT:  # it was replaced while it was being read
                raise BlobDamaged(self._sha256) from None
            raise fault(error, self._client.bucket) from None

    def _drop(self) -> None:
        """Whatever the server was still sending goes with its connection."""
        if self._answer is not None:
            self._answer.close()
            self._answer = None
