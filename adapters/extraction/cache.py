"""Texts that were extracted once, on disk by (digest of the file, version of the extractor).

Everything here can be deleted: a text is made again from its file. So writing is atomic but not fsynced, and what
does not read back whole (gzip has a checksum) is simply not there.
"""

from __future__ import annotations

import gzip
import secrets
import zlib
from pathlib import Path
from urllib.parse import quote

from adapters.blobs.durable import TEMPORARY_PREFIX, remove_quietly, storage_errors
from adapters.blobs.names import checked_digest
from adapters.extraction.wire import from_json, to_json
from domain.ports import ExtractedText


class TextCache:
    """``folder/<version>/ab/<digest>.json.gz``; any number of processes may use one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, sha256: str, version: str) -> ExtractedText | None:
        """What was put, or None. Raises `InvalidDigest`."""
        try:
            return from_json(gzip.decompress(self._path(sha256, version).read_bytes()))
        except (OSError, EOFError, zlib.error):
            return None

    def put(self, sha256: str, version: str, text: ExtractedText) -> None:
        """Raises `InvalidDigest`, `StorageFull`, `StorageNotWritable` and `StorageFailed`."""
        path = self._path(sha256, version)
        temporary = path.with_name(f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}")
        with storage_errors():
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                temporary.write_bytes(gzip.compress(to_json(text), compresslevel=5, mtime=0))
                temporary.replace(path)
            except OSError:
                remove_quietly(temporary)
                raise

    def _path(self, sha256: str, version: str) -> Path:
        return (
            self._folder
            / quote(version, safe="").replace(".", "%2E")
            / checked_digest(sha256)[:2]
            / f"{sha256}.json.gz"
        )
