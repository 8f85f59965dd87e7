"""Clean-up: remove what interrupted filings left behind — files that were kept and that no event names."""

from __future__ import annotations

from adapters.bootstrap import House
from domain.records.events import FilesAttached, RecordCorrected, RecordFiled

BATCH = 2_000


def clean_up(house: House) -> list[str]:
    """Digests of the files that were removed. Raises `EventUnreadable`: who cannot read all must not remove any."""
    return house.blobs.clean_up(lambda digests: referenced(house, digests))


def referenced(house: House, digests: set[str]) -> set[str]:
    """Those of ``digests`` that some event names. Reads all events: a file is removed only on complete knowledge."""
    found: set[str] = set()
    position = 0
    while rows := house.events.rows(position, BATCH):
        for row in rows:
            event = house.events.decode(row)
            if isinstance(event, RecordFiled | FilesAttached | RecordCorrected):
                found.update(digest for file in event.files if (digest := file["sha256"]) in digests)
        position = rows[-1].position
    return found
