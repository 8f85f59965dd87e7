"""Styles, scripts, fonts and pictures, served by us. ``url`` adds the hash of the content, for caches."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse

from api.http.errors import PageNotFound

router = APIRouter(include_in_schema=False)

FOLDER = Path(__file__).resolve().parents[1] / "static"

FOR_EVER, REVALIDATE = "public, max-age=31536000, immutable", "no-cache"

MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".txt": "text/plain; charset=utf-8",
}

COMPRESSED = ".gz"
"""A large file may lie compressed in the folder; it is served so under its own name. Every browser takes gzip."""


def url(name: str) -> str:
    """The address of a static file, with the hash of its content: ``/static/app.css?v=1f2e…``."""
    path = _path(name)
    if path is None:
        return f"/static/{name}"
    about = path.stat()
    return f"/static/{name}?v={_hash(path, about.st_mtime_ns, about.st_size)}"


@router.get("/static/{name:path}")
def static(request: Request, name: str) -> Response:
    path = _path(name)
    if path is None:
        raise PageNotFound
    about = path.stat()
    kind = MEDIA_TYPES[Path(name).suffix]
    tag = _hash(path, about.st_mtime_ns, about.st_size)
    headers = {"Cache-Control": FOR_EVER if request.query_params.get("v") == tag else REVALIDATE, "ETag": f'"{tag}"'}
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if path.suffix == COMPRESSED:
        headers["Content-Encoding"] = "gzip"
    return FileResponse(path, media_type=kind, headers=headers)


def _path(name: str) -> Path | None:
    """The file of that name; None for one outside the folder, or of a kind that is not served."""
    if "\0" in name:
        return None
    path = (FOLDER / name).resolve()
    if not path.is_relative_to(FOLDER) or path.suffix not in MEDIA_TYPES:
        return None
    if path.is_file():
        return path
    compressed = path.with_name(path.name + COMPRESSED)
    return compressed if compressed.is_file() else None


@lru_cache(maxsize=256)
def _hash(path: Path, _mtime: int, _size: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
