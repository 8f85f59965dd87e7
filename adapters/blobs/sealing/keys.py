"""The keys of sealed files, one for each, and the memory of what was erased.

A key is agreed upon once and never changed; destroying it is what makes a file unreadable whose object nobody may
delete, and for ever forbids another key for the same bytes. Rows are never removed, so that what was erased is known
as long as the archive.

Here in ``blob-keys.db`` of the archive's folder, mode 0600; on servers in PostgreSQL (`adapters.postgres.blob_keys`).
Keys appear in no log, error or event: `Seal` does not show its own.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol

from adapters.blobs.durable import fsync_dir, storage_errors
from adapters.sqlite_faults import translated
from adapters.sqlite_tables import SQLiteTables
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


class BlobKeys(Erasures, Protocol):
    """By the digest of the plain bytes. Any number of processes may use it at once."""

    def find(self, digests: Sequence[str]) -> dict[str, Seal]:
        """Of those that have one, or had."""
        ...

    def agree(self, sha256: str, seal: Seal) -> Seal:
        """Keep this one, durably, unless there is one already; returns the one that counts from now on."""
        ...

    def names(self, sealed: Sequence[str]) -> dict[str, str]:
        """Digests of plain bytes by those of ciphertexts, of keys that were destroyed too."""
        ...

    def pages(self) -> Iterator[dict[str, Seal]]:
        """All, in ascending order."""
        ...

    def remnants(self) -> list[str]:
        """Digests of ciphertexts whose keys were destroyed."""
        ...

    def counts(self) -> Counts: ...

    def any(self) -> bool:
        """Whether anything was ever sealed or erased."""
        ...

    def close(self) -> None:
        """Close what this thread holds open."""
        ...


_SCHEMA = (
    "PRAGMA secure_delete=ON",  # for each connection: what is written over is written over with zeros
    # With a rowid: rows are only added at the end, so that none is moved and leaves a copy of its key behind.
    "CREATE TABLE IF NOT EXISTS blob_keys (sha256 TEXT NOT NULL UNIQUE, sealed TEXT UNIQUE, key BLOB)",
)

REMNANTS = "SELECT sealed FROM blob_keys WHERE key IS NULL AND sealed IS NOT NULL ORDER BY sealed"

_DESTROY = (
    "INSERT INTO blob_keys (sha256) VALUES (?)"
    " ON CONFLICT (sha256) DO UPDATE SET key = NULL WHERE key IS NOT NULL"
)  # fmt: skip


class SQLiteBlobKeys:
    """`BlobKeys` of an archive on one machine. To ask makes no file where nothing was sealed or erased yet."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._tables = SQLiteTables(path, _SCHEMA)

    def any(self) -> bool:
        return bool(self._all("SELECT 1 FROM blob_keys LIMIT 1", ()))

    def find(self, digests: Sequence[str]) -> dict[str, Seal]:
        rows = self._asked("SELECT sha256, key, sealed FROM blob_keys WHERE sha256", digests)
        return {sha256: Seal(key, sealed) for sha256, key, sealed in rows}

    def destroyed(self, digests: Sequence[str]) -> set[str]:
        return {row[0] for row in self._asked("SELECT sha256 FROM blob_keys WHERE key IS NULL AND sha256", digests)}

    def names(self, sealed: Sequence[str]) -> dict[str, str]:
        return {row[0]: row[1] for row in self._asked("SELECT sealed, sha256 FROM blob_keys WHERE sealed", sealed)}

    def agree(self, sha256: str, seal: Seal) -> Seal:
        self._make()
        with self._tables.writing(durable=True) as db:
            db.execute(
                "INSERT INTO blob_keys (sha256, sealed, key) VALUES (?, ?, ?) ON CONFLICT (sha256) DO NOTHING",
                (sha256, seal.sealed, seal.key),
            )
            [(key, sealed)] = db.execute("SELECT key, sealed FROM blob_keys WHERE sha256 = ?", (sha256,))
        return Seal(key, sealed)

    def destroy(self, sha256: str) -> None:
        """Raises `ArchiveBusy`, where somebody reads for so long that the log cannot be emptied: repeat it then."""
        self._make()
        with self._tables.writing(durable=True) as db:
            db.execute(_DESTROY, (sha256,))
        with self._tables.reading() as db:
            [(busy, _, _)] = db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        if busy:
            raise ArchiveBusy

    def pages(self) -> Iterator[dict[str, Seal]]:
        after = ""
        while page := self._all(
            "SELECT sha256, key, sealed FROM blob_keys WHERE sha256 > ? ORDER BY sha256 LIMIT ?", (after, PAGE)
        ):
            yield {sha256: Seal(key, sealed) for sha256, key, sealed in page}
            after = page[-1][0]

    def remnants(self) -> list[str]:
        return [row[0] for row in self._all(REMNANTS, ())]

    def counts(self) -> Counts:
        found = self._all("SELECT count(key), count(*) - count(key) FROM blob_keys", ())
        return Counts(*found[0]) if found else Counts(0, 0)

    def close(self) -> None:
        """Close this thread's connection."""
        self._tables.close()

    def _make(self) -> None:
        """With its mode from the first moment; SQLite gives its log the same."""
        if not self._path.exists():
            with storage_errors():
                with suppress(FileExistsError):
                    os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
                fsync_dir(self._path.parent)

    def _asked(self, statement: str, digests: Sequence[str]) -> Iterator[sqlite3.Row]:
        for at in range(0, len(digests), PAGE):
            some = digests[at : at + PAGE]
            yield from self._all(f"{statement} IN ({','.join('?' * len(some))})", some)

    def _all(self, statement: str, values: Sequence[object]) -> list[sqlite3.Row]:
        if not self._path.exists():
            return []
        with translated(), self._tables.reading() as db:
            return db.execute(statement, values).fetchall()
