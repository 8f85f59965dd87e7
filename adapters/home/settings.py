"""Settings: read once from the environment into a frozen value; nothing else reads the environment."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from adapters.servers.bad_setting import BadSetting
from adapters.servers.secret_files import secret
from domain.errors import InputError, Lang

if TYPE_CHECKING:
    from adapters.postgres.address import Address as DatabaseAddress
    from adapters.s3.address import Address as BucketAddress
    from adapters.search.elastic.address import SearchAddress
    from adapters.timestamps.address import AuthorityAddress
    from domain.ledger.note import VerifierKey

Parsed = TypeVar("Parsed")

Seal = Literal["auto", "on", "off"]
"""Whether files are sealed (`adapters.blobs.sealing`); auto: where the bucket locks them."""

_WITH_PASSWORD = re.compile(r"[a-z0-9]+://[^/?#@]*:[^/?#@]+@")


class ServersNotInstalled(InputError):
    """A setting names a server whose client was left out of the installation."""

    code = "servers_not_installed"
    zh = "{name} 指定了服务器，但没有安装它的客户端（{missing}）。"
    en = "{name} names a server, but its client is not installed ({missing})."
    next_zh = "请连同可选部分 servers 一起安装：pip install 'jianzheng[servers]'。"
    next_en = "Install the optional part too: pip install 'jianzheng[servers]'."


@dataclass(frozen=True)
class Settings:
    """``home`` holds the embedded archive. Paths below it are properties, so that there is one place that knows."""

    home: Path
    zone: ZoneInfo
    lang: Lang
    late_after: int  # working days
    fonts: tuple[Path, ...]
    hosts: tuple[str, ...]  # names under which the server may be asked, besides addresses and those of the network
    user: str | None  # who a command acts as; None: the first administrator
    database: DatabaseAddress | None = None  # None: SQLite in ``home``
    bucket: BucketAddress | None = None  # None: folders in ``home``
    search: SearchAddress | None = None  # None: the embedded engine, in ``home``
    policy: Path | None = None  # None: no witness is asked
    timestamp_authorities: tuple[AuthorityAddress, ...] = ()
    timestamp_roots: Path | None = None  # None: a folder in ``home``
    sign_command: tuple[str, ...] = field(default=(), repr=False)  # its arguments may hold a PIN
    sign_keys: tuple[VerifierKey, ...] = ()  # what the command signs with
    seal: Seal = "auto"

    @property
    def sealing(self) -> bool:
        """Whether files that come from now on are sealed."""
        return self.seal == "on" or (self.seal == "auto" and self.bucket is not None and self.bucket.lock != "off")

    @property
    def identity_file(self) -> Path:
        return self.home / "archive.json"

    @property
    def copying_file(self) -> Path:
        """There as long as what lies in ``home`` is an unfinished copy (`adapters.home.copying`)."""
        return self.home / "copying.json"

    @property
    def events_file(self) -> Path:
        return self.home / "events.sqlite"

    @property
    def ledger_file(self) -> Path:
        return self.home / "ledger.sqlite"

    @property
    def views_file(self) -> Path:
        return self.home / "views.sqlite"

    @property
    def accounts_file(self) -> Path:
        return self.home / "accounts.sqlite"

    @property
    def ledger_folder(self) -> Path:
        return self.home / "ledger"

    @property
    def blobs_folder(self) -> Path:
        return self.home / "files"

    @property
    def blob_keys_file(self) -> Path:
        """Beside the folder of the files, which looks for it there by itself (`adapters.blobs.sealing.keys`)."""
        return self.home / "blob-keys.db"

    @property
    def staging_folder(self) -> Path:
        return self.home / "staging"

    @property
    def index_folder(self) -> Path:
        return self.home / "index"

    @property
    def text_folder(self) -> Path:
        return self.home / "text"

    @property
    def keys_folder(self) -> Path:
        return self.home / "keys"

    def roots_of(self, authority: str) -> Path:
        """The root certificates of a time-stamping authority."""
        return (self.timestamp_roots or self.home / "timestamp-roots") / f"{authority}.pem"


def read(environment: Mapping[str, str] = os.environ) -> Settings:
    """Raises `BadSetting` for a value that cannot be used, `SecretFileUnusable` for a file."""
    zone_name = environment.get("JIANZHENG_TIMEZONE", "Asia/Shanghai")
    try:
        zone = ZoneInfo(zone_name)
    except (ZoneInfoNotFoundError, ValueError):
        raise BadSetting(
            name="JIANZHENG_TIMEZONE", value=zone_name, why_zh="没有这个时区", why_en="there is no such time zone"
        ) from None
    late = environment.get("JIANZHENG_LATE_AFTER", "10")
    if not late.isdecimal():
        raise BadSetting(
            name="JIANZHENG_LATE_AFTER", value=late, why_zh="应是工作日天数", why_en="it is a number of working days"
        )
    fonts = environment.get("JIANZHENG_FONTS", "")
    return Settings(
        home=Path(environment.get("JIANZHENG_HOME") or "jianzheng-data"),
        zone=zone,
        lang=language(environment),
        late_after=int(late),
        fonts=tuple(Path(part) for part in fonts.split(os.pathsep) if part),
        hosts=tuple(environment.get("JIANZHENG_HOSTS", "").replace(",", " ").split()),
        user=environment.get("JIANZHENG_USER") or None,
        database=database_address(environment),
        bucket=bucket_address(environment),
        search=search_address(environment),
        policy=Path(policy) if (policy := environment.get("JIANZHENG_POLICY")) else None,
        timestamp_authorities=_authorities(environment.get("JIANZHENG_TIMESTAMP_AUTHORITIES", "")),
        timestamp_roots=Path(roots) if (roots := environment.get("JIANZHENG_TIMESTAMP_ROOTS")) else None,
        seal=_seal(environment.get("JIANZHENG_SEAL") or "auto"),
        **_signing(environment),
    )


def _seal(value: str) -> Seal:
    match value:
        case "auto" | "on" | "off":
            return value
    zh, en = "应是 auto、on 或 off", "it is auto, on or off"
    raise BadSetting(name="JIANZHENG_SEAL", value=value, why_zh=zh, why_en=en)


def _authorities(text: str) -> tuple[AuthorityAddress, ...]:
    if not text.strip():
        return ()
    from adapters.timestamps.address import parse

    return parse(text)


class _Signing(TypedDict, total=False):
    sign_command: tuple[str, ...]
    sign_keys: tuple[VerifierKey, ...]


def _signing(environment: Mapping[str, str]) -> _Signing:
    """The operator's signing command and its keys: both or neither."""
    command, vkeys = secret(environment, "JIANZHENG_SIGN_COMMAND"), environment.get("JIANZHENG_SIGN_VKEY", "").split()
    if not command and not vkeys:
        return {}
    from domain.ledger.errors import InvalidNote
    from domain.ledger.note import parse_vkey

    name, given = "JIANZHENG_SIGN_COMMAND", "…"  # never shown: its arguments may hold a PIN
    try:
        words = shlex.split(command or "")
    except ValueError:
        words = []
    if not words:
        zh, en = "没有命令，或引号不成对", "there is no command, or a quotation mark is missing"
        raise BadSetting(name=name, value=given if command else "", why_zh=zh, why_en=en)
    try:
        keys = tuple(dict.fromkeys(parse_vkey(vkey) for vkey in vkeys))
    except InvalidNote:
        keys = ()
    if not keys:
        zh, en = "应是签名密钥的公钥（vkey）", "it is the public key (vkey) of what the command signs with"
        raise BadSetting(name="JIANZHENG_SIGN_VKEY", value=" ".join(vkeys)[:100], why_zh=zh, why_en=en)
    return {"sign_command": tuple(words), "sign_keys": keys}


def database_address(environment: Mapping[str, str]) -> DatabaseAddress | None:
    """None where there is none. Raises `ServersNotInstalled`, and what is wrong with it."""
    return _server(environment, "JIANZHENG_DATABASE", "JIANZHENG_DATABASE_PASSWORD", _database)


def bucket_address(environment: Mapping[str, str]) -> BucketAddress | None:
    """The same of the bucket."""
    return _server(environment, "JIANZHENG_BLOBS", "JIANZHENG_BLOBS_PASSWORD", _bucket)


def search_address(environment: Mapping[str, str]) -> SearchAddress | None:
    """The same of the search server."""
    return _server(environment, "JIANZHENG_SEARCH", "JIANZHENG_SEARCH_PASSWORD", _search)


def _server(
    environment: Mapping[str, str], name: str, password: str, parse: Callable[[str, str | None], Parsed]
) -> Parsed | None:
    """Clients of servers are loaded only where one is named."""
    url = secret(environment, name)
    if not url:
        return None
    apart = secret(environment, password)
    if apart is not None and _WITH_PASSWORD.match(url):
        zh, en = f"{name} 的地址里已经有口令", f"the address in {name} has a password already"
        raise BadSetting(name=password, value="…", why_zh=zh, why_en=en)
    try:
        return parse(url, apart)
    except ImportError as error:
        raise ServersNotInstalled(name=name, missing=error.name or "") from None


def _database(url: str, password: str | None) -> DatabaseAddress:
    from adapters.postgres.address import Address

    return Address.parse(url, password)


def _bucket(url: str, password: str | None) -> BucketAddress:
    from adapters.s3.address import Address

    return Address.parse(url, password)


def _search(url: str, password: str | None) -> SearchAddress:
    from adapters.search.elastic.address import SearchAddress

    return SearchAddress.parse(url, password)


def language(environment: Mapping[str, str] = os.environ) -> Lang:
    """``JIANZHENG_LANG``, else the locale; Chinese where neither says English."""
    said = environment.get("JIANZHENG_LANG") or environment.get("LC_ALL") or environment.get("LC_MESSAGES")
    return "en" if (said or environment.get("LANG", "")).lower().startswith("en") else "zh"
