"""``POST /uploads``: one file of any size, streamed to staging with flat memory; and naming it afterwards in a record.

The bytes wait in staging until a record names them by their digest. Only the account that sent them may do so: to know
a digest is not to have the file. A file that is in a record already can be named with that record, if one may read it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import IO, Annotated, Any
from urllib.parse import unquote

import anyio
import anyio.to_thread
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from adapters.accounts.store import Accounts
from adapters.formats.media_types import detect
from api.common.shapes.sessions import UploadJson
from api.http.auth import admitted
from api.http.context import house_of
from api.http.errors import ChecksumMismatch, RequestInvalid, UploadMissing
from api.http.operations import Operation, may
from api.http.receiving import Received, expected_digest
from domain.access import Actor
from domain.errors import BlobMissing, InvalidDigest, NotAllowed
from domain.organisations.policy import Policy
from domain.ports.blobs import BlobStore, StagedFile
from domain.records.filing import Archive, IncomingFile

UPLOADS_AT_ONCE = 32
"""Each holds a thread of its own pool: slow senders take none from the rest of the application."""

_HEX = re.compile(r"[0-9a-f]{64}")


class FileNamed(BaseModel):
    """A file of a record: what was uploaded under ``sha256``, or what ``record`` already holds under it."""

    name: str = Field(max_length=255)
    sha256: str = Field(max_length=64)
    role: str = Field("other", max_length=64)
    record: str | None = Field(None, max_length=100)


# ── sending ─────────────────────────────────────────────────────────────────────────────────────────────────────


class OneHop(Operation):
    """Calls its function with the request and nothing else. Each of the framework's dependencies is another hop to a
    thread and back: for a file of a few pages they cost more than keeping it."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer: Callable[[Request], Coroutine[Any, Any, Response]] = self.endpoint
        return answer


router = APIRouter(tags=["uploads"], route_class=OneHop)


@router.post(
    "/uploads",
    status_code=201,
    response_model=UploadJson,
    openapi_extra=may("record.file", 400, 408, 410)
    | {
        "parameters": [
            {
                "name": "name",
                "in": "query",
                "required": False,
                "schema": {"type": "string", "default": "", "title": "Name"},
            },
            *(
                {"name": name, "in": "header", "required": False, "schema": {"type": "string"}}
                for name in ("X-Checksum-Sha256", "Content-Digest", "Digest")
            ),
        ],
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        },
    },
)
async def upload(request: Request) -> Response:
    """Send one file as the request's body. ``name`` (the file's name) tells kinds of text apart, nothing else.

    ``X-Checksum-Sha256`` (hex), ``Content-Digest`` (RFC 9530) or ``Digest`` (RFC 3230), where given, are verified.
    """
    received = Received(request)
    await received.begin()
    return await anyio.to_thread.run_sync(_take, request, received, limiter=_limiter(request))


def _take(request: Request, received: Received) -> Response:
    """Everything between the bytes and the answer, in one thread: who sends, whether they may, keeping, noting."""
    uploads, actor = uploads_for(request), admitted(request)
    if not uploads.hasty.may_somewhere(actor, "record.file"):
        raise NotAllowed("您没有权限上传文件", "you may not upload files")
    expected = expected_digest(request)
    staged = uploads.blobs.stage(received.chunks())
    if expected is not None and expected != staged.sha256:
        staged.discard()
        raise ChecksumMismatch(found=staged.sha256)
    name, whole = unquote(request.query_params.get("name", "")), received.whole
    with staged.open() if whole is None else BytesIO(whole) as handle:
        media_type = detect(handle, name)
    uploads.accounts.claim_upload(actor.username, staged.sha256, media_type, uploads.clock())
    said: UploadJson = {"sha256": staged.sha256, "size": staged.size, "media_type": media_type}
    return JSONResponse(said, 201)


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

    blobs: BlobStore
    sha256: str
    size: int

    def open(self) -> IO[bytes]:
        return self.blobs.open(self.sha256)

    def commit(self) -> None:
        """Nothing to do: they are kept, and an event names them."""

    def discard(self) -> None:
        """Nothing to do: what is kept stays."""


@dataclass
class Claimed:
    """A `StagedFile` of an earlier request; ``staged`` is None where its bytes are kept already.

    Between claiming and keeping it, it may expire; or, where a filing of the same bytes died after it had kept them,
    they may go with a clean-up. Then it is to be sent once more.
    """

    blobs: BlobStore
    name: str
    sha256: str
    size: int
    staged: StagedFile | None

    def open(self) -> IO[bytes]:
        return self.blobs.open(self.sha256) if self.staged is None else self.staged.open()

    def commit(self) -> None:
        try:
            if self.staged is not None:
                self.staged.commit()
            elif self.blobs.size(self.sha256) is None:
                raise BlobMissing(self.sha256)
        except BlobMissing:
            raise UploadMissing(name=self.name, sha256=self.sha256, field="files") from None

    def discard(self) -> None:
        if self.staged is not None:
            self.staged.discard()


@dataclass(frozen=True)
class Uploads:
    """What was sent and what records hold already. ``hasty`` goes by the directory as it was known a moment ago, and
    waits for no database."""

    archive: Archive
    blobs: BlobStore
    accounts: Accounts
    clock: Callable[[], datetime]
    hasty: Policy

    def named(self, actor: Actor, files: Sequence[FileNamed]) -> list[IncomingFile]:
        """The files that a request names. Raises `UploadMissing` for what the actor neither sent nor may read."""
        if len({file.name for file in files}) < len(files):
            raise RequestInvalid("两个文件同名", "two files have the same name", field="files")
        return [self._named(actor, file) for file in files]

    def _named(self, actor: Actor, file: FileNamed) -> IncomingFile:
        if not _HEX.fullmatch(file.sha256):
            raise InvalidDigest(file.sha256, field="files")
        if file.record is not None:
            return self._held(actor, file, file.record)
        media_type = self.accounts.upload(actor.username, file.sha256, self.clock())
        staged = self.blobs.find_staged(file.sha256) if media_type is not None else None
        size = staged.size if staged is not None else self.blobs.size(file.sha256)
        if media_type is None or size is None:
            raise UploadMissing(name=file.name, sha256=file.sha256, field="files")
        claimed = Claimed(self.blobs, file.name, file.sha256, size, staged)
        return IncomingFile(file.name, claimed, media_type, file.role)

    def _held(self, actor: Actor, file: FileNamed, reference: str) -> IncomingFile:
        for version in self.archive.read(actor, reference).versions:
            for entry in version.files:
                if entry.sha256 == file.sha256:
                    kept = KeptFile(self.blobs, entry.sha256, entry.size)
                    return IncomingFile(file.name, kept, entry.media_type, file.role)
        raise UploadMissing(name=file.name, sha256=file.sha256, field="files")


def uploads_for(request: Request) -> Uploads:
    """What takes uploads of this request; rights are those of the directory as it is known now."""
    house = house_of(request)
    hasty = Policy(lambda: house.directory.known, house.archive.today)
    return Uploads(house.archive, house.blobs, house.accounts, house.clock, hasty)


UploadsDep = Annotated[Uploads, Depends(uploads_for)]
