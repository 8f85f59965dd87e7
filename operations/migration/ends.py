"""The two ends of a copy: what is read of the one and written into the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from adapters.blobs.sealing.keys import BlobKeys
from adapters.evidence.questions import PublishedPlace
from adapters.extraction.cache import Texts
from adapters.home import parts
from adapters.home.house import House
from adapters.home.settings import Settings
from adapters.queue.text_queue import QueueTables
from adapters.witness.store import CosignatureStore
from adapters.work.log import WorkLog
from domain.ledger.timestamps import TimestampStore
from domain.ports.blobs import BlobStore
from domain.ports.ledger import LedgerPublisher
from domain.ports.surroundings import Lock

if TYPE_CHECKING:
    from adapters.accounts.store import Accounts
    from adapters.events.postgres import PostgresEventStore
    from adapters.events.sqlite import SQLiteEventStore
    from adapters.ledger.postgres import PostgresLedgerStore
    from adapters.ledger.store import LedgerStore


@dataclass(frozen=True)
class End:
    """``accounts`` are opened where they are copied: to open them makes them."""

    settings: Settings
    events: SQLiteEventStore | PostgresEventStore
    ledger: LedgerStore | PostgresLedgerStore
    ledger_lock: Lock
    publisher: LedgerPublisher
    published: PublishedPlace
    stamps: TimestampStore
    blobs: BlobStore
    blob_keys: BlobKeys
    texts: Texts
    queue: QueueTables
    work: WorkLog
    cosignatures: CosignatureStore
    accounts: Callable[[], Accounts]


def source_of(house: House) -> End:
    """An archive that is copied."""
    return _end(house, house.blobs)


def target_of(house: House) -> End:
    """An archive that comes to be: nobody else stages files there."""
    return _end(house, parts.blobs(house.settings, house.servers, alone=True))


def _end(house: House, blobs: BlobStore) -> End:
    settings, servers = house.settings, house.servers
    return End(
        settings=settings,
        events=house.events,
        ledger=house.ledger,
        ledger_lock=house.ledger_lock,
        publisher=house.publisher,
        published=parts.evidence(settings).published,
        stamps=parts.files(settings, servers).timestamps(),
        blobs=blobs,
        blob_keys=parts.tables(settings, servers).blob_keys(),
        texts=house.texts,
        queue=house.queue,
        work=house.work,
        cosignatures=house.cosignatures,
        accounts=lambda: house.accounts,
    )
