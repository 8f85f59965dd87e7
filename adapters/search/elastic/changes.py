"""From a batch of documents to entries: a revision is written as a whole, with what the index holds of it already."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from adapters.search.elastic.bulk import Change
from adapters.search.elastic.connection import Connection
from adapters.search.elastic.mapping import entry_id, members_of, to_entry
from domain.ports import SearchDocument
from domain.text.folding import well_formed

READ_AT_ONCE = 200
"""Entries in one answer."""

_FIELDS = ["document", "parts.document"]


def changes(
    connection: Connection, index: str, upserts: Sequence[SearchDocument], deletes: Sequence[str], version: int
) -> Iterator[Change]:
    """What to write for the batch to be in the index; one at a time, so that a chunk goes while the next is made."""
    written = {document.id: document for document in upserts}
    gone = {id_ for id_ in deletes if id_ not in written}
    fresh: dict[str, dict[str, SearchDocument]] = {}
    for document in written.values():
        fresh.setdefault(entry_id(document.record, document.revision), {})[document.id] = document
    holders = _holders(connection, index, gone)
    for ids in _batches(sorted({*fresh, *holders})):
        stored = _stored(connection, index, ids)
        for id_ in ids:
            members = {document.id: document for document in stored.get(id_, ())} | fresh.get(id_, {})
            kept = [document for document in members.values() if document.id not in gone]
            if kept or id_ in stored:
                yield Change(id_, version, to_entry(kept) if kept else None)


def _holders(connection: Connection, index: str, documents: Iterable[str]) -> set[str]:
    """The entries that hold these documents."""
    found: set[str] = set()
    for ids in _batches(sorted(well_formed(id_) for id_ in documents)):
        with connection.working() as client:
            client.indices.refresh(index=index)  # the last writer may have died before it did
            answer = client.search(
                index=index,
                query={"bool": {"filter": [{"terms": {"members": ids}}]}},
                source=False,
                size=len(ids),
                allow_partial_search_results=False,
            )
        found |= {hit["_id"] for hit in answer["hits"]["hits"]}
    return found


def _stored(connection: Connection, index: str, ids: Sequence[str]) -> dict[str, list[SearchDocument]]:
    """The documents in these entries, also of what was written a moment ago."""
    with connection.working() as client:
        answer = client.mget(index=index, ids=list(ids), source_includes=_FIELDS)
    return {each["_id"]: members_of(each["_source"]) for each in answer["docs"] if each.get("found")}


def _batches(ids: Iterable[str]) -> Iterator[list[str]]:
    waiting = iter(ids)
    while batch := list(islice(waiting, READ_AT_ONCE)):
        yield batch
