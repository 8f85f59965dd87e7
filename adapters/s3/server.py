"""The server behind the bucket: which one it is, and whether our key is an administrator's.

S3 has no request for a server's version. MinIO tells its own to administrators; that it tells us is itself a finding:
such a key can lift locks, and remove what they kept.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import NamedTuple

from minio import MinioAdmin
from minio.credentials.providers import StaticProvider
from minio.error import MinioAdminException
from urllib3.exceptions import HTTPError

from adapters.s3.client import Client
from adapters.servers.safety import Risk, of_line, of_secret


class ServerFacts(NamedTuple):
    version: str | None  # None where the server does not tell
    administrator: bool
    unsafe: tuple[Risk, ...]


def server(client: Client) -> ServerFacts:
    """Never raises: a server that does not answer is reported by whoever asks for the bucket."""
    address = client.address
    unsafe = of_line(address.host, encrypted=address.secure, checked=True) + of_secret(address.secret, address.key)
    told = _told(client)
    if told is not None:
        unsafe.append(
            Risk(
                "key_of_administrator",
                "程序用的是服务器管理员的密钥：拿到它的人可以解除锁定、删除文件。请给程序一个只管这个存储桶的密钥。",
                "The program uses an administrator's key: whoever gets hold of it can lift locks and remove files. Give"
                " the program a key for this bucket alone.",
            )
        )
    return ServerFacts(None if told is None else _version(told), told is not None, tuple(unsafe))


def _told(client: Client) -> str | None:
    """What MinIO tells administrators about itself; None from any other server, and for any other key."""
    address = client.address
    ask: Callable[[], str] = MinioAdmin(
        endpoint=address.endpoint,
        credentials=StaticProvider(address.key, address.secret),
        region=address.region or "",
        secure=address.secure,
        http_client=client.pool,
    ).info
    try:
        return ask()
    except (MinioAdminException, HTTPError, UnicodeDecodeError):
        return None


def _version(told: str) -> str | None:
    try:
        versions = {str(each["version"]) for each in json.loads(told)["servers"]}
    except (ValueError, KeyError, TypeError):
        return None
    return ", ".join(sorted(versions)) or None
