"""What the index on Elasticsearch holds of each revision of a record, and how it is read back.

One entry is one *revision*, so the server counts records and not documents: totals and facets are exact whatever their
size, with no approximate cardinality and no collapsing. What the entry says itself is its *head* (see
`adapters.search.schema`); the other documents of the revision are nested *parts*, each with its own limits of who may
see it and when it was the current one. A phrase in a part leads to its entry inside the engine, in one query.

Everything searched is derived from ``document``, a `SearchDocument` in JSON; so whatever somebody changed behind our
back is seen by deriving it again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson

from adapters.search.schema import (
    FACETS,
    day_number,
    facet_value,
    facet_values,
    filer,
    head_rank,
    kind_of,
    order_key,
    revision_no,
    split_title,
)
from domain.ports.search import FOREVER, SearchDocument
from domain.search.errors import IndexDamaged
from domain.text.folding import FOLDING_VERSION, well_formed
from domain.text.token_stream import token_stream
from domain.text.tokens import TOKENS_VERSION

MAPPING_VERSION = 2
FORMAT = f"format-{MAPPING_VERSION}-{FOLDING_VERSION}-{TOKENS_VERSION}"
"""Part of the name of an index: another format is another index, built anew from the events."""

POSITION = "@position"
"""Id of the one entry that is no entry: it holds the tree size that the index has taken in."""

POSITION_FIELD = "position"
SEAL_FIELD = "seal"

MOST_CHARACTERS = 3_000_000
"""Of the texts of one revision: the server takes an entry in one piece, and holds it in memory as a whole. What goes
beyond (some 3,000 close pages in one record) is not found by its words; the files that it is from are counted."""

MOST_PARTS = 100_000
"""In one revision: pages of all its files. The server's default is 10,000."""

DELETES_KEPT = "1h"
"""For so long the server knows the version of a deleted entry: longer than a write can be under way that was sent
before it. The server's default is a minute."""

SHOWN_PARTS = 5
"""Read for the snippets of one hit, which shows three at most."""

_KEYWORD = {"type": "keyword"}
_TOKENS = {"type": "text", "analyzer": "whitespace"}
_STORED = {"type": "keyword", "index": False, "doc_values": False}
_TERM = {"type": "keyword", "doc_values": False}
_LIMITS: dict[str, Any] = {
    "kind": _TERM,
    "below": _TERM,
    "reader": _TERM,
    "confidential": {"type": "boolean"},
    "live": {"type": "boolean"},
    "from_leaf": {"type": "long"},
    "until_leaf": {"type": "long"},
}
MAPPING: dict[str, Any] = {
    "dynamic": "strict",
    "properties": {
        **_LIMITS,
        "title": _TOKENS,
        "body": _TOKENS,
        **dict.fromkeys(FACETS, _KEYWORD),
        "occurred": {"type": "integer"},
        "recorded": {"type": "integer"},
        "due": {"type": "integer"},
        "order": {"type": "long"},
        "record": _TERM,
        "members": _TERM,
        "document": _STORED,
        "parts": {
            "type": "nested",
            "properties": {**_LIMITS, "tokens": _TOKENS, "nth": {"type": "integer"}, "document": _STORED},
        },
        POSITION_FIELD: {"type": "long", "index": False},
        SEAL_FIELD: _STORED,
    },
}

ORDER_OFFSET = 2**63
"""From the unsigned order key to the server's signed number, in the same order."""


def index_settings(shards: int) -> dict[str, Any]:
    """What an index is made with; ``shards`` stays what it is for as long as the index is there."""
    return {
        "number_of_shards": shards,
        "auto_expand_replicas": "0-1",  # one copy where there is a second machine
        "mapping.nested_objects.limit": MOST_PARTS,
        "gc_deletes": DELETES_KEPT,
    }


def entry_id(record: str, revision: int) -> str:
    """``<record>:<revision>``, without lone surrogates."""
    return well_formed(f"{record}:{revision}")


def order_of(document: SearchDocument) -> int:
    """The order key as the server's signed 64 bits."""
    number = revision_no(document.record, document.revision)
    return order_key(number, day_number(document.occurred_on)) - ORDER_OFFSET


def to_entry(members: Iterable[SearchDocument]) -> dict[str, Any]:
    """The entry of a revision, of which ``members`` are all the documents."""
    head, *parts = fitted(sorted(members, key=head_rank))
    title, body = split_title(head)
    types = sorted({document.file_type for document in (head, *parts) if document.file_type})
    facets = {name: [facet_value(value) for value in values if value] for name, values in facet_values(head, types)}
    entry = {
        **_limits(head),
        **facets,
        "title": tokens(title),
        "body": tokens(body),
        "occurred": day_number(head.occurred_on),
        "recorded": day_number(head.recorded_on),
        "due": day_number(head.due),
        "order": order_of(head),
        "record": well_formed(head.record),
        "members": [well_formed(document.id) for document in (head, *parts)],
        "document": packed(head),
    }
    if parts:
        entry["parts"] = [
            {**_limits(part), "tokens": tokens(part.text), "nth": nth, "document": packed(part)}
            for nth, part in enumerate(parts)
        ]
    return entry


def _limits(document: SearchDocument) -> dict[str, Any]:
    return {
        "kind": kind_of(document.source),
        "below": sorted({facet_value(code) for code in (*document.organisation_path, document.organisation)}),
        "reader": [*(facet_value(code) for code in document.readers), filer(document.filed_by)],
        "confidential": document.confidential,
        "live": document.until_leaf == FOREVER,
        "from_leaf": document.from_leaf,
        "until_leaf": document.until_leaf,
    }


def fitted(documents: Sequence[SearchDocument]) -> list[SearchDocument]:
    """The documents with texts of `MOST_CHARACTERS` in all: the last ones are cut."""
    kept, room = [], MOST_CHARACTERS
    for document in documents:
        cut = document if len(document.text) <= room else replace(document, text=document.text[:room])
        room -= len(cut.text)
        kept.append(cut)
    return kept


def members_of(source: Mapping[str, Any]) -> list[SearchDocument]:
    """The documents of an entry as they were written."""
    return [unpacked(source["document"]), *(unpacked(part["document"]) for part in source.get("parts", ()))]


def tokens(text: str) -> str:
    """Tokens with blanks between them, which the server only splits."""
    return token_stream(text)


def packed(document: SearchDocument) -> str:
    """JSON that `unpacked` reads back as it was, lone surrogates included."""
    try:
        return orjson.dumps(vars(document)).decode()
    except orjson.JSONEncodeError:  # it refuses lone surrogates, which JSON holds by their escapes only
        return json.dumps(vars(document), separators=(",", ":"))


def unpacked(document: str) -> SearchDocument:
    """Raises `IndexDamaged` for what we never wrote."""
    try:
        fields = _loaded(document)
        for name in ("organisation_path", "readers", "people"):
            fields[name] = tuple(fields[name])
        return SearchDocument(**fields)
    except (KeyError, TypeError, ValueError):
        raise IndexDamaged(detail="a document was changed") from None


def _loaded(document: str) -> Any:
    try:
        return orjson.loads(document)
    except orjson.JSONDecodeError:  # what it refuses may be a lone surrogate's escape
        return json.loads(document)
