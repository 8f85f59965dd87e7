"""Texts that were extracted once, by the digest of the file: in a folder, or in a bucket.

Each says which reader made it, so that it is told when there is a better one; until that has read the file, it serves.
Everything here can be deleted: a text is made again from its file. So writing is atomic but not fsynced, and what
does not read back whole (gzip has a checksum) is simply not there.
"""

from __future__ import annotations

import gzip
import secrets
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from adapters.blobs.names import checked_digest
from adapters.disk.durable import TEMPORARY_PREFIX, remove_quietly, storage_errors
from adapters.extraction.wire import from_json, to_json
from adapters.s3.places import TEXTS
from domain.ports.texts import ExtractedText

if TYPE_CHECKING:
    from adapters.s3.client import Client

KEPT = "1"
"""The folder of texts, in a folder or below `TEXTS` in a bucket."""

WALKED = "readers.json"
"""Beside it: how far files were looked through for those that another reader read (`indexers.renewal`)."""


class Texts(Protocol):
    def get(self, sha256: str) -> ExtractedText | None:
        """What was put last, whichever reader made it, or None. Raises `InvalidDigest`."""
        ...

    def put(self, sha256: str, text: ExtractedText) -> None:
        """Raises `InvalidDigest`, `StorageFull` and what else keeps a store from writing."""
        ...

    def forget(self, sha256: str) -> None:
        """Take away the text of an erased file, and whatever else is kept of it."""
        ...

    def holds(self, sha256: str) -> bool:
        """Whether anything is kept of a file's text."""
        ...

    def walked(self) -> bytes:
        """What `walk_on` was told last; nothing where it never was, or where all texts were deleted."""
        ...

    def walk_on(self, mark: bytes) -> None:
        """Remember how far a walk has come, in the caller's own words; like all that is here it may be lost."""
        ...


class TextCache:
    """``folder/1/ab/<digest>.json.gz``; any number of processes may use one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, sha256: str) -> ExtractedText | None:
        """What was put last, or None. Raises `InvalidDigest`."""
        try:
            return unpacked((self._folder / name_of(sha256)).read_bytes())
        except OSError:
            return None

    def put(self, sha256: str, text: ExtractedText) -> None:
        """Raises `InvalidDigest`, `StorageFull`, `StorageNotWritable` and `StorageFailed`."""
        self._write(self._folder / name_of(sha256), packed(text))

    def walked(self) -> bytes:
        try:
            return (self._folder / WALKED).read_bytes()
        except OSError:
            return b""

    def walk_on(self, mark: bytes) -> None:
        self._write(self._folder / WALKED, mark)

    @staticmethod
    def _write(path: Path, data: bytes) -> None:
        temporary = path.with_name(f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}")
        with storage_errors():
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                temporary.write_bytes(data)
                temporary.replace(path)
            except OSError:
                remove_quietly(temporary)
                raise

    def forget(self, sha256: str) -> None:
        with storage_errors():
            for path in self._of(sha256):
                path.unlink(missing_ok=True)

    def holds(self, sha256: str) -> bool:
        return bool(self._of(sha256))

    def _of(self, sha256: str) -> list[Path]:
        name = Path(name_of(sha256))
        return [path for path in self._folder.glob(f"*/{name.parent.name}/{name.name}") if path.is_file()]


class BucketTextCache:
    """``text/1/ab/<digest>.json.gz`` in a bucket, for extractors and indexers on any number of machines."""

    def __init__(self, client: Client) -> None:
        self._client, self._brisk = client, client.brisk()  # a record can be shown without the text of its files

    def get(self, sha256: str) -> ExtractedText | None:
        """What was put last, or None. Raises `InvalidDigest`, and what the server's absence is called."""
        data = self._brisk.read(TEXTS + name_of(sha256))
        return None if data is None else unpacked(data)

    def put(self, sha256: str, text: ExtractedText) -> None:
        """Somebody who puts the same text at the same moment may be the one who succeeds."""
        self._write(TEXTS + name_of(sha256), packed(text))

    def walked(self) -> bytes:
        return self._brisk.read(TEXTS + WALKED) or b""

    def walk_on(self, mark: bytes) -> None:
        self._write(TEXTS + WALKED, mark)

    def _write(self, key: str, data: bytes) -> None:
        self._client.replace(key, data, self._client.head(key))

    def forget(self, sha256: str) -> None:
        """With all their versions: a bucket may keep what was written over."""
        for key, version in self._of(sha256):
            self._client.delete(key, version)

    def holds(self, sha256: str) -> bool:
        return any(self._client.head(key) is not None for key, _ in self._of(sha256))

    def _of(self, sha256: str) -> list[tuple[str, str | None]]:
        """Keys of its texts, with the version where the bucket has versions."""
        name = name_of(sha256).partition("/")[2]
        keys = [f"{TEXTS}{folder}/{name}" for folder in self._folders()]
        return [
            (str(each.object_name), each.version_id)
            for key in keys
            for each in self._client.objects(key, versions=True)
            if each.object_name == key
        ]

    def _folders(self) -> set[str]:
        """Where texts lie, those that an earlier program kept too: from one to the next, not through all texts."""
        folders, after = set[str](), TEXTS
        while (name := self._client.first(TEXTS, after)) is not None:
            folder, slash, _ = name.removeprefix(TEXTS).partition("/")
            if slash:
                folders.add(folder)
            after = f"{TEXTS}{folder}{slash}\U0010ffff"
        return folders


def name_of(sha256: str) -> str:
    """Raises `InvalidDigest`."""
    return f"{KEPT}/{checked_digest(sha256)[:2]}/{sha256}.json.gz"


def packed(text: ExtractedText) -> bytes:
    """Gzip of the text's JSON; the same bytes for the same text."""
    return gzip.compress(to_json(text), compresslevel=5, mtime=0)


def unpacked(data: bytes) -> ExtractedText | None:
    """None for what is not whole."""
    try:
        return from_json(gzip.decompress(data))
    except (OSError, EOFError, zlib.error):
        return None
