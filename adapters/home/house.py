"""The composition root: the one place where an archive is opened and put together (`adapters.home.founding` makes one).

Nothing is connected, read or created at import. What a `House` holds is safe to share between threads; `close` ends
it. Any number of processes may have the same archive open.
"""

from __future__ import annotations

import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from adapters.disk.durable import storage_errors
from adapters.events.directory import DirectoryCache
from adapters.home import connections, copying, parts
from adapters.home.identity import Identity, read_identity
from adapters.home.settings import Settings
from adapters.keys.key_folder import LAST_SIGNED, SigningKeys
from adapters.keys.ring import Announcer, KeyRing
from adapters.keys.signing import verifier_of
from adapters.ledger.guard import GuardedSigner
from adapters.ledger.policy import PolicyFile, PublishedPolicy
from adapters.servers.breaker import Breaker
from domain.access import Actor
from domain.erasing import Erasing
from domain.errors import DatabaseMissing, InputError, NotFound
from domain.keys.keeping import KeyKeeping
from domain.moments import Moments
from domain.organisations.administering import Administration
from domain.records.filing import Archive
from domain.search.searching import Searching

if TYPE_CHECKING:
    from collections.abc import Callable

    from adapters.accounts.store import Accounts
    from adapters.erasures.log import ErasureLog
    from adapters.extraction.cache import Texts
    from adapters.extraction.sandbox import SandboxedExtractor
    from adapters.figures.index import FiguresTables
    from adapters.queue.text_queue import QueueTables
    from adapters.search.elastic.generations import ElasticGenerations
    from adapters.search.generations import SearchGenerations
    from adapters.witness.store import CosignatureStore
    from adapters.work.log import WorkLog
    from domain.proofs.receipts import Receipts
    from domain.reports.reporting import Reporting


class ArchiveMissing(InputError):
    code = "archive_missing"
    http_status = 503
    zh = "“{home}”里没有档案库。"
    en = "There is no archive in “{home}”."
    next_zh = "请先运行 jianzheng init，或用 JIANZHENG_HOME 指定已有的档案库。"
    next_en = "Run jianzheng init first, or point JIANZHENG_HOME at an archive."


class SystemEntropy:
    def uuid(self) -> UUID:
        return uuid4()

    def salt(self) -> str:
        return secrets.token_hex(16)


def utc_now() -> datetime:
    """The machine's clock, in UTC."""
    return datetime.now(UTC)


class House:
    """Everything an archive consists of, put together. Parts that are slow to load are loaded when first used."""

    def __init__(
        self, settings: Settings, identity: Identity, keys: SigningKeys, clock: Callable[[], datetime]
    ) -> None:
        self.settings = settings
        self.identity = identity
        self.clock = clock
        self.entropy = SystemEntropy()
        self.servers = connections.servers(settings)
        self.events = parts.tables(settings, self.servers).events()
        self.blobs = parts.blobs(settings, self.servers)
        self.directory = DirectoryCache(self.events)
        self.ledger = parts.tables(settings, self.servers).ledger()
        self.signer = KeyRing(keys, self.events, lambda: parts.keys(settings))
        announcer = Announcer(self.signer, settings.ledger_folder / "vkey", settings.keys_folder)
        self.guard = GuardedSigner(self.signer, settings.keys_folder / LAST_SIGNED, announce=announcer)
        self.publisher = parts.files(settings, self.servers).publisher(self.guard)
        self.ledger_lock = parts.tables(settings, self.servers).lock("ledger")
        self.archive = Archive(
            events=self.events,
            blobs=self.blobs,
            directory=self.directory,
            clock=clock,
            entropy=self.entropy,
            zone=settings.zone,
            late_after=settings.late_after,
        )
        self.erasing = Erasing(self.archive)
        self.administration = Administration(
            events=self.events,
            directory=self.directory,
            credentials=lambda: self.accounts,
            clock=clock,
            entropy=self.entropy,
            zone=settings.zone,
        )
        self.key_keeping = KeyKeeping(
            identity.origin,
            events=self.events,
            directory=self.directory,
            verifier_of=verifier_of,
            clock=clock,
            entropy=self.entropy,
            zone=settings.zone,
        )
        self._engine: SearchGenerations | ElasticGenerations | None = None
        self._extractor: SandboxedExtractor | None = None
        self._texts: Texts | None = None
        self._queue: QueueTables | None = None
        self._work: WorkLog | None = None
        self._erasures: ErasureLog | None = None
        self._accounts: Accounts | None = None
        self._searching: Searching | None = None
        self._figures: FiguresTables | None = None
        self._reporting: Reporting | None = None
        self._receipts: Receipts | None = None
        self._cosignatures: CosignatureStore | None = None
        self.trust = PolicyFile(settings.policy, self.signer.vkeys)

    @property
    def keys(self) -> SigningKeys:
        """What can sign on this machine."""
        return self.signer.keys

    @property
    def engine(self) -> SearchGenerations | ElasticGenerations:
        if self._engine is None:
            self._engine = parts.engine(self.settings, self.servers)
        return self._engine

    @property
    def searching(self) -> Searching:
        if self._searching is None:
            self._searching = Searching(engine=self.engine, archive=self.archive, ledger=self.ledger)
        return self._searching

    @property
    def moments(self) -> Moments:
        """What was known when, in days and hours of the archive's zone."""
        return Moments(self.ledger, self.events, self.settings.zone)

    @property
    def extractor(self) -> SandboxedExtractor:
        if self._extractor is None:
            from adapters.extraction.sandbox import SandboxedExtractor

            self._extractor = SandboxedExtractor()
        return self._extractor

    @property
    def texts(self) -> Texts:
        if self._texts is None:
            self._texts = parts.files(self.settings, self.servers).texts()
        return self._texts

    @property
    def queue(self) -> QueueTables:
        if self._queue is None:
            self._queue = parts.tables(self.settings, self.servers).queue()
        return self._queue

    @property
    def work(self) -> WorkLog:
        if self._work is None:
            self._work = parts.tables(self.settings, self.servers).work()
        return self._work

    @property
    def erasures(self) -> ErasureLog:
        if self._erasures is None:
            self._erasures = parts.tables(self.settings, self.servers).erasures()
        return self._erasures

    @property
    def figures(self) -> FiguresTables:
        if self._figures is None:
            self._figures = parts.tables(self.settings, self.servers).figures()
        return self._figures

    @property
    def cosignatures(self) -> CosignatureStore:
        if self._cosignatures is None:
            self._cosignatures = parts.tables(self.settings, self.servers).cosignatures()
        return self._cosignatures

    @property
    def policy(self) -> PublishedPolicy:
        """As it is now. Raises `InvalidPolicy` and the errors of a file that cannot be read."""
        return self.trust.read()

    @property
    def reporting(self) -> Reporting:
        if self._reporting is None:
            from adapters.rendering.reports import renderers
            from domain.reports.reporting import Reporting

            self._reporting = Reporting(
                events=self.events,
                ledger=self.ledger,
                figures=self.figures,
                directory=self.directory,
                directory_at=self.directory.at,
                renderers=renderers(self.settings.fonts),
                clock=self.clock,
                entropy=self.entropy,
                zone=self.settings.zone,
            )
        return self._reporting

    @property
    def receipts(self) -> Receipts:
        if self._receipts is None:
            from domain.proofs.receipts import Receipts

            self._receipts = Receipts(
                archive=self.archive,
                events=self.events,
                ledger=self.ledger,
                published=self.publisher.checkpoint,
                witnessed=self.witnessed,
                sign_note=self.signer.sign_note,
                pause=time.sleep,
            )
        return self._receipts

    def witnessed(self) -> str | None:
        """The newest checkpoint that meets the policy's quorum, where it asks for any."""
        newest = self.cosignatures.witnessed() if self.settings.policy is not None else None
        return None if newest is None else newest.note

    @property
    def accounts(self) -> Accounts:
        if self._accounts is None:
            self._accounts = parts.tables(self.settings, self.servers).accounts()
        return self._accounts

    def operator(self) -> Actor:
        """Whoever runs a command on this machine: the account of ``JIANZHENG_USER``, else the first administrator.

        Who can run commands can read the archive's folder, so no password is asked; the policy is.
        """
        directory = self.directory()
        if self.settings.user is not None:
            return directory.account(self.settings.user).actor()
        for account in directory.accounts.values():
            if not account.closed and any(grant.role == "administrator" for grant in account.grants):
                return account.actor()
        raise NotFound("管理员账号", "administrator account", "administrator")

    def probe(self) -> None:
        """Ask each server, all at once, whether it is there. Returns in a few seconds whatever they do, and nobody
        waits for a silent one from then on."""
        breakers = connections.breakers(self.servers, self.engine)
        if breakers:
            with ThreadPoolExecutor(len(breakers), thread_name_prefix="probe") as pool:
                list(pool.map(Breaker.probe, breakers))

    def close(self) -> None:
        if self._extractor is not None:
            self._extractor.close()
        if self._engine is not None:
            self._engine.close()
        self.ledger.close()
        self.events.close()
        self.blobs.close()
        self.servers.close()


def open_archive(settings: Settings, clock: Callable[[], datetime] = utc_now) -> House:
    """Raises `ArchiveMissing`, `ArchiveTooNew`, `IdentityDamaged`, `DatabaseMissing`, a damaged key's errors, and
    `OtherArchive` or `CopyUnfinished` where what the settings name is not this archive's. A server that cannot be
    reached is asked for that when it can."""
    copying.require_whole(settings)
    identity = read_identity(settings)
    if identity is None:
        raise ArchiveMissing(home=str(settings.home))
    keys = parts.keys(settings)
    with storage_errors():
        if (
            settings.database is None and not settings.events_file.exists()
        ):  # SQLite would make an empty one in its place
            raise DatabaseMissing(file=settings.events_file.name)
    house = House(settings, identity, keys, clock)
    try:
        connections.confirm(house.servers, identity, keys)
    except BaseException:
        house.close()
        raise
    return house
