"""Everything that an index holds, read back: to tell what somebody changed behind our back
(`adapters.evidence.questions`).

An entry is what its documents give, to the last word: whatever of it somebody changed, it is not the same any more.
Whether these are the right documents, and all of them, only the events can say.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Any

import orjson

from adapters.evidence.questions import IndexEntry
from adapters.search.elastic.address import SearchAddress
from adapters.search.elastic.connection import Connection
from adapters.search.elastic.engine import ElasticSearch
from adapters.search.elastic.faults import IndexMissing
from adapters.search.elastic.indices import Indices
from adapters.search.elastic.mapping import POSITION, POSITION_FIELD, SEAL_FIELD, entry_id, members_of, to_entry
from domain.ports.search import SearchDocument
from domain.search.errors import IndexDamaged

AT_ONCE = 200
KEEP_ALIVE = "5m"


@dataclass(frozen=True)
class ElasticIndexPlace:
    """An `IndexPlace`: a server and the prefix of our indices on it."""

    address: SearchAddress

    def open(self) -> ElasticIndexRows:
        return ElasticIndexRows(Connection(self.address))


class ElasticIndexRows:
    """An `IndexEvidence`: the generation that serves. The connection becomes its own."""

    name = "elasticsearch"

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._engine = ElasticSearch(connection, Indices(connection))
        self._alias = Indices(connection).alias

    def renew(self) -> None:
        """What is named is looked up as it is now in any case."""

    def close(self) -> None:
        self._connection.close()

    def position(self) -> int | None:
        try:
            position = self._engine.located()
        except IndexMissing:
            return 0
        return position.value if position.sound else None

    def entries(self, part: int, parts: int) -> Iterator[IndexEntry]:
        """A snapshot of its own for each part."""
        try:
            yield from entries(self._connection, self._alias, part, parts)
        except IndexMissing:
            return

    def named(self, names: Collection[str]) -> Iterator[IndexEntry]:
        """Also what was written a moment ago, and cannot be searched yet."""
        asked = iter(sorted(names))
        while some := list(islice(asked, AT_ONCE)):
            try:
                with self._connection.working() as client:
                    answer = client.mget(index=self._alias, ids=some)
            except IndexMissing:
                return
            if any("error" in each for each in answer["docs"]):
                return  # of each of them: there is no such index
            yield from (_entry(each["_id"], each["_source"], read=True) for each in answer["docs"] if each["found"])

    def due(self, documents: Sequence[SearchDocument]) -> Iterator[IndexEntry]:
        for _, some in groupby(documents, key=lambda each: each.revision):
            members = tuple(some)
            name = entry_id(members[0].record, members[0].revision)
            yield IndexEntry(name, _content(to_entry(members)), members)


def entries(connection: Connection, index: str, part: int = 0, parts: int = 1) -> Iterator[IndexEntry]:
    """The entries of one moment, in no order; of so many parts that one. Raises `IndexMissing`."""
    with connection.working() as client:
        client.indices.refresh(index=index)  # the last writer may have died before it did
        snapshot = str(client.open_point_in_time(index=index, keep_alive=KEEP_ALIVE)["id"])
    behind: dict[str, Any] = {} if parts == 1 else {"slice": {"id": part, "max": parts}}
    try:
        while True:
            with connection.working() as client:
                answer = client.search(
                    pit={"id": snapshot, "keep_alive": KEEP_ALIVE},
                    sort=[{"_shard_doc": "asc"}],
                    size=AT_ONCE,
                    track_total_hits=False,
                    allow_partial_search_results=False,
                    **behind,
                )
            hits = answer["hits"]["hits"]
            pairs = ((hit["_id"], hit["_source"]) for hit in hits)
            yield from (_entry(*each) for each in pairs if not _is_position(*each))
            if len(hits) < AT_ONCE:
                return
            snapshot = answer["pit_id"]
            behind["search_after"] = hits[-1]["sort"]
    finally:
        with connection.working() as client:
            client.options(ignore_status=404).close_point_in_time(id=snapshot)


def _is_position(name: str, source: Any) -> bool:
    """Whether it holds the position and nothing else."""
    return name == POSITION and set(source) <= {POSITION_FIELD, SEAL_FIELD}


def _entry(name: str, source: Any, *, read: bool = False) -> IndexEntry:
    return IndexEntry(name, _content(source), _documents(name, source) if read else ())


def _documents(name: str, source: Any) -> tuple[SearchDocument, ...]:
    """Those of an entry that is what its documents give; else none."""
    try:
        documents = tuple(members_of(source))
        sound = name == entry_id(documents[0].record, documents[0].revision) and source == to_entry(documents)
    except (IndexDamaged, AttributeError, KeyError, TypeError, ValueError):  # a field of another type, or none
        return ()
    return documents if sound else ()


def _content(source: Any) -> bytes:
    try:
        return orjson.dumps(source, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # a number beyond 64 bits, half a character: none of ours
        return json.dumps(source, sort_keys=True).encode()
