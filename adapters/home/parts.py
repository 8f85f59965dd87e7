"""Each part of an archive, from the settings: embedded, or on the server that they name.

Used by the composition root alone. Clients of servers are loaded where one is named.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from adapters.blobs.folder import FolderBlobStore
from adapters.blobs.sealing.keys import SQLiteBlobKeys
from adapters.disk.file_lock import LedgerLock
from adapters.events.sqlite import SQLiteEventStore
from adapters.home.settings import Settings
from adapters.ledger.publisher import Publisher
from adapters.ledger.store import LedgerStore
from adapters.servers import binding

if TYPE_CHECKING:
    from adapters.accounts.store import Accounts
    from adapters.blobs.sealing.inner import Inner
    from adapters.blobs.sealing.keys import BlobKeys
    from adapters.blobs.sealing.store import SealedBlobStore
    from adapters.erasures.log import ErasureLog
    from adapters.events.postgres import PostgresEventStore
    from adapters.evidence.questions import Evidence, IndexPlace, PublishedPlace, TablesPlace
    from adapters.extraction.cache import Texts
    from adapters.figures.index import FiguresTables
    from adapters.home.identity import Identity
    from adapters.keys.command import CommandSigner
    from adapters.keys.key_folder import SigningKeys
    from adapters.ledger.guard import GuardedSigner
    from adapters.ledger.postgres import PostgresLedgerStore
    from adapters.ledger.publisher_s3 import S3Publisher
    from adapters.postgres.database import Database, Link
    from adapters.queue.text_queue import QueueTables
    from adapters.s3.client import Client
    from adapters.search.elastic.connection import Connection
    from adapters.search.elastic.generations import ElasticGenerations
    from adapters.search.generations import SearchGenerations
    from adapters.servers.binding import Place
    from adapters.servers.breaker import Breaker
    from adapters.timestamps.folder import FolderTimestamps
    from adapters.timestamps.http import HttpAuthority
    from adapters.timestamps.s3 import S3Timestamps
    from adapters.witness.store import CosignatureStore
    from adapters.work.log import WorkLog
    from domain.ports.surroundings import Lock


@dataclass(frozen=True)
class Servers:
    """Connections that several parts share; opened by whoever first asks something, closed after all of them."""

    database: Database | None
    bucket: Client | None
    search: Connection | None = None

    def close(self) -> None:
        if self.search is not None:
            self.search.close()
        if self.bucket is not None:
            self.bucket.close()
        if self.database is not None:
            self.database.close()


def servers(settings: Settings) -> Servers:
    database, bucket, search = None, None, None
    if settings.database is not None:
        from adapters.postgres.database import Database

        database = Database(settings.database)
    if settings.bucket is not None:
        from adapters.s3.client import Client

        bucket = Client(settings.bucket)
    if settings.search is not None:
        from adapters.search.elastic.connection import Connection

        search = Connection(settings.search)
    return Servers(database, bucket, search)


def places(shared: Servers) -> list[Place]:
    """The servers that hold what must be this archive's. An index holds nothing of its own: `prefix`."""
    found: list[Place] = []
    if shared.database is not None:
        from adapters.postgres.binding import DatabasePlace

        found.append(DatabasePlace(shared.database))
    if shared.bucket is not None:
        from adapters.s3.binding import BucketPlace

        found.append(BucketPlace(shared.bucket))
    return found


def prefix(shared: Servers) -> Place | None:
    """Where the search server keeps this archive's index, and no other's."""
    if shared.search is None:
        return None
    from adapters.search.elastic.binding import PrefixPlace

    return PrefixPlace(shared.search)


def bind_prefix(shared: Servers, identity: Identity, keys: SigningKeys) -> None:
    """For an archive that is being made, which does not need its search server for that. Raises `PlaceInUse`."""
    search, place = shared.search, prefix(shared)
    if search is not None and place is not None:
        with binding.later(lambda: search.confirmation.expect(lambda: binding.confirm(place, identity, keys))):
            found = place.bound()
            if found is not None and found.origin != identity.origin:  # though nothing is in it yet
                raise binding.PlaceInUse(place=str(place))
            binding.bind_new([place], identity)


def confirm(shared: Servers, identity: Identity, keys: SigningKeys) -> None:
    """Have each server say that it is this archive's: now, or where it cannot be reached, before it is used."""
    if (database := shared.database) is not None:
        from adapters.postgres.binding import DatabaseLink

        def ask_database(link: Link) -> None:
            binding.confirm(DatabaseLink(link, database.address), identity, keys)

        with binding.later(lambda: database.confirmation.expect(ask_database)), database.connection() as link:
            ask_database(link)
    if (bucket := shared.bucket) is not None:
        from adapters.s3.binding import BucketPlace

        def ask_bucket(client: Client) -> None:
            binding.confirm(BucketPlace(client), identity, keys)

        with binding.later(lambda: bucket.confirmation.expect(lambda: ask_bucket(bucket))):
            ask_bucket(bucket.hurried())
    if (search := shared.search) is not None and (place := prefix(shared)) is not None:

        def ask_search() -> None:
            binding.confirm(place, identity, keys)

        with binding.later(lambda: search.confirmation.expect(ask_search)):
            ask_search()


def same_place(ours: Servers, theirs: Servers) -> bool:
    """Whether two addresses are names of one database, or of one bucket."""
    if ours.database is not None and theirs.database is not None:
        from adapters.postgres.binding import same_database

        if same_database(ours.database, theirs.database):
            return True
    if ours.bucket is not None and theirs.bucket is not None:
        from adapters.s3.binding import same_bucket

        return same_bucket(ours.bucket, theirs.bucket)
    return False


def keys(settings: Settings) -> SigningKeys:
    """What can sign on this machine: files of the key folder, and the operator's command."""
    from adapters.keys.key_folder import load_keys

    return load_keys(settings.keys_folder, sign_commands(settings))


def sign_commands(settings: Settings) -> list[CommandSigner]:
    """One for each key that the operator's command signs with."""
    from adapters.keys.command import CommandSigner

    return [CommandSigner(key, settings.sign_command) for key in settings.sign_keys]


def events(settings: Settings, shared: Servers) -> SQLiteEventStore | PostgresEventStore:
    if shared.database is None:
        return SQLiteEventStore(settings.events_file)
    from adapters.events.postgres import PostgresEventStore

    return PostgresEventStore(shared.database)


def ledger(settings: Settings, shared: Servers) -> LedgerStore | PostgresLedgerStore:
    if shared.database is None:
        return LedgerStore(settings.ledger_file)
    from adapters.ledger.postgres import PostgresLedgerStore

    return PostgresLedgerStore(shared.database)


def ledger_lock(settings: Settings, shared: Servers) -> Lock:
    if shared.database is None:
        return LedgerLock(settings.home / "ledger.lock")
    from adapters.ledger.postgres import ledger_lock

    return ledger_lock(shared.database)


def migration_lock(settings: Settings, shared: Servers) -> Lock:
    """One copy into these tables at a time."""
    if shared.database is None:
        return LedgerLock(settings.home / "migrate-tables.lock")
    from adapters.postgres.locks import AdvisoryLock

    return AdvisoryLock(shared.database, "migrate")


def leader(shared: Servers, name: str) -> Lock | None:
    """For work that one process among all machines does at a time. None: an embedded archive's folder settles it."""
    if shared.database is None:
        return None
    from adapters.postgres.locks import AdvisoryLock

    return AdvisoryLock(shared.database, f"follow-{name}")


def timetable_lock(settings: Settings, shared: Servers) -> Lock:
    """Held by the one process, of all that share an archive, that does what the clock says."""
    if shared.database is None:
        return LedgerLock(settings.home / "timetable.lock")
    from adapters.postgres.locks import AdvisoryLock

    return AdvisoryLock(shared.database, "timetable")


def work(settings: Settings, shared: Servers) -> WorkLog:
    if shared.database is None:
        from adapters.work.log import SQLiteWorkLog

        return SQLiteWorkLog(settings.views_file)
    from adapters.work.postgres import PostgresWorkLog

    return PostgresWorkLog(shared.database)


def erasures(settings: Settings, shared: Servers) -> ErasureLog:
    """What is left to be done of erasures."""
    if shared.database is None:
        from adapters.erasures.log import SQLiteErasureLog

        return SQLiteErasureLog(settings.views_file)
    from adapters.erasures.postgres import PostgresErasureLog

    return PostgresErasureLog(shared.database)


def cosignatures(settings: Settings, shared: Servers) -> CosignatureStore:
    """What witnesses said."""
    if shared.database is None:
        from adapters.witness.store import SQLiteCosignatures

        return SQLiteCosignatures(settings.home / "witnesses.sqlite")
    from adapters.witness.postgres import PostgresCosignatures

    return PostgresCosignatures(shared.database)


def publisher(settings: Settings, shared: Servers, guard: GuardedSigner) -> Publisher | S3Publisher:
    if shared.bucket is None:
        return Publisher(settings.ledger_folder, settings.home / "publishing")
    from adapters.ledger.publisher_s3 import S3Publisher

    return S3Publisher(shared.bucket, lambda note: guard.opened(note) is not None)


def timestamps(settings: Settings, shared: Servers) -> FolderTimestamps | S3Timestamps:
    """Where time stamps of checkpoints are kept."""
    if shared.bucket is None:
        from adapters.timestamps.folder import FolderTimestamps

        return FolderTimestamps(settings.ledger_folder, settings.home / "stamping")
    from adapters.timestamps.s3 import S3Timestamps

    return S3Timestamps(shared.bucket)


def timestamp_lock(settings: Settings, shared: Servers) -> Lock:
    """One process at a time asks for time stamps and keeps them."""
    if shared.database is None:
        return LedgerLock(settings.home / "timestamp.lock")
    from adapters.postgres.locks import AdvisoryLock

    return AdvisoryLock(shared.database, "timestamp")


def authorities(settings: Settings) -> list[HttpAuthority]:
    """The time-stamping authorities that are asked."""
    from adapters.timestamps.http import HttpAuthority

    return [HttpAuthority(each, settings.roots_of(each.name)) for each in settings.timestamp_authorities]


def evidence(settings: Settings) -> Evidence:
    """What the forensic check opens for itself, in as many processes as it takes."""
    from adapters.evidence.questions import Evidence

    return Evidence(_tables(settings), _published(settings))


def _tables(settings: Settings) -> TablesPlace:
    if settings.database is None:
        from adapters.evidence.sqlite import SQLiteTables

        return SQLiteTables(settings.events_file, settings.ledger_file)
    from adapters.evidence.postgres import PostgresTables

    return PostgresTables(settings.database)


def _published(settings: Settings) -> PublishedPlace:
    if settings.bucket is None:
        from adapters.evidence.sqlite import PublishedFolder

        return PublishedFolder(settings.ledger_folder)
    from adapters.evidence.published_s3 import PublishedBucket

    return PublishedBucket(settings.bucket)


def index(settings: Settings) -> IndexPlace:
    """Where the forensic check finds what the search index holds."""
    if settings.search is None:
        from adapters.search.inspection import EmbeddedIndexPlace

        return EmbeddedIndexPlace(settings.index_folder)
    from adapters.search.elastic.inspection import ElasticIndexPlace

    return ElasticIndexPlace(settings.search)


def blobs(settings: Settings, shared: Servers) -> SealedBlobStore:
    """The files. What is sealed, or was erased, may become known at any time by another process or machine: so the
    sealing stands before every store, and asks nothing of it where there is no key."""
    keys = blob_keys(settings, shared)
    if shared.bucket is None:
        store = FolderBlobStore(settings.blobs_folder, settings.staging_folder, erasures=keys)
        return _sealed(settings, store, keys)
    from adapters.blobs.s3 import S3BlobStore

    if shared.database is None:  # one machine
        return _sealed(settings, S3BlobStore(shared.bucket, settings.staging_folder, erasures=keys), keys)
    from adapters.blobs.postgres_gate import PostgresGate

    gate = PostgresGate(shared.database)
    bucket = S3BlobStore(shared.bucket, settings.staging_folder, shared=True, gate=gate, erasures=keys)
    return _sealed(settings, bucket, keys)


def private_blobs(settings: Settings, shared: Servers) -> SealedBlobStore:
    """The same for one process that stages and keeps by itself: nobody else has to find what it staged."""
    keys = blob_keys(settings, shared)
    if shared.bucket is None:
        store = FolderBlobStore(settings.blobs_folder, settings.staging_folder, erasures=keys)
        return _sealed(settings, store, keys)
    from adapters.blobs.s3 import S3BlobStore

    return _sealed(settings, S3BlobStore(shared.bucket, settings.staging_folder, erasures=keys), keys)


def _sealed(settings: Settings, store: Inner, keys: BlobKeys) -> SealedBlobStore:
    from adapters.blobs.sealing.store import SealedBlobStore

    return SealedBlobStore(store, keys, sealing=settings.sealing)


def blob_keys(settings: Settings, shared: Servers) -> BlobKeys:
    """The keys of sealed files, and the memory of those that were erased."""
    if shared.database is None:
        return SQLiteBlobKeys(settings.blob_keys_file)
    from adapters.blobs.sealing.postgres import PostgresBlobKeys

    return PostgresBlobKeys(shared.database)


def texts(settings: Settings, shared: Servers) -> Texts:
    from adapters.extraction.cache import BucketTextCache, TextCache

    return TextCache(settings.text_folder) if shared.bucket is None else BucketTextCache(shared.bucket)


def engine(settings: Settings, shared: Servers) -> SearchGenerations | ElasticGenerations:
    if shared.search is None:
        from adapters.search.generations import SearchGenerations

        return SearchGenerations(settings.index_folder)
    from adapters.search.elastic.generations import ElasticGenerations

    return ElasticGenerations(shared.search, _rebuild_lock(settings, shared))


def breakers(shared: Servers, engine: SearchGenerations | ElasticGenerations) -> list[Breaker]:
    """One for each server that the settings name."""
    found = [each.breaker for each in (shared.database, shared.bucket) if each is not None]
    breaker: Breaker | None = getattr(engine, "breaker", None)  # the embedded engine has none
    return found if breaker is None else [*found, breaker]


def _rebuild_lock(settings: Settings, shared: Servers) -> Lock:
    if shared.database is None:
        return LedgerLock(settings.index_folder / "rebuild.lock")
    from adapters.postgres.locks import AdvisoryLock

    return AdvisoryLock(shared.database, "index")


def queue(settings: Settings, shared: Servers) -> QueueTables:
    if shared.database is None:
        from adapters.queue.text_queue import TextQueue

        return TextQueue(settings.views_file)
    from adapters.queue.postgres import PostgresTextQueue

    return PostgresTextQueue(shared.database)


def figures(settings: Settings, shared: Servers) -> FiguresTables:
    if shared.database is None:
        from adapters.figures.index import FiguresIndex

        return FiguresIndex(settings.views_file)
    from adapters.figures.postgres import PostgresFiguresIndex

    return PostgresFiguresIndex(shared.database)


def accounts(settings: Settings, shared: Servers) -> Accounts:
    if shared.database is None:
        from adapters.accounts.store import AccountStore

        return AccountStore(settings.accounts_file)
    from adapters.accounts.postgres import PostgresAccountStore

    return PostgresAccountStore(shared.database)
