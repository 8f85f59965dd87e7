"""A file's bytes as they come in over HTTP: read by the event loop, taken by a thread that writes and hashes them."""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future
from contextlib import contextmanager

import anyio
from fastapi import Request
from starlette.requests import ClientDisconnect

from api.http.errors import UploadInterrupted, UploadStalled
from domain.errors import InvalidDigest

SILENCE = 60.0
"""Seconds without a byte after which an upload is given up."""

FIRST_BYTES = 1 << 18
"""Bytes gathered before a thread is asked for at all: a file that is no larger is whole then, and costs one hop between
event loop and thread for everything. A sender who is not known yet takes no more memory than this."""

HOP_BYTES = 1 << 19
"""Bytes gathered before more are handed to the thread; while it writes them, the next are gathered."""

_HEX = re.compile(r"[0-9a-f]{64}")


class Received:
    """The body of a request: `begin` in the event loop, then `chunks` in a worker thread."""

    def __init__(self, request: Request) -> None:
        self._loop = asyncio.get_running_loop()
        self._stream: AsyncIterator[bytes] = request.stream()
        declared = request.headers.get("content-length")
        self._declared = int(declared) if declared is not None and declared.isdecimal() else None
        self._first: list[bytes] = []
        self._ended = False
        self.whole: bytes | None = None  # the file, where the beginning was all of it
        self.size = 0

    async def begin(self) -> None:
        """Wait for the beginning, or for all of a small file. Raises `UploadInterrupted` and `UploadStalled`."""
        with self._faults():
            self._first = await self._gather(FIRST_BYTES)
        if self._complete():
            self.whole = b"".join(self._first)
            self._first = [self.whole]

    def chunks(self) -> Iterator[bytes]:
        """Raises `UploadInterrupted` and `UploadStalled`, so that staging takes away what had come."""
        parts = self._first
        ahead: Future[list[bytes]] | None = None
        try:
            with self._faults():
                while True:
                    ahead = None if self._complete() else self._ask()
                    yield from parts
                    if ahead is None:
                        return
                    parts = ahead.result()
        finally:
            if ahead is not None:
                ahead.cancel()

    def _complete(self) -> bool:
        """Raises `UploadInterrupted` where the end came too early."""
        if self._ended and self._declared not in (None, self.size):
            raise UploadInterrupted(received=self.size)
        return self._ended or self.size == self._declared

    def _ask(self) -> Future[list[bytes]]:
        return asyncio.run_coroutine_threadsafe(self._gather(HOP_BYTES), self._loop)

    async def _gather(self, enough: int) -> list[bytes]:
        parts: list[bytes] = []
        enough += self.size
        with anyio.fail_after(SILENCE):
            while self.size < enough and self.size != self._declared:
                part = await anext(self._stream, None)
                if part is None:
                    self._ended = True
                    break
                parts.append(part)
                self.size += len(part)
        return parts

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except ClientDisconnect:
            raise UploadInterrupted(received=self.size) from None
        except TimeoutError:
            raise UploadStalled from None


def expected_digest(request: Request) -> str | None:
    """The SHA-256 that the sender promises, in hexadecimal. Raises `InvalidDigest` for one that cannot be read."""
    plain = request.headers.get("x-checksum-sha256")
    if plain is not None:
        if not _HEX.fullmatch(plain.lower()):
            raise InvalidDigest(plain)
        return plain.lower()
    for header, wrapped in (("content-digest", True), ("digest", False)):
        for item in request.headers.get(header, "").split(","):
            algorithm, _, value = item.strip().partition("=")
            if algorithm.lower() == "sha-256":
                return _from_base64(value.strip(":") if wrapped else value)
    return None


def _from_base64(value: str) -> str:
    try:
        digest = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidDigest(value) from None
    if len(digest) != 32:
        raise InvalidDigest(value)
    return digest.hex()
