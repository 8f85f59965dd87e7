"""What is left of the stored state of an event that was lawfully erased.

The **tombstone** takes the place of the state's bytes: canonical JSON ``{"erased":{"by":N,"state":H}}``, where ``N`` is
the version, in the same stream, of the event that erased it, and ``H`` the SHA-256 of the bytes that were there. The
entry of the event is made with ``H``, so that its leaf, and the tree, stay what they were. The format is for ever.

That a row is a tombstone shows nothing by itself: whoever can write to the database can make one. It is lawful where
the event ``N`` names that version with that digest (`domain.records.erasure`).
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import NamedTuple

PREFIX = b'{"erased":{"by":'
"""No other state begins with it: every event's own begins with the time of its recording."""

_FORM = re.compile(rb'\{"erased":\{"by":([1-9][0-9]{0,15}),"state":"([0-9a-f]{64})"\}\}')


class Erased(NamedTuple):
    """``by``: version of the event that erased it; ``state``: hexadecimal SHA-256 of the state that was there."""

    by: int
    state: str


def tombstone(by: int, state: str) -> bytes:
    """The bytes that take the place of a state with that digest."""
    return b'{"erased":{"by":%d,"state":"%b"}}' % (by, state.encode("ascii"))


def read_tombstone(state: bytes) -> Erased | None:
    """What a tombstone says; None for whatever is not one to the byte."""
    if not state.startswith(PREFIX) or (match := _FORM.fullmatch(state)) is None:
        return None
    return Erased(int(match[1]), match[2].decode("ascii"))


def state_digest(state: bytes) -> str:
    """What the entry of an event commits to: the digest of its state, or of the state that a tombstone stands for."""
    erased = read_tombstone(state) if state.startswith(PREFIX) else None
    return sha256(state).hexdigest() if erased is None else erased.state
