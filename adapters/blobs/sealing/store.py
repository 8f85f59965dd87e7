"""Files that can be made unreadable for good: a `BlobStore` before another one, which holds ciphertexts.

The store behind keeps each sealed file under the SHA-256 of its *ciphertext*, with all that it promises: created once,
compared on arrival, hashed again, locked. The keys say which key and which ciphertext belong to a digest of plain
bytes, and everybody before this store speaks of those alone. Uploads that no record names yet are plain; they are few,
and gone in a day.

A file is sealed when it is kept, in this order: the ciphertext is staged, a key is agreed upon (so that two who keep
the same bytes make the same ciphertext), the ciphertext is kept. Whoever is killed leaves at most a key that opens
nothing; the next one who brings these bytes uses it.

An archive may hold both kinds: what was kept before sealing was switched on stays plain, and what was sealed stays so
after it was switched off. ``sealing`` says what becomes of a file that is new, and what is looked for first.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from hashlib import sha256 as hashed
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING

from adapters.blobs.names import checked_digest
from adapters.blobs.sealing.fixity import SealedFixity
from adapters.blobs.sealing.format import new_key, plain_size, sealed, unsealed
from adapters.blobs.sealing.inner import Inner, Locking, Versioned
from adapters.blobs.sealing.keys import PAGE, BlobKeys, Seal
from adapters.blobs.staging import Arrived, Staged
from adapters.disk.durable import remove_quietly, storage_errors
from adapters.disk.sqlite_faults import translated
from domain.errors import BlobDamaged, BlobErased, BlobMissing
from domain.ports.blobs import FixityResult

if TYPE_CHECKING:
    from datetime import datetime

    from adapters.blobs.s3_inventory import FileVersion


class SealedBlobStore:
    """Safe to share between threads and processes, as far as the store behind it is."""

    def __init__(self, inner: Inner, keys: BlobKeys, *, sealing: bool) -> None:
        self.inner, self.keys, self.sealing = inner, keys, sealing

    def __repr__(self) -> str:
        return f"SealedBlobStore({self.inner!r}, sealing={self.sealing})"

    def close(self) -> None:
        self.keys.close()
        self.inner.close()

    # ── arriving ────────────────────────────────────────────────────────────────────────────────────────────────

    def stage(self, chunks: Iterator[bytes]) -> Staged:
        return self.inner.stage(chunks).through(self)

    def find_staged(self, sha256: str) -> Staged | None:
        staged = self.inner.find_staged(sha256)
        return None if staged is None else staged.through(self)

    def find(self, sha256: str) -> Arrived | None:
        return self.inner.find(sha256)

    def drop(self, path: Path) -> None:
        self.inner.drop(path)

    def sweep(self) -> int:
        """Removes besides what was erased while a lock held it, and is locked no more."""
        there = [name for name in self.keys.remnants() if self.inner.size(name) is not None]
        return self.inner.sweep() + sum(self.inner.remove_kept(name) for name in there)

    # ── kept ────────────────────────────────────────────────────────────────────────────────────────────────────

    def keep(self, staged: Path, sha256: str, size: int) -> None:
        """Seal staged bytes, and keep them. A repeat after any fault is safe; they stay staged until then."""
        seal = self._seal(sha256)
        if seal is not None and seal.key is None:
            self.drop(staged)
            raise BlobErased(sha256)
        if not self._is_to_be_sealed(sha256, seal):
            self.inner.put(staged, sha256, size)
            return
        with _named(sha256):
            if not staged.exists() and seal is not None and self._sealed_size(seal) is not None:
                return
            self._keep_sealed(staged, sha256, seal)
        self.drop(staged)

    def open(self, sha256: str) -> IO[bytes]:
        checked_digest(sha256)
        if not self.sealing:
            try:
                return self.inner.open(sha256)
            except BlobMissing:
                pass
        seal = self._seal(sha256)
        return self.inner.open(sha256) if seal is None else self._opened(sha256, seal)

    def size(self, sha256: str) -> int | None:
        checked_digest(sha256)
        if not self.sealing and (size := self.inner.size(sha256)) is not None:
            return size
        seal = self._seal(sha256)
        if seal is None:
            return self.inner.size(sha256)
        if seal.key is None:
            return None
        size = self._sealed_size(seal)
        return self.inner.size(sha256) if size is None else plain_size(size) or 0

    def digests(self) -> Iterator[str]:
        """Ascending: sorted in a temporary file, since the store behind goes by other names. What was erased and could
        not be removed is none of them."""
        if not self.keys.any():
            yield from self.inner.digests()
            return
        with translated(), closing(sqlite3.connect("", isolation_level=None)) as db:
            db.execute("PRAGMA synchronous=OFF")
            db.execute("BEGIN")
            db.execute("CREATE TABLE kept (sha256 TEXT PRIMARY KEY) WITHOUT ROWID")
            for page in _pages(self.inner.digests()):
                names = self.keys.names(page)
                gone = self.keys.destroyed(list(names.values()))
                plain = {names.get(each, each) for each in page} - gone
                db.executemany("INSERT OR IGNORE INTO kept VALUES (?)", [(each,) for each in plain])
            yield from (row[0] for row in db.execute("SELECT sha256 FROM kept ORDER BY sha256"))

    def strays(self) -> Iterator[str]:
        """By the names that things have in the store behind: somebody will look for them there."""
        return self.inner.strays()

    def fixity(self, digests: Iterable[str], workers: int = 2) -> Iterator[FixityResult]:
        """Of the plain bytes: what was sealed is opened."""
        if not self.keys.any():
            return self.inner.fixity(digests, workers)
        return SealedFixity(self.inner, self.keys, self._opened).results(digests, workers)

    def identities(self, digests: Iterable[str]) -> Mapping[str, str]:
        """What the store behind says of the files that are there, and that their keys are the same."""
        identities: dict[str, str] = {}
        for page in _pages(iter(digests)):
            seals = self.keys.find(page)
            identities |= self.inner.identities([each for each in page if each not in seals])
            names = {str(seal.sealed): sha256 for sha256, seal in seals.items() if seal.key is not None}
            for name, identity in self.inner.identities(names).items():
                mark = hashed(b"identity of a key\n" + (seals[names[name]].key or b"")).hexdigest()[:16]
                identities[names[name]] = f"{identity}:{mark}"
        return identities

    def kept_as(self, sha256: str) -> tuple[str, ...]:
        """The digests under which the store behind may hold a file, the likelier first; none of what was erased."""
        seal = self._seal(sha256)
        if seal is None:
            return (sha256,)
        return () if seal.key is None or seal.sealed is None else (seal.sealed, sha256)

    def versions(self, sha256: str) -> list[FileVersion]:
        """All that the store behind holds of a file, where it keeps versions."""
        if not isinstance(self.inner, Versioned):
            return []
        return [each._replace(sha256=sha256) for name in self.kept_as(sha256) for each in self.inner.versions(name)]

    def locked_until(self, sha256: str) -> datetime | None:
        """When the lock ends that keeps a file from being erased: of one that is not sealed."""
        return self.inner.locked_until(sha256) if isinstance(self.inner, Locking) else None

    # ── erasing ─────────────────────────────────────────────────────────────────────────────────────────────────

    def erase(self, sha256: str, unless: Callable[[], bool] = lambda: False) -> bool:
        """First whatever is readable without a key, then the key, then what nobody can read any more: where a lock
        holds that, it stays until it is swept after the lock's end."""
        checked_digest(sha256)
        with self.inner.alone():
            if unless() or not self.inner.remove(sha256):
                return False
            seal = self._seal(sha256)
            self.keys.destroy(sha256)
            if seal is not None and seal.sealed is not None:
                self.inner.remove(seal.sealed)
        return True

    def erased(self, digests: Iterable[str]) -> set[str]:
        return self.keys.destroyed(list(digests))

    # ── filings that died ───────────────────────────────────────────────────────────────────────────────────────

    def pending(self, digests: Iterable[str]) -> AbstractContextManager[None]:
        return self.inner.pending(digests)

    def leftovers(self) -> set[str]:
        return self.inner.leftovers()

    def clean_up(self, referenced: Callable[[set[str]], set[str]]) -> list[str]:
        return self.inner.clean_up(referenced, self._remove_kept)

    # ── below ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _seal(self, sha256: str) -> Seal | None:
        return self.keys.find([sha256]).get(sha256)

    def _sealed_size(self, seal: Seal) -> int | None:
        return self.inner.size(str(seal.sealed))

    def _is_to_be_sealed(self, sha256: str, seal: Seal | None) -> bool:
        """What is kept in one way stays so: a second copy in the other would cost room and nothing else."""
        if self.sealing:
            return seal is not None or self.inner.size(sha256) is None
        return seal is not None and self._sealed_size(seal) is not None

    def _keep_sealed(self, staged: Path, sha256: str, seal: Seal | None) -> None:
        mine = new_key() if seal is None or seal.key is None else seal.key
        arrived = self._encrypt(staged, sha256, mine)
        try:
            if seal is None:
                seal = self.keys.agree(sha256, Seal(mine, arrived.sha256))
                if seal.key is None:
                    raise BlobErased(sha256)
                if seal.key != mine:  # somebody else brings the same bytes at this moment
                    remove_quietly(arrived.path)
                    arrived = self._encrypt(staged, sha256, seal.key)
            if arrived.sha256 != seal.sealed:  # the keys were tampered with
                raise BlobDamaged(sha256)
            self.inner.put(*arrived)
        finally:
            remove_quietly(arrived.path)

    def _encrypt(self, staged: Path, sha256: str, key: bytes) -> Arrived:
        """Raises `BlobMissing` where staging does not hold those bytes (any more)."""
        with storage_errors():
            try:
                source = staged.open("rb")
            except FileNotFoundError:
                raise BlobMissing(sha256) from None
        plain = hashed()

        def read(size: int) -> bytes:
            with storage_errors():
                data = source.read(size)
            plain.update(data)
            return data

        with source:
            arrived = self.inner.receive(sealed(read, key))
        if plain.hexdigest() != sha256:
            remove_quietly(arrived.path)
            raise BlobMissing(sha256)
        return arrived

    def _opened(self, sha256: str, seal: Seal) -> IO[bytes]:
        if seal.key is None or seal.sealed is None:
            raise BlobErased(sha256)
        with _named(sha256):
            try:
                source = self.inner.open(seal.sealed)
            except BlobMissing:
                return self.inner.open(sha256)  # a key that was agreed upon elsewhere, or for nothing
        return unsealed(source, seal.key, sha256)

    def _remove_kept(self, sha256: str) -> bool:
        gone = [self.inner.remove_kept(name) for name in self.kept_as(sha256)]  # each is tried
        return all(gone)


@contextmanager
def _named(sha256: str) -> Iterator[None]:
    """What is said of a ciphertext is said of its file."""
    try:
        yield
    except BlobMissing:
        raise BlobMissing(sha256) from None
    except BlobDamaged:
        raise BlobDamaged(sha256) from None


def _pages(digests: Iterator[str]) -> Iterator[list[str]]:
    while page := list(islice(digests, PAGE)):
        yield page
