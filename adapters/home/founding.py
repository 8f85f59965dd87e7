"""How an archive is made: whole, or not at all."""

from __future__ import annotations

import shutil
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.disk.durable import make_dirs, remove_quietly, storage_errors, write_new
from adapters.home import connections, parts
from adapters.home.house import House, utc_now
from adapters.home.identity import Identity, read_identity
from adapters.home.settings import Settings
from adapters.keys.key_folder import FIRST, KNOWN, SigningKeys, of_one
from adapters.keys.ring import announced
from adapters.keys.signing import create_key
from adapters.servers.binding import bind_new
from domain.access import SYSTEM
from domain.errors import Conflict, InputError
from domain.ledger.errors import KeyFileInvalid

if TYPE_CHECKING:
    from collections.abc import Callable


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


class SignKeyUnusable(InputError):
    """The key of the signing command and the origin do not belong together, or it is not one key."""

    code = "sign_key_unusable"
    zh = "建库时 JIANZHENG_SIGN_VKEY 里应是一个公钥，名称与账本名称 {origin} 相同。"
    en = "For a new archive JIANZHENG_SIGN_VKEY is one public key, whose name is the ledger's origin, {origin}."


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


def _require_room(settings: Settings) -> None:
    existing = read_identity(settings)
    if existing is not None:
        raise ArchiveExists(
            home=str(settings.home), name=existing.name, origin=existing.origin, created=existing.created
        )
    with storage_errors():
        names = sorted(path.name for path in settings.home.iterdir()) if settings.home.exists() else []
    if names:
        raise HalfMadeArchive(home=str(settings.home), found="、".join(names[:5]))
