"""The parts of an archive on servers: tables in PostgreSQL, files in a bucket. Each is loaded when it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from adapters.accounts.postgres import PostgresAccountStore
    from adapters.blobs.s3 import S3BlobStore
    from adapters.blobs.sealing.keys import BlobKeys
    from adapters.blobs.sealing.postgres import PostgresBlobKeys
    from adapters.erasures.postgres import PostgresErasureLog
    from adapters.events.postgres import PostgresEventStore
    from adapters.extraction.cache import BucketTextCache
    from adapters.figures.postgres import PostgresFiguresIndex
    from adapters.home.settings import Settings
    from adapters.ledger.guard import GuardedSigner
    from adapters.ledger.postgres import PostgresLedgerStore
    from adapters.ledger.publisher_s3 import S3Publisher
    from adapters.postgres.database import Database
    from adapters.queue.postgres import PostgresTextQueue
    from adapters.s3.client import Client
    from adapters.timestamps.s3 import S3Timestamps
    from adapters.witness.postgres import PostgresCosignatures
    from adapters.work.postgres import PostgresWorkLog
    from domain.ports.surroundings import Lock


@dataclass(frozen=True)
class DatabaseTables:
    """What is kept in tables, in one database that any number of machines share."""

    database: Database

    def events(self) -> PostgresEventStore:
        from adapters.events.postgres import PostgresEventStore

        return PostgresEventStore(self.database)

    def ledger(self) -> PostgresLedgerStore:
        from adapters.ledger.postgres import PostgresLedgerStore

        return PostgresLedgerStore(self.database)

    def lock(self, name: str) -> Lock:
        """One holder among all processes on all machines."""
        from adapters.postgres.locks import AdvisoryLock

        return AdvisoryLock(self.database, name)

    def leader(self, name: str) -> Lock | None:
        """For work that one process among all machines does at a time."""
        return self.lock(f"follow-{name}")

    def work(self) -> PostgresWorkLog:
        from adapters.work.postgres import PostgresWorkLog

        return PostgresWorkLog(self.database)

    def erasures(self) -> PostgresErasureLog:
        from adapters.erasures.postgres import PostgresErasureLog

        return PostgresErasureLog(self.database)

    def cosignatures(self) -> PostgresCosignatures:
        from adapters.witness.postgres import PostgresCosignatures

        return PostgresCosignatures(self.database)

    def queue(self) -> PostgresTextQueue:
        from adapters.queue.postgres import PostgresTextQueue

        return PostgresTextQueue(self.database)

    def figures(self) -> PostgresFiguresIndex:
        from adapters.figures.postgres import PostgresFiguresIndex

        return PostgresFiguresIndex(self.database)

    def accounts(self) -> PostgresAccountStore:
        from adapters.accounts.postgres import PostgresAccountStore

        return PostgresAccountStore(self.database)

    def blob_keys(self) -> PostgresBlobKeys:
        from adapters.blobs.sealing.postgres import PostgresBlobKeys

        return PostgresBlobKeys(self.database)


@dataclass(frozen=True)
class BucketFiles:
    """What is kept as objects of a bucket; ``database`` keeps filings and clean-ups of several machines apart."""

    settings: Settings
    bucket: Client
    database: Database | None

    def blobs(self, keys: BlobKeys, *, alone: bool = False) -> S3BlobStore:
        """``alone``: for one process that stages and keeps by itself, and nobody else has to find what it staged."""
        from adapters.blobs.s3 import S3BlobStore

        staging = self.settings.staging_folder
        if alone or self.database is None:  # one process, or one machine
            return S3BlobStore(self.bucket, staging, erasures=keys)
        from adapters.blobs.postgres_gate import PostgresGate

        return S3BlobStore(self.bucket, staging, shared=True, gate=PostgresGate(self.database), erasures=keys)

    def publisher(self, guard: GuardedSigner) -> S3Publisher:
        from adapters.ledger.publisher_s3 import S3Publisher

        return S3Publisher(self.bucket, lambda note: guard.opened(note) is not None)

    def timestamps(self) -> S3Timestamps:
        from adapters.timestamps.s3 import S3Timestamps

        return S3Timestamps(self.bucket)

    def texts(self) -> BucketTextCache:
        from adapters.extraction.cache import BucketTextCache

        return BucketTextCache(self.bucket)
