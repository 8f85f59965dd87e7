"""Sealed file, version 1: a file encrypted under a key of its own, readable from any place, for ever in this form.

::

    4a 5a 53 45 41 4c 00 01      the letters JZSEAL and the version, big-endian
    segment 0, 1, 2 …            of 65,536 bytes of the file each, the last of what is left (of an empty file: nothing),
                                 each followed by its tag of 16 bytes

Each segment is AES-256-GCM (NIST SP 800-38D) under the file's key, with the eight bytes above as associated data. The
nonce is the segment's number (11 bytes, big-endian) and one byte that is 1 for the last segment and 0 for all others:
the STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár, “Online Authenticated-Encryption and its Nonce-Reuse
Misuse-Resistance” (CRYPTO 2015). So a segment opens in its own place of its own file only, and a file that was cut off,
put in another order or lengthened does not open at its end. A key is random and seals one file once, so that no nonce
is ever used for two texts; the same key and file give the same bytes.
"""

from __future__ import annotations

import io
import os
import secrets
from collections.abc import Callable, Iterator
from typing import IO, TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.errors import BlobDamaged

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

HEADER = b"JZSEAL\x00\x01"
SEGMENT = 1 << 16
TAG = 16
KEY_BYTES = 32


def new_key() -> bytes:
    """32 random bytes, of the system's generator for secrets."""
    return secrets.token_bytes(KEY_BYTES)


def sealed(read: Callable[[int], bytes], key: bytes) -> Iterator[bytes]:
    """The sealed file in pieces. ``read`` gives the next of the plain bytes, fewer than asked for at their end only."""
    cipher, number = AESGCM(key), 0
    yield HEADER
    segment = read(SEGMENT)
    while True:
        following = read(SEGMENT) if len(segment) == SEGMENT else b""
        yield cipher.encrypt(_nonce(number, last=not following), segment, HEADER)
        if not following:
            return
        segment, number = following, number + 1


def plain_size(size: int) -> int | None:
    """How many bytes a sealed file of that size holds; None where no sealed file has it."""
    segments, rest = divmod(size - len(HEADER), SEGMENT + TAG)
    if size < len(HEADER) + TAG or 0 < rest < TAG or (rest == TAG and segments):
        return None
    return segments * SEGMENT + max(0, rest - TAG)


def unsealed(source: IO[bytes], key: bytes, sha256: str) -> IO[bytes]:
    """A seekable reader of the plain bytes; it closes ``source``, also where it raises.

    Raises `BlobDamaged`, named by the digest of the plain bytes, there and while it is read: nothing comes out of it
    that did not go in.
    """
    try:
        return io.BufferedReader(_Unsealing(source, key, sha256), SEGMENT)
    except BaseException:
        source.close()
        raise


class _Unsealing(io.RawIOBase):
    """Opens the segments that are asked for, one at a time, and holds the last one."""

    def __init__(self, source: IO[bytes], key: bytes, sha256: str) -> None:
        super().__init__()
        self._source, self._sha256 = source, sha256
        size = plain_size(source.seek(0, os.SEEK_END))
        source.seek(0)
        if size is None or len(key) != KEY_BYTES or source.read(len(HEADER)) != HEADER:
            raise BlobDamaged(sha256)
        self._size, self._cipher = size, AESGCM(key)
        self._last = max(0, size - 1) // SEGMENT
        self._next = 0  # the segment that the source stands before
        self._at = 0
        self._number, self._segment = -1, b""
        if not size:  # nothing will ever be read of it
            self._open(0)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise OSError("negative seek position")
        self._at = base + offset
        return self._at

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        if self._at >= self._size:
            return 0
        number, start = divmod(self._at, SEGMENT)
        if number != self._number:
            self._open(number)
        length = min(len(view), len(self._segment) - start)
        view[:length] = memoryview(self._segment)[start : start + length]
        self._at += length
        return length

    def readall(self) -> bytes:
        """In pieces of a sensible size, unlike the inherited one."""
        pieces = []
        while piece := self.read(SEGMENT):
            pieces.append(piece)
        return b"".join(pieces)

    def close(self) -> None:
        self._source.close()
        super().close()

    def _open(self, number: int) -> None:
        if number != self._next:
            self._source.seek(len(HEADER) + number * (SEGMENT + TAG))
        data = self._source.read(SEGMENT + TAG)
        self._next = number + 1
        try:
            opened = self._cipher.decrypt(_nonce(number, last=number == self._last), data, HEADER)
        except InvalidTag:
            raise BlobDamaged(self._sha256) from None
        self._number, self._segment = number, opened


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])
