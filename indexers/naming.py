"""What a stream of events is called by people."""

from __future__ import annotations

from uuid import UUID

from adapters.bootstrap import House
from domain.errors import JianzhengError
from domain.records.events import RecordErased, RecordFiled, Tombstone


def describe(house: House, stream: UUID) -> str | None:
    """The archival code of a record's stream, None for other streams and for what cannot be read."""
    try:
        first = house.events.stream(stream, limit=1)
        if first and isinstance(first[0], Tombstone):
            first = house.events.stream(stream, after=first[0].by - 1, limit=1)
    except JianzhengError:
        return None
    code = vars(first[0]).get("code") if first and isinstance(first[0], RecordFiled | RecordErased) else None
    return code if isinstance(code, str) else None  # a forged event may have anything or nothing there
