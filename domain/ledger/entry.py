"""From a stored event to a leaf of the ledger.

The **entry** is what the ledger commits to: canonical JSON ``{"id","state","topic","v","version"}``, where ``state``
is the SHA-256 of the event's state *as stored*. It is never decoded and encoded again. Of a state that was erased the
digest stays (`domain.ledger.tombstone`). The format is for ever: a change of it takes a new ``v``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import lru_cache
from hashlib import sha256
from struct import Struct
from typing import NamedTuple
from uuid import UUID

from domain.ledger.canonical import canonical
from domain.ledger.errors import InvalidEntry
from domain.ledger.tombstone import PREFIX, state_digest

ENTRY_FORMAT = 1
"""The member ``v``."""

MAX_ENTRY = 65_535
"""An entry bundle gives the length of an entry in two bytes."""

MAX_TOPIC = 1_000
"""Characters: even at six bytes for each, the entry stays far below `MAX_ENTRY`."""


class EntryFields(NamedTuple):
    """What an entry says."""

    id: UUID
    version: int
    topic: str
    state: str  # hex SHA-256


@lru_cache(maxsize=4096)
def _topic(topic: str) -> str:
    """The topic as canonical JSON; an archive has a few dozen of them."""
    if len(topic) > MAX_TOPIC:
        raise InvalidEntry("主题名太长", "its topic is too long")
    return canonical(topic).decode()


def entry(event_id: UUID, version: int, topic: str, state: bytes) -> bytes:
    """The entry of a stored event. Raises `InvalidEntry` for a topic of more than `MAX_TOPIC` characters."""
    return entry_of_digest(event_id, version, topic, state_digest(state))


def entry_of_digest(event_id: UUID, version: int, topic: str, digest: str) -> bytes:
    """The same by the digest of the state.

    Written out by hand because it runs once for each event of a million; a test holds it equal to `canonical`.
    """
    return f'{{"id":"{event_id}","state":"{digest}","topic":{_topic(topic)},"v":1,"version":{version}}}'.encode()


def entry_of_hex(hex_id: str, version: int, topic: str, state: bytes) -> bytes:
    """The same from an id of 32 hexadecimal digits, which spares the making of a UUID."""
    h, digest = hex_id, state_digest(state)
    return (
        f'{{"id":"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}","state":"{digest}",'
        f'"topic":{_topic(topic)},"v":1,"version":{version}}}'
    ).encode()


def entries_of(rows: Iterable[tuple[int, str, int, str, bytes]]) -> list[bytes]:
    """`entry_of_hex` of many rows ``(position, id, version, topic, state)``, several times as fast.

    Stricter: raises `ValueError` or `TypeError` for a column that is not of an event's type.
    """
    _, ids, versions, topics, states = zip(*rows, strict=True)
    names = {topic: _topic(topic).encode() for topic in {*topics}}
    if {*map(len, ids)} != {_HEX_ID.size} or {*map(type, versions)} != {int}:
        raise ValueError("an id has not 32 digits, or a version is no integer")
    digests = [sha256(state).hexdigest().encode() for state in states]
    for at, state in enumerate(states):
        if state.startswith(PREFIX):
            digests[at] = state_digest(state).encode()
    return [
        b'{"id":"%b-%b-%b-%b-%b","state":"%b","topic":%b,"v":1,"version":%d}'
        % (a, b, c, d, e, digest, names[topic], version)
        for (a, b, c, d, e), digest, topic, version in zip(
            _HEX_ID.iter_unpack("".join(ids).encode("ascii")), digests, topics, versions, strict=True
        )
    ]


_HEX_ID = Struct("8s4s4s4s12s")
_STATE = re.compile(r"[0-9a-f]{64}")


def read_entry(data: bytes) -> EntryFields:
    """What the bytes of an entry say. Raises `InvalidEntry` where they are not an entry to the byte."""
    try:
        value = json.loads(data)
        fields = EntryFields(UUID(value["id"]), value["version"], value["topic"], value["state"])
        sound = canonical(value) == data and value["v"] == ENTRY_FORMAT and len(value) == len(EntryFields._fields) + 1
        sound = sound and str(fields.id) == value["id"] and _STATE.fullmatch(fields.state) is not None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        sound = False
    if not sound or type(fields.version) is not int or not isinstance(fields.topic, str):
        raise InvalidEntry("格式不对", "it is not in the entry format")
    return fields
