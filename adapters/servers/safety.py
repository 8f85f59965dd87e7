"""What is unsafe about a configuration, in words that `jianzheng check` shows and that programs can match on."""

from __future__ import annotations

from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import urlsplit

from domain.errors import Lang


class Risk(NamedTuple):
    """One thing that is unsafe. ``code`` is stable."""

    code: str
    zh: str
    en: str

    def said(self, lang: Lang) -> str:
        return self.zh if lang == "zh" else self.en


SHORTEST = 12
"""Characters of a secret that programs use. Nobody has to type it, so there is no reason for a shorter one."""

KNOWN_SECRETS = frozenset(
    ("admin", "administrator", "change-me", "changeit", "changeme", "elastic", "example", "jianzheng", "letmein",
     "minio", "minio123", "minioadmin", "password", "postgres", "secret", "test", "your-password")
)  # fmt: skip
"""Defaults of servers and of examples, which whoever tries passwords tries first."""


def is_local(host: str) -> bool:
    """Whether nobody else's wire lies between: loopback, or the folder of a socket."""
    name = host.strip("[]").lower()
    if name.startswith(("/", "@")) or name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def of_secret(secret: str, user: str = "") -> list[Risk]:
    """What is wrong with a server's password or key; it is not repeated."""
    plain = secret.lower().rstrip("0123456789!")
    if not secret:
        return [Risk("no_password", "没有口令，谁都能连。", "No password: anybody may connect.")]
    if secret.lower() in KNOWN_SECRETS or plain in KNOWN_SECRETS or secret == user:
        return [
            Risk(
                "known_password", "口令是众所周知的默认值，请换掉。", "The password is a well-known default: change it."
            )
        ]
    if len(secret) < SHORTEST:
        return [
            Risk(
                "short_password",
                f"口令不到 {SHORTEST} 个字符，容易被试出来。",
                f"The password is shorter than {SHORTEST} characters and can be found by trying.",
            )
        ]
    return []


def of_line(host: str, *, encrypted: bool, checked: bool) -> list[Risk]:
    """What is wrong with the way to a server; nothing where it never leaves this machine."""
    if is_local(host):
        return []
    if not encrypted:
        return [
            Risk(
                "no_tls",
                "到服务器的连接没有加密（TLS）：这段网络上的人看得到口令和内容。",
                "The connection is not encrypted (TLS): whoever is on that network sees passwords and contents.",
            )
        ]
    if not checked:
        return [
            Risk(
                "certificate_not_checked",
                "连接加密了，但不核对服务器的证书：冒充的服务器看不出来。",
                "The connection is encrypted, but the server's certificate is not checked: another server could pose as"
                " it.",
            )
        ]
    return []


def of_signed_line(who_zh: str, who_en: str, url: str) -> list[Risk]:
    """What is wrong with the way to whoever answers with a signature: it cannot be forged, but it can be kept back."""
    try:
        at = urlsplit(url)
        if at.scheme == "https" or is_local(at.hostname or ""):
            return []
    except ValueError:  # nobody can be asked there; whoever asks says so
        return []
    return [
        Risk(
            "no_tls",
            f"到{who_zh}的连接没有加密（TLS）：答复有签名，伪造不了；但这段网络上的人看得到问了什么，也能把答复扣下。"
            "对方有 https 地址的，请换上。",
            f"The connection to {who_en} is not encrypted (TLS): its answers are signed and cannot be forged, but"
            " whoever is on that network sees what is asked and can keep answers back. Use an https address where there"
            " is one.",
        )
    ]
