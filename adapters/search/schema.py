"""What the embedded index holds of each document, and how it is read back.

One engine document is one `SearchDocument`. Of those of a record's revision exactly one is the *head* (the record's
own text where there is one); the others are *parts* (files, page groups). Totals, facets, filters and order are those
of heads, so records are counted and not documents; a match in a part leads to its head through ``revision_no``.
Text stands in other fields for heads than for parts, so a phrase looked up in ``body`` needs no filter for heads.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import date
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Literal

import orjson
from tantivy import Document, Schema, SchemaBuilder, TextAnalyzer, TextAnalyzerBuilder, Tokenizer

from domain.ports.search import FOREVER, SearchDocument
from domain.text.folding import FOLDING_VERSION, well_formed
from domain.text.token_stream import token_stream
from domain.text.tokens import TOKENS_VERSION

SCHEMA_VERSION = 3
FORMAT = f"format-{SCHEMA_VERSION}-{FOLDING_VERSION}-{TOKENS_VERSION}"
"""Name of the folder of an index: another format is another index, built anew from the events."""

FACETS = (
    "organisation",
    "family",
    "form",
    "plan",
    "phase",
    "person",
    "year",
    "status",
    "file_type",
    "late",
    "gaps",
)
TOKENS = "tokens"
LONGEST_VALUE = 255  # characters of a facet's value
Kind = Literal["record", "title", "body", "file"]
_RANK: dict[Kind, int] = {"record": 0, "title": 1, "body": 2, "file": 3}
_KEY_BITS = 42  # of the order key are the revision's; the 22 above them are the day's


def build_schema() -> Schema:
    """The engine's fields; text comes to them as ready tokens."""
    builder = SchemaBuilder()
    for name in ("title", "body", "part"):
        builder.add_text_field(name, tokenizer_name=TOKENS)
    for name in ("id", "record", "kind", "below", "reader"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    for name in FACETS:
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic", fast=True)
    for name in ("head", "live", "current", "confidential"):
        builder.add_boolean_field(name, indexed=True)
    builder.add_unsigned_field("revision_no", indexed=True, fast=True)
    for name in ("order", "from_leaf", "until_leaf", "occurred", "recorded", "due"):
        builder.add_unsigned_field(name, fast=True)
    for name in ("meta", "text"):
        builder.add_bytes_field(name, stored=True)
    return builder.build()


def tokens_analyzer() -> TextAnalyzer:
    """Tokens arrive ready made, joined by blanks: the engine only splits them again."""
    return TextAnalyzerBuilder(Tokenizer.whitespace()).build()


@lru_cache(maxsize=4096)
def revision_no(record: str, revision: int) -> int:
    """63 bits that stand for a record's revision in number fields."""
    return int.from_bytes(blake2b(f"{record}:{revision}".encode(errors="replace"), digest_size=8).digest()) >> 1


@lru_cache(maxsize=4096)
def day_number(day: str) -> int:
    """Days since year 1; 0 for what is no date, which comes before all."""
    try:
        return date.fromisoformat(day[:10]).toordinal()
    except ValueError:
        return 0


def order_key(number: int, occurred: int) -> int:
    """64 bits, different for each revision, that sort by day: the order of results by date."""
    return occurred << _KEY_BITS | number & ((1 << _KEY_BITS) - 1)


def kind_of(source: str) -> Kind:
    """The kind of a `SearchDocument.source`; whatever is no text of the record's own is a file's."""
    match source:
        case "record" | "title" | "body":
            return source
        case _:
            return "file"


def head_rank(document: SearchDocument) -> tuple[int, int, str]:
    """The document of a revision with the lowest rank is its head."""
    return _RANK[kind_of(document.source)], document.page or 0, document.id


def split_title(document: SearchDocument) -> tuple[str, str]:
    """(title, body): a ``record`` document begins with its title, up to a blank line."""
    kind = kind_of(document.source)
    if kind == "title":
        return document.text, ""
    if kind == "record":
        title, gap, body = document.text.partition("\n\n")
        return title, gap + body
    return "", document.text


@lru_cache(maxsize=4096)
def facet_value(value: str) -> str:
    """As the index holds it: without lone surrogates, at most `LONGEST_VALUE` characters."""
    return well_formed(value)[:LONGEST_VALUE]


@lru_cache(maxsize=1024)
def filer(username: str) -> str:
    """Whoever filed a confidential record, among its readers; no person's code holds an @."""
    return facet_value(f"@{username}")


def to_engine(document: SearchDocument, *, head: bool, file_types: Collection[str], schema: Schema) -> Document:
    """``file_types`` are those of the whole revision, for its head."""
    number = revision_no(document.record, document.revision)
    occurred = day_number(document.occurred_on)
    fields: dict[str, Any] = {
        "id": well_formed(document.id),
        "record": well_formed(document.record),
        "kind": kind_of(document.source),
        "below": [facet_value(code) for code in {*document.organisation_path, document.organisation}],
        "reader": [*(facet_value(code) for code in document.readers), filer(document.filed_by)],
        "head": head,
        "live": document.until_leaf == FOREVER,
        "current": head and document.until_leaf == FOREVER,
        "confidential": document.confidential,
        "revision_no": number,
        "order": order_key(number, occurred),
        "from_leaf": document.from_leaf,
        "until_leaf": document.until_leaf,
        "occurred": occurred,
        "recorded": day_number(document.recorded_on),
        "due": day_number(document.due),
        "meta": meta_of(document),
        "text": text_of(document),
    }
    if head:
        title, body = split_title(document)
        if title:
            fields["title"] = token_stream(title)
        fields["body"] = token_stream(body)
        for name, values in facet_values(document, file_types):
            fields[name] = [facet_value(value) for value in values if value]
    else:
        fields["part"] = token_stream(document.text)
    return Document.from_dict(fields, schema)


def facet_values(document: SearchDocument, file_types: Collection[str]) -> tuple[tuple[str, Collection[str]], ...]:
    """For each facet its values, an empty text where there is none."""
    return (
        ("organisation", (document.organisation,)),
        ("family", (document.family,)),
        ("form", (document.form,)),
        ("plan", (document.plan,)),
        ("phase", (document.phase,)),
        ("person", document.people),
        ("year", (document.occurred_on[:4],)),
        ("status", (document.status,)),
        ("file_type", file_types),
        ("late", ("true" if document.late else "false",)),
        ("gaps", ("true" if document.gaps else "false",)),
    )


def text_of(document: SearchDocument) -> bytes:
    """UTF-8 in which lone surrogates are kept."""
    return document.text.encode(errors="surrogatepass")


def meta_of(document: SearchDocument) -> bytes:
    """Everything of it but the text."""
    fields = dict(vars(document))
    del fields["text"]
    try:
        return orjson.dumps(fields)
    except TypeError:  # a lone surrogate, which only the escapes of the other one can hold
        return json.dumps(fields, separators=(",", ":")).encode()


def _unpacked(meta: bytes) -> dict[str, Any]:
    try:
        fields = orjson.loads(meta)
    except ValueError:
        fields = json.loads(meta)
    return dict(fields)


def from_engine(stored: Document) -> SearchDocument:
    """The document as it was written."""
    fields = _unpacked(bytes(stored.get_first("meta") or b"{}"))
    for name in ("organisation_path", "readers", "people"):
        fields[name] = tuple(fields[name])
    return SearchDocument(text=bytes(stored.get_first("text") or b"").decode(errors="surrogatepass"), **fields)
