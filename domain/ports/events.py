"""The event store: streams that only grow, and the order in which everything was stored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar
from uuid import UUID

from domain.event import Event, Json


class StoredRow(NamedTuple):
    """One event exactly as it lies in the store. ``position`` is the store's cursor (ascending, not dense)."""

    position: int
    id: UUID
    version: int
    topic: str
    state: bytes


NewEntry = tuple[int, bytes, int, bytes]
"""Position, id (16 bytes), version and entry (`domain.ledger.entry`) of an event."""


Act = tuple[int, str, str, Json]
"""Position, topic, stream (its key in the store: one for each stream, good for telling them apart) and attributes."""


Decided = TypeVar("Decided", bound=Sequence[Event])


class EventStore(Protocol):
    """Streams of events. A stream is an aggregate's id; versions in it are 1, 2, 3 …"""

    def append(self, events: Sequence[Event]) -> None:
        """Store all of them, or none, durably. Raises `VersionConflict` where a (stream, version) is taken."""
        ...

    def append_next(self, stream_id: UUID, decide: Callable[[int], Decided]) -> Decided:
        """Store, as `append` does, the events that ``decide`` makes of the stream's last version, and return them. For
        streams that many append to: nobody else appends between that version (0 for an unknown stream) and the events.

        ``decide`` continues the stream or returns nothing; where it raises, nothing is stored. Others wait for it, and
        it is asked again where somebody was quicker: it computes at once, and asks no store itself. Raises
        `VersionConflict` only where a place in *another* stream is taken, `ArchiveBusy` after waiting for too long.
        """
        ...

    def stream(self, stream_id: UUID, after: int = 0, limit: int | None = None) -> list[Event]:
        """The events of a stream with a version above ``after``, in order; empty for an unknown stream."""
        ...

    def last_version(self, stream_id: UUID) -> int:
        """The highest version in the stream, 0 for an unknown one."""
        ...

    def rows(self, after: int, limit: int) -> list[StoredRow]:
        """Rows behind position ``after``, in commit order: once a row was returned none will appear before it."""
        ...

    def entries(self, after: int, limit: int) -> list[NewEntry]:
        """Like `rows`, as what the ledger commits to; without the making of objects. Raises `InvalidEntry`."""
        ...

    def directory_rows(self, after: int, limit: int) -> list[StoredRow]:
        """Like `rows`, only those of the directory (`domain.organisations.events`)."""
        ...

    def rows_at(self, positions: Sequence[int]) -> list[StoredRow]:
        """The rows at these positions, in the order asked; those that are not there are left out."""
        ...

    def acts_at(self, positions: Sequence[int]) -> list[Act]:
        """Like `rows_at` and `attributes`, without the making of objects: for folds over very many events.

        Each position is asked for once. Raises `EventUnreadable`.
        """
        ...

    def stored(self, stream_id: UUID) -> list[StoredRow]:
        """The rows of a stream, in order."""
        ...

    def erasures(self, after: int, limit: int) -> list[StoredRow]:
        """Like `rows`, only proposals to erase, and their decisions (`domain.records.events.ERASURE_PREFIX`)."""
        ...

    def erase(self, stream_id: UUID, version: int, by: int) -> bool:
        """Put a tombstone in the place of an event's state, durably; False where there is one already.

        Raises `ErasureNotAnnounced` unless event ``by`` of the stream says that it erases this very state: so much
        the store itself sees to.
        """
        ...

    def head(self) -> int:
        """Position of the last row, 0 in an empty store."""
        ...

    def decode(self, row: StoredRow) -> Event:
        """The domain event of a stored row. Raises `EventUnreadable`."""
        ...

    def attributes(self, row: StoredRow) -> dict[str, Any]:
        """The attributes of a stored row's event as plain JSON, in the newest shape. Raises `EventUnreadable`."""
        ...
