"""Where the next page of a search begins: opaque to the caller, bound to its search, and checked when it comes back."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import astuple, dataclass
from hashlib import blake2b

from domain.errors import InvalidCursor
from domain.ports.search import SearchRequest


@dataclass(frozen=True)
class Cursor:
    """The last head already shown: how many were shown, its score, and its order key.

    ``snapshot`` names the state of the index that the pages are read from, where the engine keeps one.
    """

    shown: int
    score: float
    order: int
    snapshot: str = ""


def encode(cursor: Cursor, request: SearchRequest) -> str:
    """A word for addresses: base64url without padding, sealed for this search; `decode` reads it."""
    body = json.dumps(astuple(cursor), separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_seal(body, request) + body).decode().rstrip("=")


def decode(text: str, request: SearchRequest) -> Cursor:
    """Raises `InvalidCursor` for one that is damaged or belongs to another search."""
    try:
        raw = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise InvalidCursor from None
    seal, body = raw[:8], raw[8:]
    if seal != _seal(body, request):
        raise InvalidCursor
    try:
        shown, score, order, snapshot = json.loads(body)
    except (TypeError, ValueError):
        raise InvalidCursor from None
    return Cursor(shown, score, order, snapshot)


def _seal(body: bytes, request: SearchRequest) -> bytes:
    asked = [
        request.query,
        sorted((name, sorted(values)) for name, values in request.filters.items()),
        [request.occurred_from, request.occurred_to, request.recorded_from, request.recorded_to, request.due_before],
        request.as_of,
        request.sort,
    ]
    return blake2b(body, key=blake2b(json.dumps(asked).encode(), digest_size=32).digest(), digest_size=8).digest()
