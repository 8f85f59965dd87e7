"""The ledger's public files, for monitors and witnesses that have no account (C2SP ``tlog-tiles``).

They hold salted digests, no content. A path is read as the address of a tile first, so it can lead nowhere else.
"""

from __future__ import annotations

import gzip
import re
from hashlib import sha256

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from api.common.shapes.archive import StampsJson
from api.http.context import PolicyDep, PublisherDep, SignerDep, StampsDep, WitnessedDep
from api.http.errors import PageNotFound
from api.http.operations import Operation, file_of, may
from domain.ledger.tiles import ENTRIES, parse_path
from domain.ledger.timestamps import FOLDER, NOTE, STAMP, parse_name

router = APIRouter(prefix="/ledger", tags=["ledger"], route_class=Operation)

TEXT, BYTES = "text/plain; charset=utf-8", "application/octet-stream"
REPLY = "application/timestamp-reply"
SHORT, FOR_EVER = "public, max-age=5", "public, max-age=31536000, immutable"
OPEN = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
"""Anyone's page may read what anyone may read: a verifier in the browser needs no account here."""

LINES = file_of("text/plain", kept=True)

_GZIP_LEVEL = 6
_GZIP_ASKED = re.compile(r"(?:^|,)\s*gzip\s*(?:;\s*q\s*=\s*([01](?:\.[0-9]{0,3})?)\s*)?(?=,|$)", re.IGNORECASE)
_WEAK = "W/"


@router.get(
    "/checkpoint", response_class=PlainTextResponse, openapi_extra=may("anyone", 404, changes=False), responses=LINES
)
def checkpoint(request: Request, publisher: PublisherDep) -> Response:
    """The latest signed checkpoint (C2SP ``tlog-checkpoint``)."""
    return _answer(request, publisher.checkpoint(), TEXT, SHORT)


@router.get("/vkey", response_class=PlainTextResponse, openapi_extra=may("anyone", changes=False), responses=LINES)
def vkey(request: Request, signer: SignerDep) -> Response:
    """The verifier keys (C2SP ``signed-note``), a line each: one; several while keys are changed, the newest first."""
    keys = "".join(f"{key}\n" for key in signer.vkeys())
    return _answer(request, keys.encode(), TEXT, SHORT)


@router.get("/policy", response_class=PlainTextResponse, openapi_extra=may("anyone", changes=False), responses=LINES)
def policy(request: Request, published: PolicyDep) -> Response:
    """The trust policy: the ledger's keys, its witnesses and the quorum (C2SP ``tlog-policy``). Whoever verifies uses
    the one that they hold; this is for those who come by for the first time."""
    return _answer(request, published().data, TEXT, SHORT)


@router.get(
    "/witnessed", response_class=PlainTextResponse, openapi_extra=may("anyone", 404, changes=False), responses=LINES
)
def witnessed(request: Request, note: WitnessedDep) -> Response:
    """The latest checkpoint that as many witnesses cosigned as the policy asks for; 404 where none did yet."""
    cosigned = note()
    if cosigned is None:
        raise PageNotFound
    return _answer(request, cosigned.encode(), TEXT, SHORT)


@router.get(
    "/tile/{path:path}",
    response_class=Response,
    openapi_extra=may("anyone", changes=False),
    responses=file_of(BYTES, kept=True),
)
def tile(request: Request, publisher: PublisherDep, path: str) -> Response:
    """A tile of hashes, or a bundle of entries below ``tile/entries``; full or partial (``.p/<width>``).

    A partial tile may go once the full one is there: whoever asks for it then asks for the full one. Bundles are
    compressed for those who say that they take gzip; hashes cannot be.
    """
    asked = parse_path(f"tile/{path}")
    data = None if asked is None else publisher.read(asked)
    if asked is None or data is None:
        raise PageNotFound
    return _answer(request, data, BYTES, FOR_EVER, may_pack=asked.level == ENTRIES)


@router.get("/timestamps", openapi_extra=may("anyone", changes=False))
def timestamps(kept: StampsDep) -> StampsJson:
    """The time stamps that are kept (RFC 3161): authority, tree size, and the names of stamp and stamped note."""
    names = set(kept.names())
    stamps = sorted(parsed[0] for name in names if (parsed := parse_name(name)) is not None and parsed[1] == STAMP)
    return {
        "timestamps": [
            {"authority": each.authority, "tree_size": each.size, "stamp": each.file(STAMP), "note": each.file(NOTE)}
            for each in stamps
        ]
    }


@router.get(
    "/timestamps/{name}",
    response_class=Response,
    openapi_extra=may("anyone", changes=False),
    responses=file_of(REPLY, "text/plain", kept=True),
)
def timestamp(request: Request, kept: StampsDep, name: str) -> Response:
    """A time stamp ``<size>-<authority>.tsr``, the authority's whole answer; or what it stamped, under ``.note``."""
    parsed = parse_name(f"{FOLDER}{name}")
    data = None if parsed is None else kept.read(f"{FOLDER}{name}")
    if parsed is None or data is None:
        raise PageNotFound
    return _answer(request, data, REPLY if parsed[1] == STAMP else TEXT, FOR_EVER)


@router.get("/tile", include_in_schema=False)
@router.get("/checkpoint/", include_in_schema=False)
@router.get("/vkey/", include_in_schema=False)
@router.get("/policy/", include_in_schema=False)
@router.get("/witnessed/", include_in_schema=False)
def nothing() -> Response:
    """One slash too many or too few makes another address, under which there is nothing."""
    raise PageNotFound


def _answer(request: Request, data: bytes, kind: str, caching: str, *, may_pack: bool = False) -> Response:
    """The file, or a word that the caller has it already (RFC 9110, section 13.1.2)."""
    headers = {"Cache-Control": caching, **OPEN}
    tag = sha256(data).hexdigest()[:32]
    packed = may_pack and _takes_gzip(request)
    if may_pack:
        headers["Vary"] = "Accept-Encoding"
    if packed:
        tag += "-gzip"  # other bytes, another tag
    headers["ETag"] = f'"{tag}"'
    if _has_it(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    if packed:
        data = gzip.compress(data, _GZIP_LEVEL, mtime=0)
        headers["Content-Encoding"] = "gzip"
    return Response(data, media_type=kind, headers=headers)


def _takes_gzip(request: Request) -> bool:
    asked = _GZIP_ASKED.search(",".join(request.headers.getlist("accept-encoding")))
    return asked is not None and float(asked[1] or 1) > 0


def _has_it(request: Request, tag: str) -> bool:
    said = [each.strip() for each in ",".join(request.headers.getlist("if-none-match")).split(",")]
    return "*" in said or tag in [each.removeprefix(_WEAK) for each in said]
