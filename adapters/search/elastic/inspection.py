"""Everything that an index holds, read back: to tell what somebody changed behind our back.

An entry is *sound* when it is what its documents give. Whether these are the right ones, and all of them, only the
events can say.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from adapters.search.elastic.connection import Connection
from adapters.search.elastic.mapping import POSITION, entry_id, members_of, to_entry
from domain.errors import IndexDamaged
from domain.ports import SearchDocument

AT_ONCE = 200
KEEP_ALIVE = "5m"


class Entry(NamedTuple):
    id: str
    documents: tuple[SearchDocument, ...]
    sound: bool


def entries(connection: Connection, index: str) -> Iterator[Entry]:
    """All entries of one moment, in no order."""
    with connection.working() as client:
        snapshot = str(client.open_point_in_time(index=index, keep_alive=KEEP_ALIVE)["id"])
    behind: dict[str, Any] = {}
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
            yield from (_entry(hit) for hit in hits if hit["_id"] != POSITION)
            if len(hits) < AT_ONCE:
                return
            snapshot, behind = answer["pit_id"], {"search_after": hits[-1]["sort"]}
    finally:
        with connection.working() as client:
            client.options(ignore_status=404).close_point_in_time(id=snapshot)


def _entry(hit: Any) -> Entry:
    source = hit["_source"]
    try:
        documents = tuple(members_of(source))
        sound = hit["_id"] == entry_id(documents[0].record, documents[0].revision) and source == to_entry(documents)
    except (IndexDamaged, AttributeError, KeyError, TypeError, ValueError):  # a field of another type, or none
        return Entry(hit["_id"], (), False)
    return Entry(hit["_id"], documents, sound)
