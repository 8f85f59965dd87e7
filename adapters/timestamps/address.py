"""Time-stamping authorities as ``JIANZHENG_TIMESTAMP_AUTHORITIES`` names them: ``name=URL``, separated by blanks."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from domain.errors import InputError
from domain.ledger.timestamps import is_authority_name


class BadAuthority(InputError):
    code = "timestamp_authority_bad"
    zh = "JIANZHENG_TIMESTAMP_AUTHORITIES 里的“{part}”不能用：{why_zh}。"
    en = "“{part}” in JIANZHENG_TIMESTAMP_AUTHORITIES cannot be used: {why_en}."
    next_zh = "例：tsa=https://tsa.example/tsr other=http://time.example:8080/。名称用小写字母、数字和连字符。"
    next_en = "For example: tsa=https://tsa.example/tsr other=http://time.example:8080/ (names: a-z, 0-9 and hyphens)."


@dataclass(frozen=True)
class AuthorityAddress:
    name: str
    url: str


def parse(text: str) -> tuple[AuthorityAddress, ...]:
    """In the order given. Raises `BadAuthority`."""
    authorities: dict[str, AuthorityAddress] = {}
    for part in text.split():
        name, equals, url = part.partition("=")
        if not equals or not is_authority_name(name):
            raise BadAuthority(part=part[:80], why_zh="缺名称，或名称不对", why_en="its name is missing or malformed")
        if name in authorities:
            raise BadAuthority(part=part[:80], why_zh="名称用了两次", why_en="its name is used twice")
        authorities[name] = AuthorityAddress(name, _checked(name, url))
    return tuple(authorities.values())


def _checked(name: str, url: str) -> str:
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and not parts.fragment
        secret = parts.username is not None
    except ValueError:
        sound, secret = False, False
    if secret:  # it would be shown wherever the authority is
        raise BadAuthority(part=f"{name}=…", why_zh="地址里不能写口令", why_en="an address holds no password")
    if not sound:
        raise BadAuthority(part=f"{name}={url}"[:80], why_zh="不是 http(s) 地址", why_en="it is no http(s) address")
    return url
