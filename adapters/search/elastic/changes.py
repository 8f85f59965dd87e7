"""From a batch of documents to entries: a revision is written as a whole, with what the index holds of it already."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from adapters.search.elastic.bulk import Change
from adapters.search.elastic.connection import Connection
from adapters.search.elastic.mapping import entry_id, members_of, to_entry
from domain.ports.search import SearchDocument
from domain.search.errors import IndexDamaged
from domain.text.folding import well_formed

READ_AT_ONCE = 200
"""Entries in one answer."""

ASK_AT_ONCE = 5_000
"""Entries of which one question asks only whether they are there."""

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
    wanted = sorted({*fresh, *holders})
    known = _known(connection, index, wanted)
    for ids in _batches(wanted):
        stored = _stored(connection, index, [id_ for id_ in ids if id_ in known])
        for id_ in ids:
            members = {document.id: document for document in stored.get(id_, ())} | fresh.get(id_, {})
            kept = [document for document in members.values() if document.id not in gone]
            if kept or id_ in stored:
                yield Change(id_, version, to_entry(kept) if kept else None)


def _holders(connection: Connection, index: str, documents: Iterable[str]) -> set[str]:
    """The entries that hold these documents."""
    holders: set[str] = set()
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
        holders |= {hit["_id"] for hit in answer["hits"]["hits"]}
    return holders


def _known(connection: Connection, index: str, ids: Sequence[str]) -> set[str]:
    """Those that are entries already, also of what was written a moment ago. Of a new record's none is."""
    known: set[str] = set()
    for some in _batches(ids, ASK_AT_ONCE):
        with connection.working() as client:
            answer = client.mget(index=index, ids=some, source=False, filter_path="docs.found,docs.error.type")
        known |= {id_ for id_, each in zip(some, answer["docs"], strict=True) if each.get("found")}
    return known


def versions(connection: Connection, index: str, ids: Sequence[str]) -> dict[str, int]:
    """Of those of these entries that are there."""
    by_id: dict[str, int] = {}
    for some in _batches(ids, ASK_AT_ONCE):
        with connection.working() as client:
            answer = client.mget(index=index, ids=some, source=False)
        by_id |= {each["_id"]: int(each["_version"]) for each in answer["docs"] if each.get("found")}
    return by_id


def _stored(connection: Connection, index: str, ids: Sequence[str]) -> dict[str, list[SearchDocument]]:
    """The documents in these entries."""
    if not ids:
        return {}
    with connection.working() as client:
        answer = client.mget(index=index, ids=list(ids), source_includes=_FIELDS)
    return {each["_id"]: _members(each["_source"]) for each in answer["docs"] if each.get("found")}


def _members(source: Any) -> list[SearchDocument]:
    """Of what somebody else wrote over our entry nothing is kept."""
    try:
        return members_of(source)
    except (IndexDamaged, AttributeError, KeyError, TypeError, ValueError):
        return []


def _batches(ids: Iterable[str], size: int = READ_AT_ONCE) -> Iterator[list[str]]:
    waiting = iter(ids)
    while batch := list(islice(waiting, size)):
        yield batch
