"""Where the next page of a search begins: opaque to the caller, bound to its search, and checked when it comes back.

By date a page goes on exactly behind the order key of the last entry shown, which is unique and never changes. By
relevance there is no such place: each filing moves the scores of all others. So a cursor names what was shown, and the
next page are the best of the others as it then stands: whatever is filed between two pages, nothing is lost and nothing
shown twice. Behind the best `RANKED` the others follow newest first. Nothing in a cursor says anything of what the
searcher was not shown, such as a score, which other people's records have a part in.
"""

from __future__ import annotations

import base64
import binascii
import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from domain.errors import InvalidCursor
from domain.ports.search import SearchRequest

RANKED = 500
"""Entries that are shown by relevance. A cursor that names them all still fits into an address."""

MOST_SHOWN = RANKED + 1000  # a page of the most hits may be the one that reaches it

LAST = 2**64 - 1
"""No entry lies behind this order key, newest first."""

_SEAL = 8  # bytes
_KEY = struct.Struct(">Q")


@dataclass(frozen=True)
class Cursor:
    """``behind``: the order key (64 bits, unsigned) of the last entry shown by date, None while they come by relevance.
    ``shown``: the numbers, as large, by which the engine knows the entries that were shown by relevance."""

    behind: int | None
    shown: tuple[int, ...] = ()


def ranked_next(cursor: Cursor | None, page: Sequence[int]) -> Cursor:
    """Behind a page of entries with these numbers that came by relevance, behind ``cursor``."""
    shown = (*(cursor.shown if cursor is not None else ()), *page)
    return Cursor(None if len(shown) < RANKED else LAST, shown)


def dated_next(cursor: Cursor | None, last: int) -> Cursor:
    """Behind a page that came by date, of which the last entry has this order key."""
    return Cursor(last, cursor.shown if cursor is not None else ())


def encode(cursor: Cursor, request: SearchRequest) -> str:
    """A word for addresses: base64url without padding, sealed for this search; `decode` reads it."""
    keys = [] if cursor.behind is None else [cursor.behind]
    body = bytes([len(keys)]) + b"".join(_KEY.pack(key) for key in (*keys, *cursor.shown))
    return base64.urlsafe_b64encode(_seal(body, request) + body).decode().rstrip("=")


def decode(text: str, request: SearchRequest) -> Cursor:
    """Raises `InvalidCursor` for one that is damaged or belongs to another search."""
    try:
        raw = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise InvalidCursor from None
    seal, body = raw[:_SEAL], raw[_SEAL:]
    if seal != _seal(body, request) or len(body) % _KEY.size != 1 or len(body) > _KEY.size * (MOST_SHOWN + 2):
        raise InvalidCursor
    keys = [key for (key,) in _KEY.iter_unpack(body[1:])]
    if body[0] > min(1, len(keys)):
        raise InvalidCursor
    return Cursor(keys[0] if body[0] else None, tuple(keys[body[0] :]))


def _seal(body: bytes, request: SearchRequest) -> bytes:
    asked = [
        request.query,
        sorted((name, sorted(values)) for name, values in request.filters.items()),
        [request.occurred_from, request.occurred_to, request.recorded_from, request.recorded_to, request.due_before],
        request.as_of,
        request.sort,
    ]
    return blake2b(body, key=blake2b(json.dumps(asked).encode(), digest_size=32).digest(), digest_size=_SEAL).digest()
