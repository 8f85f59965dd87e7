"""Where an Elasticsearch is and who asks it: parsed once, shown without its secrets."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from domain.errors import InputError

_PREFIX = re.compile(r"[a-z0-9][a-z0-9_.-]{0,99}")
_OPTIONS = frozenset({"api_key", "ca", "shards"})
MOST_SHARDS = 1024  # the server's own limit


class BadSearchAddress(InputError):
    """The text is not repeated: it may hold a password."""

    code = "search_address_invalid"
    zh = "搜索服务器的地址写得不对。"
    en = "The address of the search server cannot be understood."
    next_zh = "例：https://user:password@search.example.org:9200/archive?ca=ca.pem，或用 api_key= 代替用户名和密码。"
    next_en = "For example: https://user:password@search.example.org:9200/archive?ca=ca.pem, or api_key= for the login."


@dataclass(frozen=True)
class SearchAddress:
    """A server and the prefix of the names of our indices on it. ``ca`` is the file of who signed its certificate."""

    url: str  # scheme, host and port
    prefix: str
    user: str = ""
    password: str = field(default="", repr=False)
    api_key: str = field(default="", repr=False)
    ca: Path | None = None
    shards: int = 1

    @classmethod
    def parse(cls, url: str, password: str | None = None) -> SearchAddress:
        """``http[s]://user:password@host:port/prefix?api_key=…&ca=FILE&shards=N``. Raises `BadSearchAddress`.

        The password may be given apart; where the address names no user it is the API key.
        """
        try:
            parts = urlsplit(url)
            options = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
            port, host, shards = parts.port or 9200, parts.hostname or "", int(options.get("shards", "1"))
        except ValueError:
            raise BadSearchAddress from None
        prefix = parts.path.strip("/")
        complete = parts.scheme in ("http", "https") and host and _PREFIX.fullmatch(prefix)
        if not complete or set(options) - _OPTIONS or not 1 <= shards <= MOST_SHARDS:
            raise BadSearchAddress
        if (parts.username and "api_key" in options) or ("ca" in options and parts.scheme != "https"):
            raise BadSearchAddress
        if password is not None and not parts.username:
            options["api_key"] = password
        return cls(
            url=f"{parts.scheme}://{f'[{host}]' if ':' in host else host}:{port}",
            prefix=prefix,
            user=unquote(parts.username or ""),
            password=unquote(parts.password or "") if password is None or not parts.username else password,
            api_key=options.get("api_key", ""),
            ca=Path(options["ca"]) if "ca" in options else None,
            shards=shards,
        )

    def __str__(self) -> str:
        return f"{self.url}/{self.prefix}"
