"""``POST /uploads``: one file of any size, streamed to staging with flat memory; and naming it afterwards in a record.

The bytes wait in staging until a record names them by their digest. Only the account that sent them may do so: to know
a digest is not to have the file. A file that is in a record already can be named with that record, if one may read it.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import IO, Any
from urllib.parse import unquote

import anyio
import anyio.to_thread
from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.requests import ClientDisconnect

from adapters.blobs.media_types import detect
from adapters.bootstrap import House
from api.http.auth import ActorDep
from api.http.errors import ChecksumMismatch, RequestInvalid, UploadInterrupted, UploadMissing, UploadStalled
from domain.access import Actor, Target, decide
from domain.archive import IncomingFile
from domain.errors import InvalidDigest, NotAllowed
from domain.ports import StagedFile

router = APIRouter(tags=["uploads"])

UPLOADS_AT_ONCE = 32
"""Each holds a thread of its own pool: slow senders take none from the rest of the application."""

SILENCE = 60.0
"""Seconds without a byte after which an upload is given up."""

HOP_BYTES = 1 << 19
"""Bytes gathered before they are handed to the writing thread; while it writes, the next are gathered."""

_HEX = re.compile(r"[0-9a-f]{64}")


class FileNamed(BaseModel):
    """A file of a record: what was uploaded under ``sha256``, or what ``record`` already holds under it."""

    name: str = Field(max_length=255)
    sha256: str = Field(max_length=64)
    role: str = Field("other", max_length=64)
    record: str | None = Field(None, max_length=100)


# ── sending ─────────────────────────────────────────────────────────────────────────────────────────────────────


@router.post(
    "/uploads",
    status_code=201,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def upload(request: Request, actor: ActorDep, name: str = "") -> dict[str, Any]:
    """Send one file as the request's body. ``name`` (the file's name) tells kinds of text apart, nothing else.

    ``X-Checksum-Sha256`` (hex), ``Content-Digest`` (RFC 9530) or ``Digest`` (RFC 3230), where given, are verified.
    """
    house: House = request.app.state.house
    expected = expected_digest(request)
    limiter: anyio.CapacityLimiter = _limiter(request)
    received = Received(request)

    def take() -> dict[str, Any]:
        if not _may_file_somewhere(house, actor):
            raise NotAllowed("您没有权限上传文件", "you may not upload files")
        staged = house.blobs.stage(received.chunks())
        if expected is not None and expected != staged.sha256:
            staged.discard()
            raise ChecksumMismatch(found=staged.sha256)
        with staged.open() as handle:
            media_type = detect(handle, unquote(name))
        house.accounts.claim_upload(actor.username, staged.sha256, media_type, house.clock())
        return {"sha256": staged.sha256, "size": staged.size, "media_type": media_type}

    return await anyio.to_thread.run_sync(take, limiter=limiter)


class Received:
    """The body of a request as an iterator for a worker thread. The event loop reads, the thread writes and hashes."""

    def __init__(self, request: Request) -> None:
        self._loop = asyncio.get_running_loop()
        self._stream: AsyncIterator[bytes] = request.stream()
        declared = request.headers.get("content-length")
        self._declared = int(declared) if declared is not None and declared.isdecimal() else None
        self.size = 0

    def chunks(self) -> Iterator[bytes]:
        """Raises `UploadInterrupted` and `UploadStalled`, so that staging takes away what had come."""
        ahead = self._ask()
        try:
            while chunk := ahead.result():
                self.size += len(chunk)
                if self.size == self._declared:  # the last: for a small file another hop costs as much as its bytes
                    yield chunk
                    return
                ahead = self._ask()
                yield chunk
        except ClientDisconnect:
            raise UploadInterrupted(received=self.size) from None
        except TimeoutError:
            raise UploadStalled from None
        finally:
            ahead.cancel()
        if self._declared is not None and self._declared != self.size:
            raise UploadInterrupted(received=self.size)

    def _ask(self) -> Future[bytes]:
        return asyncio.run_coroutine_threadsafe(self._gather(), self._loop)

    async def _gather(self) -> bytes:
        parts: list[bytes] = []
        size = 0
        with anyio.fail_after(SILENCE):
            while size < HOP_BYTES:
                part = await anext(self._stream, None)
                if part is None:
                    break
                parts.append(part)
                size += len(part)
        return b"".join(parts)


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


def _may_file_somewhere(house: House, actor: Actor) -> bool:
    directory, day = house.directory(), house.archive.today().isoformat()
    return any(decide(actor, "record.file", Target(directory.path(g.organisation)), day).allowed for g in actor.grants)


def _limiter(request: Request) -> anyio.CapacityLimiter:
    state = request.app.state
    if not hasattr(state, "upload_limiter"):  # belongs to the event loop, so it cannot be made before there is one
        state.upload_limiter = anyio.CapacityLimiter(UPLOADS_AT_ONCE)
    limiter: anyio.CapacityLimiter = state.upload_limiter
    return limiter


# ── naming ──────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class KeptFile:
    """A `StagedFile` whose bytes are kept already."""

    house: House
    sha256: str
    size: int

    def open(self) -> IO[bytes]:
        return self.house.blobs.open(self.sha256)

    def commit(self) -> None:
        """Nothing to do: they are kept."""

    def discard(self) -> None:
        """Nothing to do: what is kept stays."""


def incoming(house: House, actor: Actor, named: list[FileNamed]) -> list[IncomingFile]:
    """The files that a request names. Raises `UploadMissing` for what the actor neither sent nor may read."""
    if len({file.name for file in named}) < len(named):
        raise RequestInvalid("两个文件同名", "two files have the same name", field="files")
    return [_incoming(house, actor, file) for file in named]


def _incoming(house: House, actor: Actor, file: FileNamed) -> IncomingFile:
    if not _HEX.fullmatch(file.sha256):
        raise InvalidDigest(file.sha256, field="files")
    if file.record is not None:
        held = house.archive.read(actor, file.record)
        for version in held.versions:
            for entry in version.files:
                if entry.sha256 == file.sha256:
                    kept = KeptFile(house, entry.sha256, entry.size)
                    return IncomingFile(file.name, kept, entry.media_type, file.role)
        raise UploadMissing(name=file.name, sha256=file.sha256, field="files")
    media_type = house.accounts.upload(actor.username, file.sha256, house.clock())
    staged: StagedFile | None = None
    if media_type is not None:
        staged = house.blobs.find_staged(file.sha256)
        if staged is None and (size := house.blobs.size(file.sha256)) is not None:
            staged = KeptFile(house, file.sha256, size)
    if media_type is None or staged is None:
        raise UploadMissing(name=file.name, sha256=file.sha256, field="files")
    return IncomingFile(file.name, staged, media_type, file.role)
