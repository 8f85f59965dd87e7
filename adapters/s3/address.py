"""Where the bucket is, who asks, and how long what is put there is locked: parsed once, shown without its secrets."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal, NoReturn
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from adapters.servers.bad_setting import BadSetting

NAME = "JIANZHENG_BLOBS"
FORM_ZH = "写法是 s3://账号:密钥@主机:端口/存储桶?secure=yes&lock=off，账号和密钥里的特殊字符用百分号编码"
FORM_EN = "its form is s3://key:secret@host:port/bucket?secure=yes&lock=off, special characters of key and secret"
FORM_EN += " percent-encoded"

LockMode = Literal["off", "governance", "compliance"]
_MODES: dict[str, LockMode] = {"off": "off", "governance": "governance", "compliance": "compliance"}

MOST_DAYS = 36_500
"""A hundred years: more is a slip of the finger, and in compliance mode nobody could take it back."""

_OPTIONS = frozenset({"secure", "lock", "days", "region", "ca"})
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}|[0-9A-Fa-f:.]{2,45}", re.ASCII)
_REGION = re.compile(r"[A-Za-z0-9-]{1,64}", re.ASCII)


@dataclass(frozen=True)
class Address:
    """One bucket. ``lock`` other than off keeps each file for ``days`` from the moment it is kept; see `Retention`."""

    host: str
    port: int
    bucket: str
    key: str = field(repr=False)
    secret: str = field(repr=False)
    secure: bool = True
    lock: LockMode = "off"
    days: int = 0
    region: str | None = None  # None: the server is asked
    ca: str | None = None  # a file of certificates to trust; None: those of the system

    @classmethod
    def parse(cls, url: str, secret: str | None = None) -> Address:
        """Of the form in `FORM_EN`; the secret may be given apart. Raises `BadSetting`, in which no part of the text is
        repeated: a secret that was not percent-encoded may have ended up in any of them."""
        parts, port = _split(url)
        if not (parts.username and parts.hostname and _HOST.fullmatch(parts.hostname)):
            _refuse(FORM_ZH, FORM_EN)
        if secret is None and not parts.password:
            _refuse(
                "没有密钥：写在地址里，或者用 JIANZHENG_BLOBS_PASSWORD 给出",
                "it has no secret: that stands in the address or in JIANZHENG_BLOBS_PASSWORD",
            )
        bucket = parts.path.removeprefix("/").removesuffix("/")
        if not _BUCKET.fullmatch(bucket) or parts.fragment:
            _refuse(
                "存储桶名称应是 3 到 63 个小写字母、数字、点或连字符",
                "a bucket's name is 3 to 63 lower-case letters, digits, dots and hyphens",
            )
        options = _options(parts.query)
        secure = options.get("secure", "yes")
        if secure not in ("yes", "no"):
            _refuse("secure 只能是 yes 或 no", "secure is yes or no")
        lock = _MODES.get(options.get("lock", "off"))
        if lock is None:
            _refuse("lock 只能是 governance、compliance 或 off", "lock is governance, compliance or off")
        region = options.get("region")
        if region is not None and not _REGION.fullmatch(region):
            _refuse("region 不是区域名称", "region is no name of a region")
        return cls(
            host=parts.hostname,
            port=port or (443 if secure == "yes" else 80),
            bucket=bucket,
            key=unquote(parts.username),
            secret=unquote(parts.password or "") if secret is None else secret,
            secure=secure == "yes",
            lock=lock,
            days=_days(lock, options.get("days")),
            region=region,
            ca=options.get("ca"),
        )

    def __str__(self) -> str:
        return f"s3://{self.endpoint}/{self.bucket}"

    @property
    def endpoint(self) -> str:
        """``host:port``; an IPv6 address stands in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def _split(url: str) -> tuple[SplitResult, int | None]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        _refuse(FORM_ZH, FORM_EN)
    if parts.scheme != "s3" or port == 0:
        _refuse(FORM_ZH, FORM_EN)
    return parts, port


def _options(query: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
    except ValueError:
        pairs = [("", "")]
    if not {name for name, _ in pairs} <= _OPTIONS or len({name for name, _ in pairs}) != len(pairs):
        _refuse(
            "问号后面只能有 secure、lock、days、region、ca，各一次",
            "behind the question mark stand secure, lock, days, region and ca, each once at most",
        )
    return dict(pairs)


def _days(lock: LockMode, text: str | None) -> int:
    """Asked for explicitly wherever something is locked: a period that cannot be taken back has no good default."""
    if lock == "off":
        if text is not None:
            _refuse("lock 是 off 时没有 days", "with lock=off there is no days")
        return 0
    if text is None or not (text.isascii() and text.isdecimal() and 1 <= int(text[:9]) <= MOST_DAYS):
        _refuse(f"锁定文件要写明天数 days，1 到 {MOST_DAYS}", f"to lock files, say for how many days: 1 to {MOST_DAYS}")
    return int(text)


def _refuse(why_zh: str, why_en: str) -> NoReturn:
    raise BadSetting(name=NAME, value="s3://…", why_zh=why_zh, why_en=why_en) from None
