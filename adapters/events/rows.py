"""What lies in a row of the event store, whichever database holds it: written here, and read here.

The bytes of an event's state are the same everywhere: the ledger's entries are made of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, cast
from uuid import UUID

from eventsourcing.persistence import Mapper, StoredEvent

from adapters.events.transcoding import PlainJSONTranscoder, decode, encode
from domain.errors import EventUnreadable
from domain.event import Event
from domain.ledger.entry import entries_of, entry
from domain.ledger.tombstone import PREFIX, read_tombstone
from domain.ports.events import Act, NewEntry, StoredRow
from domain.records.events import Tombstone
from domain.streams import KINDS, TOPICS, Undeclared

ID_SIZE = 16
"""Bytes of a stream's id."""

NewRow = tuple[UUID, int, str, bytes]
"""originator id, originator version, topic, state"""

_mapper: Mapper[UUID] = Mapper(PlainJSONTranscoder())


def new_row(event: Event) -> NewRow:
    """What `Mapper.to_stored_event` makes of an event, without the objects in between: an import feels them.

    Raises `domain.streams.Undeclared` for an event that no subject declares: it could not be read again.
    """
    if type(event) not in KINDS:
        raise Undeclared(f"no subject in domain/streams.py declares {type(event).__qualname__}")
    state = dict(vars(event))
    stream, version = state.pop("originator_id"), state.pop("originator_version")
    if event.class_version > 1:
        state["class_version"] = event.class_version
    return stream, version, event.TOPIC, encode(state)


def event_of(stored: StoredEvent) -> Event:
    """The domain event of a stored one, a `Tombstone` where its state was erased. Raises `EventUnreadable`."""
    where = f"{stored.originator_id}/{stored.originator_version}"
    try:
        if stored.state.startswith(PREFIX):
            return _tombstone(stored)
        if stored.topic not in TOPICS:  # the library would import whatever module a topic names
            raise TypeError(f"{stored.topic} is no event")
        event = _mapper.to_domain_event(stored)
    # Whatever an edited row makes the library stumble over, the reader is told which row it is.
    except Exception as e:
        raise EventUnreadable(what=where, why=str(e)) from e
    return cast("Event", event)


def _tombstone(stored: StoredEvent) -> Tombstone:
    erased = read_tombstone(stored.state)
    if erased is None:
        raise ValueError("it begins like a tombstone and is none")
    return Tombstone(
        originator_id=UUID(str(stored.originator_id)),
        originator_version=stored.originator_version,
        topic=stored.topic,
        by=erased.by,
        state=erased.state,
    )


def new_entries(rows: Sequence[tuple[int, str, int, str, bytes]]) -> list[NewEntry]:
    """`domain.ports.events.EventStore.entries` of rows as a database gives them, ids in 32 hexadecimal digits.

    Raises `TypeError`, `ValueError` or `AttributeError` for a column that is not of an event's type.
    """
    if not rows:
        return []
    positions, ids, versions, *_ = zip(*rows, strict=True)
    digits = "".join(ids)
    together = bytes.fromhex(digits)
    if together.hex() != digits:
        raise ValueError("an id is written in another way than ours")
    keys = (together[at : at + ID_SIZE] for at in range(0, len(together), ID_SIZE))
    return list(zip(positions, keys, versions, entries_of(rows), strict=True))


def entries_in(rows: Iterable[StoredRow]) -> list[NewEntry]:
    """The same of rows that were read already."""
    return [(row.position, row.id.bytes, row.version, entry(row.id, row.version, row.topic, row.state)) for row in rows]


def decoded(row: StoredRow) -> Event:
    """The domain event of a row, a `Tombstone` where its state was erased. Raises `EventUnreadable`."""
    return event_of(StoredEvent(row.id, row.version, row.topic, row.state))


def attributes_of(row: StoredRow) -> dict[str, Any]:
    """The attributes of a row's event as plain JSON, in the newest shape: of an erased one those of its tombstone.

    Raises `EventUnreadable`.
    """
    try:
        return attributes(row.topic, row.state)
    # Whatever an edited row makes the decoder stumble over, the reader is told which row it is.
    except Exception as e:
        raise EventUnreadable(what=f"{row.id}/{row.version}", why=str(e)) from e


def attributes(topic: str, state: bytes) -> dict[str, Any]:
    """The same for those who name the row themselves: raises whatever comes."""
    fields: dict[str, Any] = decode(state)
    newest = _class_version(topic)
    if newest > 1 and not state.startswith(PREFIX):
        for version in range(fields.pop("class_version", 1), newest):
            getattr(TOPICS[topic].event, f"upcast_v{version}_v{version + 1}")(fields)
    if not isinstance(fields, dict):
        raise TypeError("the state is no JSON object")
    return fields


def acts(rows: Sequence[tuple[int, str, str, bytes]], positions: Sequence[int]) -> list[Act]:
    """Rows (position, topic, stream, state) as acts, in the order in which the positions were asked for.

    Without a sorter databases give rows as they were asked for; that is their habit, no promise, so it is checked.
    Raises whatever comes.
    """
    if [row[0] for row in rows] != list(positions):
        place = {position: n for n, position in enumerate(positions)}
        rows = sorted(rows, key=lambda row: place[row[0]])
    return [(position, topic, stream, attributes(topic, state)) for position, topic, stream, state in rows]


@cache
def _class_version(topic: str) -> int:
    """The newest version of an event's shape."""
    return TOPICS[topic].event.class_version
