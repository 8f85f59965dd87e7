"""The keys of sealed files, one for each, and the memory of what was erased.

A key is agreed upon once and never changed; destroying it is what makes a file unreadable whose object nobody may
delete, and for ever forbids another key for the same bytes. Rows are never removed, so that what was erased is known
as long as the archive.

In ``blob-keys.db`` of the archive's folder, mode 0600; on servers in PostgreSQL (`adapters.blobs.sealing.postgres`).
Keys appear in no log, error or event: `Seal` does not show its own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, LiteralString, NamedTuple, Protocol

from adapters.disk.durable import fsync_dir, storage_errors
from adapters.disk.sqlite_tables import SQLiteTables
from adapters.disk.tables import Store
from domain.errors import ArchiveBusy

KEYS_FILE = "blob-keys.db"

PAGE = 500
"""Digests asked for at once: fewer than SQLite has room for in a statement."""


@dataclass(frozen=True, slots=True)
class Seal:
    """How a file is sealed. ``key`` is None when it was destroyed; ``sealed``, the digest of the ciphertext and so the
    name under which it lies, is None for a file that was erased without ever having been sealed."""

    key: bytes | None = field(repr=False)
    sealed: str | None


class Counts(NamedTuple):
    keys: int  # of files that can be read
    destroyed: int


class Erasures(Protocol):
    """What was erased."""

    def destroy(self, sha256: str) -> None:
        """Remember that a file was erased, and destroy its key where it has one: durably, so that nothing of the key
        is left in the store's own files."""
        ...

    def destroyed(self, digests: Sequence[str]) -> set[str]:
        """Those of them that were erased."""
        ...


_SCHEMA = (
    "PRAGMA secure_delete=ON",  # for each connection: what is written over is written over with zeros
    # With a rowid: rows are only added at the end, so that none is moved and leaves a copy of its key behind.
    "CREATE TABLE IF NOT EXISTS blob_keys (sha256 TEXT NOT NULL UNIQUE, sealed TEXT UNIQUE, key BLOB)",
)


class BlobKeys(Store):
    """`Erasures`, and the keys, by the digest of the plain bytes. Any number of processes may use it at once."""

    def any(self) -> bool:
        """Whether anything was ever sealed or erased."""
        return bool(self._all("SELECT 1 FROM blob_keys LIMIT 1"))

    def find(self, digests: Sequence[str]) -> dict[str, Seal]:
        """Of those that have one, or had."""
        rows = self._among("SELECT sha256, key, sealed FROM blob_keys WHERE sha256", digests)
        return {sha256: Seal(key, sealed) for sha256, key, sealed in rows}

    def destroyed(self, digests: Sequence[str]) -> set[str]:
        """Those of them that were erased."""
        return {row[0] for row in self._among("SELECT sha256 FROM blob_keys WHERE key IS NULL AND sha256", digests)}

    def names(self, sealed: Sequence[str]) -> dict[str, str]:
        """Digests of plain bytes by those of ciphertexts, of keys that were destroyed too."""
        return {row[0]: row[1] for row in self._among("SELECT sealed, sha256 FROM blob_keys WHERE sealed", sealed)}

    def agree(self, sha256: str, seal: Seal) -> Seal:
        """Keep this one, durably, unless there is one already; returns the one that counts from now on."""
        with self._tables.writing(durable=True) as db:
            db.execute(
                "INSERT INTO blob_keys (sha256, sealed, key) VALUES (?, ?, ?) ON CONFLICT (sha256) DO NOTHING",
                (sha256, seal.sealed, seal.key),
            )  # what another process agreed upon meanwhile, the next statement sees
            [(key, sealed)] = db.execute("SELECT key, sealed FROM blob_keys WHERE sha256 = ?", (sha256,)).fetchall()
        return Seal(key, sealed)

    def destroy(self, sha256: str) -> None:
        """Remember that a file was erased, and destroy its key where it has one: durably, so that nothing of the key
        is left in the store's own files."""
        self._run(
            "INSERT INTO blob_keys (sha256) VALUES (?)"
            " ON CONFLICT (sha256) DO UPDATE SET key = NULL WHERE blob_keys.key IS NOT NULL",
            sha256,
            durable=True,
        )

    def pages(self) -> Iterator[dict[str, Seal]]:
        """All, in ascending order."""
        after = ""
        while page := self._all(
            "SELECT sha256, key, sealed FROM blob_keys WHERE sha256 > ? ORDER BY sha256 LIMIT ?", after, PAGE
        ):
            yield {sha256: Seal(key, sealed) for sha256, key, sealed in page}
            after = page[-1][0]

    def remnants(self) -> list[str]:
        """Digests of ciphertexts whose keys were destroyed."""
        rows = self._all("SELECT sealed FROM blob_keys WHERE key IS NULL AND sealed IS NOT NULL ORDER BY sealed")
        return [row[0] for row in rows]

    def counts(self) -> Counts:
        rows = self._all("SELECT count(key), count(*) - count(key) FROM blob_keys")
        return Counts(*rows[0]) if rows else Counts(0, 0)


class SQLiteBlobKeys(BlobKeys):
    """Of an archive on one machine. To ask makes no file where nothing was sealed or erased yet."""

    def __init__(self, path: Path) -> None:
        super().__init__(SQLiteTables(path, _SCHEMA))
        self._path = path

    def agree(self, sha256: str, seal: Seal) -> Seal:
        self._make()
        return super().agree(sha256, seal)

    def destroy(self, sha256: str) -> None:
        """Raises `ArchiveBusy`, where somebody reads for so long that the log cannot be emptied: repeat it then."""
        self._make()
        super().destroy(sha256)
        [(busy, _, _)] = self._all("PRAGMA wal_checkpoint(TRUNCATE)")
        if busy:
            raise ArchiveBusy

    def _make(self) -> None:
        """With its mode from the first moment; SQLite gives its log the same."""
        if not self._path.exists():
            with storage_errors():
                with suppress(FileExistsError):
                    os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
                fsync_dir(self._path.parent)

    def _all(self, statement: LiteralString, *values: Any) -> list[Any]:
        return super()._all(statement, *values) if self._path.exists() else []
