"""Which engine documents a batch replaces, so that each revision keeps exactly one head.

The head carries what the whole revision shows in facets, so it is written again when another document becomes the
head or a file of a new type arrives; the other documents stay as they are. Writing the same batch again therefore
leaves the same index.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from tantivy import Document, Query, Schema, Searcher

from adapters.search.schema import from_engine, head_rank, revision_no, to_engine
from domain.ports.search import SearchDocument


@dataclass
class Changes:
    """``removed`` are ids of documents that the index holds now; ``written`` says of each whether it is the head."""

    removed: list[str] = field(default_factory=list)
    written: list[tuple[SearchDocument, bool, list[str]]] = field(default_factory=list)

    def added(self, schema: Schema) -> Iterator[Document]:
        """Made one at a time, so that the engine's thread indexes one while the next is cut into tokens."""
        for document, is_head, file_types in self.written:
            yield to_engine(document, head=is_head, file_types=file_types, schema=schema)


def plan(searcher: Searcher, schema: Schema, upserts: Sequence[SearchDocument], deletes: Sequence[str]) -> Changes:
    """What to take out of the index and what to put in, for the batch to be in it."""
    written = {document.id: document for document in upserts}
    gone = {id_ for id_ in deletes if id_ not in written}
    stored = _stored(searcher, schema, {_number(document) for document in upserts}, gone)
    revisions: dict[int, dict[str, SearchDocument]] = {}
    for document in (*stored.values(), *written.values()):
        if document.id not in gone:
            revisions.setdefault(_number(document), {})[document.id] = document
    heads_before = _heads(stored.values())
    changes = Changes(removed=[id_ for id_ in gone if id_ in stored])
    for number, members in revisions.items():
        head = min(members.values(), key=head_rank)
        types = _file_types(members.values())
        before = heads_before.get(number)
        same_head = before is not None and before[0] == head.id and before[1] == types
        for document in members.values():
            is_head = document is head
            untouched = document.id not in written and (
                same_head or not (is_head or (before and before[0] == document.id))
            )
            if untouched:
                continue
            if document.id in stored:
                changes.removed.append(document.id)
            changes.written.append((document, is_head, types))
    return changes


def _number(document: SearchDocument) -> int:
    return revision_no(document.record, document.revision)


def _file_types(documents: Iterable[SearchDocument]) -> list[str]:
    return sorted({document.file_type for document in documents if document.file_type})


def _heads(documents: Iterable[SearchDocument]) -> dict[int, tuple[str, list[str]]]:
    """Of each revision as it is stored: the head's id and the file types it shows."""
    revisions: dict[int, list[SearchDocument]] = {}
    for document in documents:
        revisions.setdefault(_number(document), []).append(document)
    return {n: (min(members, key=head_rank).id, _file_types(members)) for n, members in revisions.items()}


def _stored(searcher: Searcher, schema: Schema, numbers: set[int], ids: set[str]) -> dict[str, SearchDocument]:
    """Every stored document of these revisions, and of the revisions of these documents."""
    if not searcher.num_docs:
        return {}
    if ids:
        named = Query.term_set_query(schema, "id", sorted(ids))
        numbers = numbers | {_number(document) for document in _read(searcher, named)}
    if not numbers:
        return {}
    members = Query.term_set_query(schema, "revision_no", sorted(numbers))
    return {document.id: document for document in _read(searcher, members)}


def _read(searcher: Searcher, query: Query) -> Iterable[SearchDocument]:
    hits = searcher.search(Query.const_score_query(query, 0.0), limit=searcher.num_docs, count=False).hits
    return [from_engine(searcher.doc(address)) for _, address in hits]
