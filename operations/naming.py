"""What a stream of events is called by people."""

from __future__ import annotations

from uuid import UUID

from domain.errors import JianzhengError
from domain.ports.events import EventStore
from domain.records.codes import Entered, parse, register_id
from domain.records.events import Tombstone
from domain.streams import KINDS


def describe(events: EventStore, stream: UUID) -> str | None:
    """The archival code of a record's stream, None for other streams and for what cannot be read.

    A code is taken only where the register has the record under it: an event that was written over may name any.
    """
    try:
        first = events.stream(stream, limit=1)
        if first and isinstance(first[0], Tombstone):
            first = events.stream(stream, after=first[0].by - 1, limit=1)
        kind = KINDS.get(type(first[0])) if first else None
        code = vars(first[0]).get("code") if kind is not None and kind.coded else None
        parsed = parse(code) if isinstance(code, str) else None  # a forged event may have anything or nothing there
        if parsed is None:
            return None
        organisation, year, number = parsed
        entry = events.stream(register_id(organisation, year), after=number - 1, limit=1)
    except JianzhengError:
        return None
    named = bool(entry) and isinstance(entry[0], Entered) and entry[0].record == str(stream)
    return code if named else None
