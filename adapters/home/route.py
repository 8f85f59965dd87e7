"""From where to where an archive is copied: the settings it has, and those it will have.

Each address says by its scheme what it is for: ``postgresql:`` a database, ``s3:`` a bucket, ``http:`` or ``https:`` a
search server, ``file:FOLDER`` a home in which everything is embedded that no other address names. What no address
names stays where it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from adapters.disk.durable import storage_errors
from adapters.home.settings import Settings, bucket_address, database_address, search_address
from domain.errors import InputError

FOLDER, DATABASE, BUCKET, SEARCH = "JIANZHENG_HOME", "JIANZHENG_DATABASE", "JIANZHENG_BLOBS", "JIANZHENG_SEARCH"
_SCHEMES = {
    "file": FOLDER, "postgresql": DATABASE, "postgres": DATABASE, "s3": BUCKET, "http": SEARCH, "https": SEARCH
}  # fmt: skip


class BadTarget(InputError):
    """The address is not repeated: it may hold a password."""

    code = "migration_address_invalid"
    zh = "第 {number} 个目标地址看不懂。"
    en = "Address no. {number} of those to copy to cannot be understood."
    next_zh = "地址以 postgresql://、s3://、http:// 或 https:// 开头，file:目录 表示一个新的档案库目录。"
    next_en = (
        "Addresses begin with postgresql://, s3://, http:// or https://; file:FOLDER is a new home of the archive."
    )


class TwiceTheSame(InputError):
    code = "migration_address_twice"
    zh = "目标里有两个地址都是 {setting}。"
    en = "Two of the addresses to copy to are both for {setting}."
    next_zh = "每样只写一个。"
    next_en = "Name one of each."


class NothingToMove(InputError):
    code = "migration_nothing_to_move"
    zh = "没有要复制的：目标就是档案库现在所在的地方。"
    en = "There is nothing to copy: the archive is there already."
    next_zh = "请用 --to 写明要复制到哪里，例如 postgresql://…、s3://…，或者 file:目录。"
    next_en = "Say with --to where to copy it, such as postgresql://…, s3://… or file:FOLDER."


@dataclass(frozen=True)
class Route:
    """``home`` … ``search``: which parts change their place."""

    source: Settings
    target: Settings
    home: bool
    tables: bool
    files: bool
    search: bool

    def settings(self) -> dict[str, str]:
        """The variables that the archive is opened by from now on, without secrets; empty for one to be unset."""
        target = self.target
        return {
            FOLDER: str(target.home.absolute()),
            DATABASE: f"postgresql://{target.database}" if target.database else "",
            BUCKET: str(target.bucket or ""),
            SEARCH: str(target.search or ""),
        }


def route(source: Settings, urls: Sequence[str]) -> Route:
    """Raises `BadTarget`, `TwiceTheSame`, `NothingToMove`, and what is said of a server's address."""
    named: dict[str, str] = {}
    for number, url in enumerate(urls, 1):
        setting = _SCHEMES.get(url.partition(":")[0].lower())
        if setting is None:
            raise BadTarget(number=number)
        if setting in named:
            raise TwiceTheSame(setting=setting)
        named[setting] = url
    target = source
    if FOLDER in named:
        target = replace(source, home=_folder(named[FOLDER], list(urls)), database=None, bucket=None, search=None)
    target = replace(
        target,
        database=database_address(named) if DATABASE in named else target.database,
        bucket=bucket_address(named) if BUCKET in named else target.bucket,
        search=search_address(named) if SEARCH in named else target.search,
    )
    home = not _same_folder(source.home, target.home)
    planned = Route(
        source,
        target,
        home,
        tables=_moved(_database_of, source, target, home),
        files=_moved(_bucket_of, source, target, home),
        search=_moved(_search_of, source, target, home),
    )
    if not (planned.home or planned.tables or planned.files or planned.search):
        raise NothingToMove
    return planned


def _same_folder(one: Path, other: Path) -> bool:
    with storage_errors():
        try:
            return other.samefile(one)
        except FileNotFoundError:
            return False


Where = tuple[object, ...] | None


def _moved(where: Callable[[Settings], Where], source: Settings, target: Settings, home: bool) -> bool:
    before, after = where(source), where(target)
    return before != after or (after is None and home)


def _database_of(settings: Settings) -> Where:
    at = settings.database
    return None if at is None else (at.host, at.port, at.database)


def _bucket_of(settings: Settings) -> Where:
    at = settings.bucket
    return None if at is None else (at.host, at.port, at.bucket)


def _search_of(settings: Settings) -> Where:
    at = settings.search
    return None if at is None else (at.url, at.prefix)


def _folder(url: str, urls: list[str]) -> Path:
    rest = url.partition(":")[2]
    if rest.startswith("//"):
        try:
            parts = urlsplit(url)
        except ValueError:
            raise BadTarget(number=urls.index(url) + 1) from None
        rest = "" if parts.netloc not in ("", "localhost") else unquote(parts.path)
    if not rest or "\0" in rest:
        raise BadTarget(number=urls.index(url) + 1)
    return Path(rest)
