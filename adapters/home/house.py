"""The composition root: the one place where an archive is created, opened and put together.

Nothing is connected, read or created at import. What a `House` holds is safe to share between threads; `close` ends
it. Any number of processes may have the same archive open.
"""

from __future__ import annotations

import secrets
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from adapters.disk.durable import make_dirs, remove_quietly, storage_errors, write_new
from adapters.events.directory import DirectoryCache
from adapters.home import connections, copying, parts
from adapters.home.identity import Identity, read_identity
from adapters.home.settings import Settings
from adapters.keys.key_folder import FIRST, KNOWN, LAST_SIGNED, SigningKeys, of_one
from adapters.keys.ring import Announcer, KeyRing, announced
from adapters.keys.signing import create_key, verifier_of
from adapters.ledger.guard import GuardedSigner
from adapters.ledger.policy import PolicyFile, PublishedPolicy
from adapters.servers.binding import bind_new
from adapters.servers.breaker import Breaker
from domain.access import SYSTEM, Actor
from domain.erasing import Erasing
from domain.errors import Conflict, DatabaseMissing, InputError, NotFound
from domain.keys.keeping import KeyKeeping
from domain.ledger.errors import KeyFileInvalid
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


class ArchiveExists(Conflict):
    code = "archive_exists"
    zh = "“{home}”里已经有档案库“{name}”（{origin}，建于 {created}），没有改动它。"
    en = "“{home}” already holds the archive “{name}” ({origin}, created {created}); it was not touched."
    next_zh = "要另建一个，请用 JIANZHENG_HOME 指定别的目录。"
    next_en = "To create another one, point JIANZHENG_HOME at another folder."


class DatabaseInUse(Conflict):
    """Another archive's events are there: two archives in one ledger could never be told apart again."""

    code = "database_in_use"
    zh = "数据库 {database} 里已经有一个档案库的存证，没有改动它。"
    en = "The database {database} already holds the events of an archive; it was not touched."
    next_zh = "请换一个空的数据库；如果这里是原来那个档案库，请把它的 archive.json 和密钥放回 JIANZHENG_HOME。"
    next_en = "Name an empty one; if it is that archive's, put its archive.json and keys back into JIANZHENG_HOME."


class HalfMadeArchive(Conflict):
    code = "archive_half_made"
    zh = "“{home}”里有一次没有做完的初始化，也可能是别的东西（{found}）。"
    en = "“{home}” holds an unfinished initialisation or something else ({found})."
    next_zh = "确认其中没有要保留的内容后清空该目录，再运行 jianzheng init。"
    next_en = "Make sure that nothing in it is needed, empty the folder, and run jianzheng init again."


class ArchiveMissing(InputError):
    code = "archive_missing"
    http_status = 503
    zh = "“{home}”里没有档案库。"
    en = "There is no archive in “{home}”."
    next_zh = "请先运行 jianzheng init，或用 JIANZHENG_HOME 指定已有的档案库。"
    next_en = "Run jianzheng init first, or point JIANZHENG_HOME at an archive."


class SignKeyUnusable(InputError):
    """The key of the signing command and the origin do not belong together, or it is not one key."""

    code = "sign_key_unusable"
    zh = "建库时 JIANZHENG_SIGN_VKEY 里应是一个公钥，名称与账本名称 {origin} 相同。"
    en = "For a new archive JIANZHENG_SIGN_VKEY is one public key, whose name is the ledger's origin, {origin}."


class SystemEntropy:
    def uuid(self) -> UUID:
        return uuid4()

    def salt(self) -> str:
        return secrets.token_hex(16)


def utc_now() -> datetime:
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
        found = self.cosignatures.witnessed() if self.settings.policy is not None else None
        return None if found is None else found.note

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


def create_archive(
    settings: Settings,
    *,
    name: str,
    origin: str,
    code: str = "top",
    admin: str = "admin",
    password: str | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> House:
    """Make a new archive with its top organisation and first administrator. Never touches one that is there.

    ``archive.json`` is written last: without it there is no archive, whatever else was made before a crash. What fails
    without a crash, such as a full disk, leaves the folder as empty as it was, so that the same call works later.
    """
    _require_room(settings)
    identity = Identity(name=name, origin=origin, created=clock().isoformat(timespec="seconds"))
    folders = (settings.keys_folder, settings.staging_folder, settings.text_folder, settings.index_folder)
    made = [folder for folder in (settings.home, *folders) if not folder.exists()]
    try:
        with storage_errors():
            make_dirs(settings.home)
            settings.home.chmod(0o700)
            for folder in folders:
                make_dirs(folder)
            settings.keys_folder.chmod(0o700)
        keys = _first_key(settings, origin)
    except BaseException:
        ours = [settings.keys_folder / name for name in (FIRST, KNOWN)]
        if not any(path.exists() for path in ours):  # else another `init` is at work beside this one
            _remove_empty(made)
        raise
    house = House(settings, identity, keys, clock)
    try:
        prepare_servers(house.servers)
        if house.servers.bucket is not None:
            make_dirs(settings.ledger_folder)
        house.events.create()
        house.ledger.create()
        if house.events.head():
            raise DatabaseInUse(database=str(settings.database))
        bind_new(connections.places(house.servers), identity)
        connections.bind_prefix(house.servers, identity, keys)
        house.publisher.create()
        write_new(settings.ledger_folder / "vkey", announced(keys.anchors))
        founder = house.administration
        founder.add_organisation(SYSTEM, code, name, kind="")
        founder.open_account(SYSTEM, admin, password=password, role="administrator")
        write_new(settings.identity_file, identity.encode())
    except BaseException:
        try:
            house.close()
        finally:
            _clear(settings)
            _remove_empty(made)
        raise
    return house


def _first_key(settings: Settings, origin: str) -> SigningKeys:
    """A new one in a file, or the one that the operator's command signs with."""
    commands = parts.sign_commands(settings)
    if not commands:
        return of_one(create_key(settings.keys_folder / FIRST, origin), settings.keys_folder)
    keys = of_one(commands[0], settings.keys_folder)
    if keys.name != origin or len(commands) > 1:
        raise SignKeyUnusable(origin=origin)
    commands[0].sign(b"jianzheng/first-signature@v1\n" + origin.encode() + b"\n")
    if not write_new(settings.keys_folder / KNOWN, f"anchor {commands[0].vkey()}\n".encode(), mode=0o600):
        raise KeyFileInvalid(file=str(settings.keys_folder / KNOWN))
    return keys


def prepare_servers(servers: connections.Servers, *, new_only: bool = False) -> None:
    """Make tables and bucket where they are missing. Who may not is told to have an administrator do it.

    ``new_only``: what holds events stays as it is, also where it is old. Tables without any are those of a call that
    was interrupted while it made them.
    """
    if servers.database is not None:
        from adapters.postgres import schema

        there = schema.version(servers.database)
        if there < schema.newest() and (not new_only or there == 0 or schema.unused(servers.database)):
            schema.migrate(servers.database)
    if servers.bucket is not None:
        from adapters.s3 import bucket

        if not new_only or not bucket.exists(servers.bucket):
            bucket.make(servers.bucket)


def _clear(settings: Settings) -> None:
    """Take away what `create_archive` made. Only for whoever created the key: that is exclusive, so all of it is ours.

    The key goes last: until then no other `init` takes the folder for its own.
    """
    remove_quietly(settings.identity_file)
    with suppress(OSError):
        for path in sorted(settings.home.iterdir(), key=lambda path: path == settings.keys_folder):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                remove_quietly(path)


def _remove_empty(folders: list[Path]) -> None:
    for folder in reversed(folders):
        with suppress(OSError):  # something is in it, or it was never made
            folder.rmdir()


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


def _require_room(settings: Settings) -> None:
    existing = read_identity(settings)
    if existing is not None:
        raise ArchiveExists(
            copying=str(settings.home), name=existing.name, origin=existing.origin, created=existing.created
        )
    with storage_errors():
        found = sorted(path.name for path in settings.home.iterdir()) if settings.home.exists() else []
    if found:
        raise HalfMadeArchive(home=str(settings.home), found="、".join(found[:5]))
