"""Addresses of servers as tests pass them on: checked in, and changed into those of one database, bucket or prefix."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from tests.servers.cache import Unavailable

SCHEMES = {"postgres": ("postgresql", "postgres"), "s3": ("s3",), "elasticsearch": ("http", "https")}
SETTINGS = {"postgres": "JIANZHENG_DATABASE", "s3": "JIANZHENG_BLOBS", "elasticsearch": "JIANZHENG_SEARCH"}


def check(kind: str, url: str) -> str:
    """The address itself when it can be one; otherwise `Unavailable`, without the secret in it."""
    try:
        parts = urlsplit(url)
        complete = parts.scheme in SCHEMES[kind] and parts.hostname and (parts.port or kind != "s3")
    except ValueError:
        complete = False
    if not complete:
        raise Unavailable(f"the address given for {kind} is not of the form {SCHEMES[kind][0]}://user:secret@host:port")
    return url


def place(url: str, name: str, **options: str) -> str:
    """The address of a database, bucket or index prefix on the server; options are added to the query."""
    parts = urlsplit(url)
    query = urlencode({**dict(parse_qsl(parts.query)), **options})
    return urlunsplit((parts.scheme, parts.netloc, f"/{name}", query, ""))


def name_in(url: str) -> str:
    """The database, bucket or index prefix of an address."""
    return urlsplit(url).path.strip("/")


def without_secret(url: str) -> str:
    """For messages and logs."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}:{parts.port}{parts.path}"
