"""What lies in the bucket: kept files, versions that nobody should have made, and what has no business there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from minio.datatypes import Object

from adapters.blobs.names import is_digest, kept_name
from adapters.s3.client import Client
from adapters.s3.places import FILES, IDENTITY, LEDGER, PENDING, RETENTION, STAGING, STAMPING, TEXTS
from domain.ledger.timestamps import parse_label


class FileVersion(NamedTuple):
    """One version of a kept file. More than one live version of a digest is the work of somebody else: the archive
    creates an object once and never again."""

    sha256: str  # the digest it lies under
    version: str
    size: int
    modified: datetime | None
    current: bool
    deleted: bool  # a delete marker: where it is the current one, the file is missing for every reader


def key_of(sha256: str) -> str:
    """``files/sha256/ab/cd/<digest>``. Raises `InvalidDigest`."""
    return FILES + kept_name(sha256)


def digests(client: Client) -> Iterator[str]:
    """Every digest kept, ascending: S3 lists names by their bytes, and a digest's folders are its own beginning."""
    for each in client.objects(FILES):
        if (sha256 := _digest_in(str(each.object_name))) is not None:
            yield sha256


def versions(client: Client, prefix: str = FILES) -> Iterator[FileVersion]:
    """All versions of all kept files, those of a file together."""
    for each in client.objects(prefix, versions=True):
        if (sha256 := _digest_in(str(each.object_name))) is not None:
            current, deleted = _is_latest(each), each.is_delete_marker
            yield FileVersion(sha256, each.version_id or "null", each.size or 0, each.last_modified, current, deleted)


def extra_versions(client: Client) -> Iterator[FileVersion]:
    """Versions that another one has replaced: somebody wrote over a kept file. Those of a file that was deleted are
    not among them: that file is missing, and they are what it can be restored from."""
    for _, group in groupby(versions(client), key=lambda each: each.sha256):
        some = [each for each in group if not each.deleted]
        if any(each.current for each in some):
            yield from (each for each in some if not each.current)


def strays(client: Client) -> Iterator[str]:
    """Names of objects that are none of ours, and of replaced versions as ``<name>?versionId=<version>``."""
    for each in client.objects(""):
        name = str(each.object_name)
        ours = name == IDENTITY or name.startswith((STAGING, PENDING, LEDGER, TEXTS, RETENTION))
        if not ours and not _is_stamping(name) and _digest_in(name) is None:
            yield name
    for extra in extra_versions(client):
        yield f"{key_of(extra.sha256)}?versionId={extra.version}"


def _is_stamping(name: str) -> bool:
    """Whether the object notes that a time stamp is being made."""
    return name.startswith(STAMPING) and parse_label(name.removeprefix(STAMPING)) is not None


def _digest_in(name: str) -> str | None:
    sha256 = name.rpartition("/")[2]
    return sha256 if is_digest(sha256) and name == key_of(sha256) else None


def _is_latest(each: Object) -> bool:
    return str(each.is_latest).lower() == "true"
