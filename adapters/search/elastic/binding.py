"""Whose index prefix it is (`adapters.servers.binding`): one document in an index of its own, beside the generations.

An index is a view, and holds nothing that could be lost; but two archives that write into one would each show the
other's records, and each take the other's position for its own. So a prefix is an archive's like its database.
"""

from __future__ import annotations

from typing import Any

from elasticsearch import BadRequestError

from adapters.search.elastic.connection import Connection
from adapters.search.elastic.faults import types_of
from adapters.search.elastic.mapping import POSITION, POSITION_FIELD
from adapters.servers.binding import Bound, PlaceInUse
from domain.search.errors import IndexDamaged

NAME = "archive"
"""Of the index, behind the prefix, and of its one document."""

_TEXT = {"type": "keyword", "index": False, "doc_values": False}
_MAPPING = {
    "dynamic": "strict",
    "properties": {**dict.fromkeys(("origin", "created", "name"), _TEXT), "whole": {"type": "boolean"}},
}
_CONFLICT = 409
_LOOK = 20  # entries: more than there are generations, each of which has a position


class PrefixPlace:
    """A `Place`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._index = f"{connection.address.prefix}-{NAME}"
        self._generations = f"{connection.address.prefix}-format-*"

    def __str__(self) -> str:
        return str(self._connection.address)

    def bound(self) -> Bound | None:
        entry = self._entry()
        source = entry.get("_source")
        if source is None:
            return None
        try:
            facts = {name: source[name] for name in ("origin", "created", "name")}
            if not all(isinstance(text, str) for text in facts.values()) or not isinstance(source["whole"], bool):
                raise ValueError
        except (KeyError, TypeError, ValueError):
            raise IndexDamaged(detail=self._index) from None
        return Bound(**facts, whole=source["whole"])

    def bind(self, bound: Bound) -> None:
        """Raises `PlaceInUse` where somebody else does so at the same time."""
        self._create()
        entry = self._entry()
        place: dict[str, Any] = {"op_type": "create"}
        if "_source" in entry:
            place = {"if_seq_no": entry["_seq_no"], "if_primary_term": entry["_primary_term"]}
        with self._connection.working() as client:
            answer = client.options(ignore_status=_CONFLICT).index(
                index=self._index, id=NAME, document=vars(bound), **place
            )
        if "error" in answer and self.bound() != bound:  # else it was ours, and the answer was lost
            raise PlaceInUse(place=str(self))

    def empty(self) -> bool:
        """No generation has taken anything in."""
        with self._connection.working() as client:
            client.indices.refresh(index=self._generations)  # the last writer may have died before it did
            answer = client.search(index=self._generations, size=_LOOK, source_includes=[POSITION_FIELD])
        hits = answer["hits"]["hits"]
        return all(hit["_id"] == POSITION and not hit["_source"].get(POSITION_FIELD) for hit in hits)

    def vacant(self) -> bool:
        return self.bound() is None and self.empty()

    def checkpoint(self) -> str | None:
        """An index has none."""
        return None

    def _entry(self) -> Any:
        with self._connection.glancing() as client:
            return client.options(ignore_status=404).get(index=self._index, id=NAME)

    def _create(self) -> None:
        with self._connection.working() as client:
            try:
                client.indices.create(
                    index=self._index,
                    mappings=_MAPPING,
                    settings={"number_of_shards": 1, "auto_expand_replicas": "0-1"},
                )
            except BadRequestError as error:
                if "resource_already_exists_exception" not in types_of(error.body):
                    raise
