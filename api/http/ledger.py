"""The ledger's public files, for monitors and witnesses that have no account (C2SP ``tlog-tiles``).

They hold salted digests, no content. A path is read as the address of a tile first, so it can lead nowhere else.
"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from api.http.context import HouseDep
from api.http.errors import PageNotFound
from domain.ledger.tiles import parse_path

router = APIRouter(prefix="/ledger", tags=["ledger"])

TEXT = "text/plain; charset=utf-8"
SHORT, FOR_EVER = "public, max-age=5", "public, max-age=31536000, immutable"
OPEN = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
"""Anyone's page may read what anyone may read: a verifier in the browser needs no account here."""


@router.get("/checkpoint", response_class=PlainTextResponse)
def checkpoint(house: HouseDep) -> Response:
    """The latest signed checkpoint (C2SP ``tlog-checkpoint``)."""
    return Response(house.publisher.checkpoint(), media_type=TEXT, headers={"Cache-Control": SHORT, **OPEN})


@router.get("/vkey", response_class=PlainTextResponse)
def vkey(house: HouseDep) -> Response:
    """The verifier key as one line (C2SP ``signed-note``)."""
    return Response(house.signer.vkey() + "\n", media_type=TEXT, headers={"Cache-Control": SHORT, **OPEN})


@router.get("/tile/{path:path}", response_class=Response)
def tile(house: HouseDep, request: Request, path: str) -> Response:
    """A tile of hashes, or a bundle of entries below ``tile/entries``; full or partial (``.p/<width>``)."""
    found = parse_path(f"tile/{path}")
    data = None if found is None else house.publisher.read(found)
    if data is None:
        raise PageNotFound
    return Response(data, media_type="application/octet-stream", headers={"Cache-Control": FOR_EVER, **OPEN})
