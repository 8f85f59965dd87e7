"""Everything that the embedded index holds, read back for the forensic check (`adapters.evidence.questions`).

What is shown of a document, and what it was cut into words from, lies in two stored fields: these are compared. The
engine keeps the words themselves in files of its own, under checksums of its own.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tantivy import Document, FieldType, Index, Occur, Query, Searcher

from adapters.evidence.questions import IndexEntry
from adapters.search.embedded import POSITION, SEGMENTS
from adapters.search.faults import index_faults
from adapters.search.generations import serving_number
from adapters.search.schema import FORMAT, build_schema, from_engine, meta_of, text_of
from domain.ports.search import SearchDocument
from domain.text.folding import well_formed

NUMBERS = 2**63
"""Numbers of revisions (`adapters.search.schema.revision_no`) are spread evenly below this."""


@dataclass(frozen=True)
class EmbeddedIndexPlace:
    """An `IndexPlace`: the folder of the generations."""

    folder: Path

    def open(self) -> EmbeddedIndexRows:
        return EmbeddedIndexRows(self.folder)


class EmbeddedIndexRows:
    """An `IndexEvidence`: the generation that serves, as one commit left it."""

    name = "index"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._schema = build_schema()
        self._searcher: Searcher | None = None
        self.renew()

    def renew(self) -> None:
        with index_faults():
            folder = self._folder / str(serving_number(self._folder)) / FORMAT
            made = (folder / SEGMENTS).exists()  # opening would make one
            self._searcher = Index(self._schema, str(folder)).searcher() if made else None

    def close(self) -> None:
        self._searcher = None

    def position(self) -> int:
        for each in self._matching(Query.term_query(self._schema, "id", POSITION)):
            return int(json.loads(bytes(each.get_first("meta") or b"0")))
        return 0

    def entries(self, part: int, parts: int) -> Iterator[IndexEntry]:
        low, high = (NUMBERS * each // parts for each in (part, part + 1))
        yield from self._entries(Query.range_query(self._schema, "revision_no", FieldType.Unsigned, low, high - 1))
        if part == 0:  # and what has no number of ours
            numbered = Query.range_query(self._schema, "revision_no", FieldType.Unsigned, 0, NUMBERS - 1)
            other = [(Occur.Must, Query.all_query()), (Occur.MustNot, numbered)]
            other.append((Occur.MustNot, Query.term_query(self._schema, "id", POSITION)))
            yield from self._entries(Query.boolean_query(other))

    def named(self, names: Collection[str]) -> Iterator[IndexEntry]:
        if names:
            yield from self._entries(Query.term_set_query(self._schema, "id", sorted(names)), read=True)

    def due(self, documents: Sequence[SearchDocument]) -> Iterator[IndexEntry]:
        return (IndexEntry(well_formed(each.id), _content(meta_of(each), text_of(each)), (each,)) for each in documents)

    def _entries(self, query: Query, *, read: bool = False) -> Iterator[IndexEntry]:
        for stored in self._matching(query):
            meta, text = (bytes(stored.get_first(field) or b"") for field in ("meta", "text"))
            try:
                document = from_engine(stored)
                name = well_formed(document.id)
            except (AttributeError, KeyError, TypeError, ValueError):  # none of ours
                yield IndexEntry(f"?{meta[:80].decode(errors='replace')}", _content(meta, text))
                continue
            yield IndexEntry(name, _content(meta, text), (document,) if read else ())

    def _matching(self, query: Query) -> Iterator[Document]:
        searcher = self._searcher
        if searcher is None:
            return
        with index_faults():
            # Room for the hits is taken before they are counted.
            count = searcher.search(query, 1, count=True).count or 0  # type: ignore[attr-defined]  # the stubs lack it
            hits = searcher.search(Query.const_score_query(query, 0.0), count, count=False).hits if count else []
        for _, address in hits:
            with index_faults():
                stored = searcher.doc(address)
            yield stored


def _content(meta: bytes, text: bytes) -> bytes:
    return meta + b"\0" + text
