"""What happened to the keys of the ledger: each act is an event, and carries a note that the keys themselves signed.

The notes make the history of the keys independent of whoever administers the database: an event that no key in force
has signed changes nothing. ``size`` is the tree size of the last checkpoint signed before the act: it counts for every
larger one.
"""

from __future__ import annotations

from uuid import UUID

from domain.event import Event, event, stream_id


class KeyEvent(Event):
    """Base of everything the history of a ledger's keys is folded from."""

    origin: str
    size: int
    note: str


@event("jianzheng:ledger.key-rotated")
class KeyRotated(KeyEvent):
    """From now on ``new`` signs as well; ``old`` and ``new`` signed the note."""

    origin: str
    size: int
    old: str
    new: str
    note: str


@event("jianzheng:ledger.key-retired")
class KeyRetired(KeyEvent):
    """From now on ``key`` signs no more; another key in force signed the note."""

    origin: str
    size: int
    key: str
    reason: str
    note: str


@event("jianzheng:ledger.key-succeeded")
class KeySucceeded(KeyEvent):
    """All keys in force, ``lost``, are gone and could sign nothing; ``new``, which alone signed the note, is in their
    place. Nobody need believe it who does not learn of it in another way."""

    origin: str
    size: int
    lost: list[str]
    new: str
    reason: str
    note: str


def keys_stream(origin: str) -> UUID:
    """The stream of the acts on one ledger's keys."""
    return stream_id("ledger-keys", origin)
