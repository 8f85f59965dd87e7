"""The ledger: who signs it, what its tables hold, what of it is public."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.ledger.tiles import Tile


class Signer(Protocol):
    """A key that signs notes (C2SP ``signed-note``), wherever it lies. ``name`` is the origin."""

    name: str

    def vkey(self) -> str:
        """Its public part: name, key hash and key, in one line without an end."""
        ...

    def sign(self, message: bytes) -> bytes:
        """The 64 bytes of an Ed25519 signature."""
        ...


@dataclass(frozen=True, slots=True)
class Leaf:
    index: int
    position: int  # of the row in the event store
    id: UUID
    version: int
    hash: bytes


class LedgerReader(Protocol):
    """What everything but the integrator needs of the ledger."""

    def size(self) -> int:
        """Number of leaves integrated."""
        ...

    def leaves(self, start: int, limit: int) -> list[Leaf]:
        """At most ``limit`` leaves from index ``start`` on, in order; fewer only at the end."""
        ...

    def leaf_of(self, stream_id: UUID, version: int) -> Leaf | None:
        """The leaf of an event, None while it is not integrated."""
        ...

    def leaves_of(self, stream_id: UUID) -> list[Leaf]:
        """Those of a stream's events that are integrated, in order of the versions."""
        ...

    def size_at(self, instant: datetime) -> int:
        """Tree size of the last batch integrated at or before the instant."""
        ...

    def batch_time(self, index: int) -> datetime | None:
        """When the batch that holds leaf ``index`` was integrated."""
        ...

    def root(self, size: int) -> bytes:
        """MTH (RFC 6962, 32 bytes) of the first ``size`` leaves; ``size`` is at most `size`."""
        ...

    def checkpoint(self) -> str:
        """The latest signed checkpoint, as published; raises `NotFound` before the first one."""
        ...


NewLeaf = tuple[int, bytes, int, bytes]
"""position, id (16 bytes), version, leaf hash"""


class LedgerTables(LedgerReader, Protocol):
    """What the integrator needs besides: only the holder of the ledger's lock writes."""

    def nodes(self, level: int, start: int, end: int) -> list[bytes]:
        """Hashes of a level, ``end`` excluded; level 0 are the leaves. Raises `DatabaseDamaged` if one is missing."""
        ...

    def range_hash(self, start: int, end: int) -> bytes:
        """MTH of the leaves ``start`` to ``end`` (excluded), as proofs need it."""
        ...

    def tracking(self) -> int:
        """The position in the event store up to which events are leaves."""
        ...

    def published(self) -> int:
        """The size of the last tree whose publication was completed."""
        ...

    def append(self, leaves: Sequence[NewLeaf], at: datetime) -> int:
        """Add a batch of leaves behind the last, in one durable transaction; returns the new size."""
        ...

    def record_checkpoint(self, size: int, note: str) -> None:
        """Keep a checkpoint for ever; its being here says that its publication was completed."""
        ...


class LedgerPublisher(Protocol):
    """The ledger's public files: tiles and bundles are created once, only the checkpoint is replaced."""

    def checkpoint(self) -> bytes:
        """The published checkpoint's bytes. Raises `NotFound` before the first one."""
        ...

    def read(self, tile: Tile) -> bytes | None:
        """A published tile or bundle, None where it is not there."""
        ...

    def write(self, files: Iterable[tuple[Tile, bytes]], fault: Callable[[str], None]) -> None:
        """Create them, durably; ``fault`` is called between steps. Those that are there already must be the same, or
        `PublishedBytesDiffer`."""
        ...

    def publish(self, note: str) -> None:
        """Replace the checkpoint: the moment at which the new leaves are public."""
        ...

    def drop_partials(self, full: Iterable[Tile]) -> None:
        """Remove the partial tiles of tiles that are full now."""
        ...
