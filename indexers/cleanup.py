"""Clean-up: remove what interrupted filings left behind — files that were kept and that no event names."""

from __future__ import annotations

from adapters.bootstrap import House
from domain.streams import files_named

BATCH = 2_000


def clean_up(house: House) -> list[str]:
    """Digests of the files that were removed. Raises `EventUnreadable`: who cannot read all must not remove any.

    All events are read before filings are held up; while they wait only those that came meanwhile are.
    """
    left = house.blobs.leftovers()
    if not left:
        return []
    named, position = _named(house, left, 0)

    def referenced(digests: set[str]) -> set[str]:
        since, _ = _named(house, digests & left, position)
        new = digests - left
        return (digests & named) | since | (_named(house, new, 0)[0] if new else set())

    return house.blobs.clean_up(referenced)


def _named(house: House, digests: set[str], position: int) -> tuple[set[str], int]:
    """Those of ``digests`` that an event behind ``position`` names, and the position of the last event."""
    found: set[str] = set()
    while rows := house.events.rows(position, BATCH):
        for row in rows:
            files = files_named(house.events.decode(row))
            found.update(digest for file in files if (digest := file["sha256"]) in digests)
        position = rows[-1].position
    return found, position
