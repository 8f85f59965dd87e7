"""Clean-up: remove what interrupted filings left behind — files that were kept and that no event names."""

from __future__ import annotations

from domain.ports.blobs import BlobStore
from domain.ports.events import EventStore
from domain.streams import files_named

BATCH = 2_000


def clean_up(events: EventStore, blobs: BlobStore) -> list[str]:
    """Digests of the files that were removed. Raises `EventUnreadable`: who cannot read all must not remove any.

    All events are read before filings are held up; while they wait only those that came meanwhile are.
    """
    left = blobs.leftovers()
    if not left:
        return []
    named, position = _named(events, left, 0)

    def referenced(digests: set[str]) -> set[str]:
        since, _ = _named(events, digests & left, position)
        new = digests - left
        return (digests & named) | since | (_named(events, new, 0)[0] if new else set())

    return blobs.clean_up(referenced)


def _named(events: EventStore, digests: set[str], position: int) -> tuple[set[str], int]:
    """Those of ``digests`` that an event behind ``position`` names, and the position of the last event."""
    named: set[str] = set()
    while rows := events.rows(position, BATCH):
        for row in rows:
            files = files_named(events.decode(row))
            named.update(digest for file in files if (digest := file["sha256"]) in digests)
        position = rows[-1].position
    return named, position
