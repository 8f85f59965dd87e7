"""The parts of an archive that is one folder: SQLite files, and files beside them. Each is loaded when asked for."""

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

if TYPE_CHECKING:
    from adapters.accounts.sqlite import AccountStore
    from adapters.blobs.sealing.keys import BlobKeys
    from adapters.erasures.log import SQLiteErasureLog
    from adapters.evidence.sqlite import PublishedFolder, SQLiteTables
    from adapters.extraction.cache import TextCache
    from adapters.figures.index import FiguresIndex
    from adapters.ledger.guard import GuardedSigner
    from adapters.queue.text_queue import TextQueue
    from adapters.timestamps.folder import FolderTimestamps
    from adapters.witness.store import SQLiteCosignatures
    from adapters.work.log import SQLiteWorkLog
    from domain.ports.surroundings import Lock


@dataclass(frozen=True)
class EmbeddedTables:
    """What is kept in tables, in SQLite files of the archive's folder."""

    settings: Settings

    def events(self) -> SQLiteEventStore:
        return SQLiteEventStore(self.settings.events_file)

    def ledger(self) -> LedgerStore:
        return LedgerStore(self.settings.ledger_file)

    def lock(self, name: str) -> Lock:
        """One holder among all processes of the archive: ``ledger``, ``migrate``, ``timetable``, ``timestamp``, or
        ``index``."""
        if name == "index":
            return LedgerLock(self.settings.index_folder / "rebuild.lock")
        return LedgerLock(self.settings.home / f"{_LOCKS.get(name, name)}.lock")

    def leader(self, name: str) -> Lock | None:
        """None: the folder itself settles which process does the work of that name."""
        return None

    def work(self) -> SQLiteWorkLog:
        from adapters.work.log import SQLiteWorkLog

        return SQLiteWorkLog(self.settings.views_file)

    def erasures(self) -> SQLiteErasureLog:
        from adapters.erasures.log import SQLiteErasureLog

        return SQLiteErasureLog(self.settings.views_file)

    def cosignatures(self) -> SQLiteCosignatures:
        from adapters.witness.store import SQLiteCosignatures

        return SQLiteCosignatures(self.settings.home / "witnesses.sqlite")

    def queue(self) -> TextQueue:
        from adapters.queue.text_queue import TextQueue

        return TextQueue(self.settings.views_file)

    def figures(self) -> FiguresIndex:
        from adapters.figures.index import FiguresIndex

        return FiguresIndex(self.settings.views_file)

    def accounts(self) -> AccountStore:
        from adapters.accounts.sqlite import AccountStore

        return AccountStore(self.settings.accounts_file)

    def blob_keys(self) -> SQLiteBlobKeys:
        return SQLiteBlobKeys(self.settings.blob_keys_file)

    def evidence(self) -> SQLiteTables:
        from adapters.evidence.sqlite import SQLiteTables

        return SQLiteTables(self.settings.events_file, self.settings.ledger_file)


_LOCKS = {"migrate": "migrate-tables"}
"""Locks whose files are called otherwise."""


@dataclass(frozen=True)
class EmbeddedFiles:
    """What is kept as files, in folders of the archive's."""

    settings: Settings

    def blobs(self, keys: BlobKeys) -> FolderBlobStore:
        return FolderBlobStore(self.settings.blobs_folder, self.settings.staging_folder, erasures=keys)

    def publisher(self, guard: GuardedSigner) -> Publisher:
        return Publisher(self.settings.ledger_folder, self.settings.home / "publishing")

    def timestamps(self) -> FolderTimestamps:
        from adapters.timestamps.folder import FolderTimestamps

        return FolderTimestamps(self.settings.ledger_folder, self.settings.home / "stamping")

    def texts(self) -> TextCache:
        from adapters.extraction.cache import TextCache

        return TextCache(self.settings.text_folder)

    def published(self) -> PublishedFolder:
        from adapters.evidence.sqlite import PublishedFolder

        return PublishedFolder(self.settings.ledger_folder)
