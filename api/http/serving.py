"""Kept files out to a reader: streamed in pieces, in part where a range is asked for, and never as active content.

A whole file is hashed on its way out and its last piece held back until the digest is right: a file that was altered
in the store never arrives whole. The reader's program reports a broken download, the log says why.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Generator
from inspect import GEN_CLOSED, getgeneratorstate
from typing import IO
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from adapters.formats.media_types import served_as
from api.http.errors import RangeNotSatisfiable
from api.http.shield import asks_for_head
from domain.errors import BlobDamaged, BlobMissing
from domain.files import FileEntry
from domain.ports.blobs import BlobStore

PIECE = 1 << 18

PDF = "application/pdf"

SANDBOX = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox"
PDF_POLICY = "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'; frame-ancestors 'self'"
"""A browser's own PDF viewer does not start inside a sandbox; the file gets no more than what the viewer needs."""

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


def serve_file(blobs: BlobStore, request: Request, entry: FileEntry, *, inline: bool) -> Response:
    """Raises `BlobMissing`, `BlobDamaged` and `RangeNotSatisfiable` before anything is sent."""
    size = blobs.size(entry.sha256)
    if size is None:
        raise BlobMissing(entry.sha256)
    if size != entry.size:
        raise BlobDamaged(entry.sha256)
    served = served_as(entry.media_type)
    shown = inline and served.inline
    etag = f'"{entry.sha256}"'
    text = served.media_type.startswith("text/")
    headers = {
        "Content-Type": f"{served.media_type}; charset=utf-8" if text else served.media_type,
        "Content-Disposition": disposition(entry.name, inline=shown),
        "Content-Security-Policy": PDF_POLICY if shown and served.media_type == PDF else SANDBOX,
        "X-Frame-Options": "SAMEORIGIN",
        "Accept-Ranges": "bytes",
        "ETag": etag,
        "Cache-Control": "private, no-cache",  # whether one may still read it is asked each time
    }
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    wanted = _range(request, size, etag)
    if wanted is None:
        headers["Content-Length"] = str(size)
        if asks_for_head(request.scope):
            return Response(headers=headers)
        return Download(_whole(blobs.open(entry.sha256), entry), headers=headers)
    start, end = wanted
    headers |= {"Content-Length": str(end - start), "Content-Range": f"bytes {start}-{end - 1}/{size}"}
    if asks_for_head(request.scope):
        return Response(status_code=206, headers=headers)
    return Download(_part(blobs.open(entry.sha256), start, end), status_code=206, headers=headers)


class Download(StreamingResponse):
    """Streams a file and closes it, however that ends: at its end, by a fault, or because the reader went away.

    Left to the garbage collector, the file of a reader who went away stays open for as long as it pleases. That he
    went is no fault: `ClientDisconnect` says so to whoever writes the log.
    """

    def __init__(self, body: Generator[bytes, None, None], *, headers: dict[str, str], status_code: int = 200) -> None:
        next(body)  # so far that closing it closes its file, even before the first piece is sent
        super().__init__(body, status_code=status_code, headers=headers)
        self._body = body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
            if getgeneratorstate(self._body) != GEN_CLOSED:  # there would have been more
                raise ClientDisconnect
        finally:
            self._body.close()


def disposition(name: str, *, inline: bool = False) -> str:
    """RFC 6266 with the name in UTF-8 (RFC 8187), and an ASCII one for what does not know that."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "._- ") else "_" for c in name)
    kind = "inline" if inline else "attachment"
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='', errors='replace')}"


def _range(request: Request, size: int, etag: str) -> tuple[int, int] | None:
    """``(start, end)`` of the one range asked for (RFC 9110, 14.2); None for the whole file."""
    condition = request.headers.get("if-range")
    match = _RANGE.fullmatch(request.headers.get("range", "").replace(" ", ""))
    if match is None or match.group() == "bytes=-" or (condition is not None and condition != etag):
        return None  # several ranges, other units, nonsense: RFC 9110 lets a server ignore them
    first, last = match.groups()
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1) if last else size
        if last and int(last) < int(first):
            return None
    if start >= end:
        raise RangeNotSatisfiable(size=size)
    return start, end


def _whole(source: IO[bytes], entry: FileEntry) -> Generator[bytes, None, None]:
    hasher, held = hashlib.sha256(), b""
    with source:
        yield held
        while piece := source.read(PIECE):
            hasher.update(piece)
            yield held
            held = piece
    if hasher.hexdigest() != entry.sha256:
        raise BlobDamaged(entry.sha256)
    yield held


def _part(source: IO[bytes], start: int, end: int) -> Generator[bytes, None, None]:
    with source:
        yield b""
        source.seek(start)
        while start < end and (piece := source.read(min(PIECE, end - start))):
            start += len(piece)
            yield piece
