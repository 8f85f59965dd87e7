"""The blob store of an archive on servers: one object for each file in a bucket, named by its SHA-256.

::

    files/sha256/ab/cd/abcd…      kept files: created once, under retention where the settings say so
    pending/<random>              files of a filing under way (`adapters.blobs.s3_notes`)
    staging/<digest>.<random>     uploads that no record names yet, where several machines serve
    ledger/…                      the ledger's public files (`adapters.ledger.publisher_s3`)
    retention/progress            how far locks follow the records (`adapters.blobs.s3_locks`)

Any number of processes on any number of machines may use it at once: the only shared step is a PUT with
``If-None-Match: *``, which one of them wins. The server answers it when the bytes are durable, verified against their
SHA-256; after a crash at any point a kept name holds all of its bytes or does not exist.

What somebody else does to the bucket shows: a kept file is read in its current version, so that one that was written
over is *damaged* and a deleted one (a delete marker hides it) is *missing*, and each replaced version, which is what a
person can restore from, is listed by `extra_versions` and among `strays`.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from adapters.blobs import s3_fixity, s3_inventory, s3_sending
from adapters.blobs.names import checked_digest
from adapters.blobs.s3_inventory import FileVersion, key_of
from adapters.blobs.s3_notes import FolderGate, Gate, Notes
from adapters.blobs.s3_reader import reader
from adapters.blobs.s3_sending import plain, send
from adapters.blobs.s3_spool import Spool
from adapters.blobs.sealing.keys import KEYS_FILE, Erasures, SQLiteBlobKeys
from adapters.blobs.staging import HASH_BLOCK, Arrived, Staged
from adapters.s3 import bucket
from adapters.s3.bucket import BucketFacts
from adapters.s3.client import Client, Kept
from domain.errors import BlobDamaged, BlobErased, BlobMissing, StorageFailed, Unavailable
from domain.ports.blobs import FixityResult

IDENTITY_THREADS = 8
"""Questions under way together: each is a round to the server."""


class S3BlobStore:
    """A `BlobStore` in a bucket. ``spool`` is a folder for uploads on their way. ``shared``: an upload may be claimed
    by a request to another machine. ``gate`` keeps filings and clean-ups apart; the default is right as long as all of
    them run on this machine. ``now`` is the wall clock in seconds. ``erasures`` remembers what was erased: by itself in
    a file beside the spool.
    """

    def __init__(
        self,
        client: Client,
        spool: Path,
        *,
        shared: bool = False,
        gate: Gate | None = None,
        now: Callable[[], float] = time.time,
        erasures: Erasures | None = None,
    ) -> None:
        self._client, self._now = client, now
        self._erasures = erasures or SQLiteBlobKeys(spool.parent / KEYS_FILE)
        self.spool = Spool(spool, client, shared, now)
        self._notes = Notes(client, gate or FolderGate(spool))

    def __repr__(self) -> str:
        return f"S3BlobStore({self._client.address})"

    def close(self) -> None:
        """The client belongs to whoever passed it in; the gate is ours."""
        self._notes.gate.close()

    def create(self) -> None:
        """Make the bucket (`bucket.make`)."""
        bucket.make(self._client)

    def check(self) -> BucketFacts:
        """What there is to know about the bucket's safety; never raises."""
        return bucket.look(self._client)

    # ── arriving ────────────────────────────────────────────────────────────────────────────────────────────────

    def stage(self, chunks: Iterator[bytes]) -> Staged:
        return Staged(self, self.spool.receive(chunks))

    def receive(self, chunks: Iterator[bytes]) -> Arrived:
        """Stage for this process, which keeps it at once: nobody else has to find it."""
        return self.spool.here(chunks)

    def find_staged(self, sha256: str) -> Staged | None:
        upload = self.find(checked_digest(sha256))
        return None if upload is None else Staged(self, upload)

    def find(self, sha256: str) -> Arrived | None:
        return self.spool.find(sha256)

    def drop(self, path: Path) -> None:
        self.spool.drop(path)

    def sweep(self) -> int:
        return self.spool.sweep()

    # ── kept ────────────────────────────────────────────────────────────────────────────────────────────────────

    def keep(self, staged: Path, sha256: str, size: int) -> None:
        """As `put`, of what was not erased; what was leaves nothing here."""
        if self._erasures.destroyed([sha256]):
            self.drop(staged)
            raise BlobErased(sha256)
        self.put(staged, sha256, size)

    def put(self, staged: Path, sha256: str, size: int) -> None:
        """Put staged bytes under their lasting name. A repeat after any fault is safe; they stay staged until then.

        When the name is taken, what lies there is compared with what it promises: to acknowledge over a damaged file
        would lose the good bytes that are in hand. Its lock is lengthened, since another record relies on it now.
        """
        key, checksums = key_of(sha256), plain(sha256)
        now = datetime.fromtimestamp(self._now(), UTC)
        kept = None
        if size > s3_sending.WHOLE or not staged.exists():  # a small file is sent sooner than asked about
            kept = self._client.head(key)
        if kept is None:
            try:
                sent = send(self._client, key, staged, sha256, size, bucket.lock_headers(self._client, now))
            except BlobMissing:  # or another filing found the same upload, kept it and dropped it since we looked
                if (kept := self._client.head(key)) is None:
                    raise
            else:
                if not sent.fresh:
                    checksums = sent.checksums
                    kept = self._client.head(key)
                    if kept is None:  # an upload in parts that somebody gave up for us, or an object deleted right now
                        raise StorageFailed("NoSuchUpload")
        if kept is not None:
            self._require_sound(key, kept, sha256, checksums, size)
            bucket.lock_until(self._client, key, kept, bucket.first_lock_until(self._client, now))
        with suppress(Unavailable):  # it is kept: a fault now is no reason to say otherwise, and leftovers expire
            self.drop(staged)

    def open(self, sha256: str) -> IO[bytes]:
        key, kept = key_of(sha256), self._client.head(key_of(sha256))
        if kept is None:
            raise (BlobErased if self._erasures.destroyed([sha256]) else BlobMissing)(sha256)
        return reader(self._client, key, sha256, kept)

    def size(self, sha256: str) -> int | None:
        kept = self._client.head(key_of(sha256))
        return None if kept is None else kept.size

    def digests(self) -> Iterator[str]:
        return s3_inventory.digests(self._client)

    def strays(self) -> Iterator[str]:
        return s3_inventory.strays(self._client)

    def fixity(self, digests: Iterable[str], workers: int = 2) -> Iterator[FixityResult]:
        return s3_fixity.fixity(self._client, digests, workers)

    def identities(self, digests: Iterable[str]) -> Mapping[str, str]:
        """What the server says of the files that are there; a version is never written again."""
        asked = list(digests)
        with ThreadPoolExecutor(IDENTITY_THREADS, thread_name_prefix="identities") as pool:
            kept = pool.map(self._client.head, map(key_of, asked))
            return {
                sha256: f"{each.version}:{each.etag}:{each.size}:{each.modified}"
                for sha256, each in zip(asked, kept, strict=True)
                if each is not None
            }

    # ── versions and locks ──────────────────────────────────────────────────────────────────────────────────────

    def versions(self, sha256: str) -> list[FileVersion]:
        """All that the bucket holds under a digest, delete markers included."""
        return list(s3_inventory.versions(self._client, key_of(sha256)))

    def extra_versions(self) -> Iterator[FileVersion]:
        """Versions of kept files that somebody wrote over."""
        return s3_inventory.extra_versions(self._client)

    def lock(self, sha256: str) -> Kept:
        """How a file is locked: `Kept.lock_mode`, `Kept.locked_until`, `Kept.legal_hold`. Raises `BlobMissing`."""
        return self._kept(sha256)

    def locked_until(self, sha256: str) -> datetime | None:
        """When the lock of a file ends; None without one, or where it has no end."""
        kept = [self._client.head(key_of(sha256), each.version) for each in self.versions(sha256) if not each.deleted]
        if any(each.legal_hold for each in kept if each is not None):
            return None
        return max((each.locked_until for each in kept if each is not None and each.locked_until), default=None)

    def extend_retention(self, sha256: str, until: datetime) -> None:
        """Lock a file at least until then; a lock is never shortened. Nothing happens with lock=off."""
        bucket.lock_until(self._client, key_of(sha256), self._kept(sha256), until)

    def set_legal_hold(self, sha256: str, on: bool) -> None:
        """Lock a file without an end, or lift that; its retention goes on as it was."""
        bucket.hold(self._client, key_of(sha256), self._kept(sha256), on)

    def kept_as(self, sha256: str) -> tuple[str, ...]:
        """The digests under which a file may lie here."""
        return (sha256,)

    # ── erasing ─────────────────────────────────────────────────────────────────────────────────────────────────

    def erase(self, sha256: str, unless: Callable[[], bool] = lambda: False) -> bool:
        checked_digest(sha256)
        with self.alone():
            if unless() or not self.remove(sha256):
                return False
            self._erasures.destroy(sha256)
        return True

    def erased(self, digests: Iterable[str]) -> set[str]:
        return self._erasures.destroyed(list(digests))

    def alone(self) -> AbstractContextManager[None]:
        """No filing is under way on any machine while the block runs."""
        return self._notes.gate.alone()

    def remove_kept(self, sha256: str) -> bool:
        """Remove all versions; False, and nothing removed, where one of them is locked."""
        key, versions = key_of(sha256), self.versions(sha256)
        for each in versions:
            kept = None if each.deleted else self._client.head(key, each.version)
            if kept and (kept.legal_hold or (kept.locked_until and kept.locked_until.timestamp() > self._now())):
                return False
        for each in versions:
            self._client.delete(key, each.version)
        return True

    def remove(self, sha256: str) -> bool:
        """The same, and all uploads of the same bytes."""
        if not self.remove_kept(sha256):
            return False
        self.spool.forget(sha256)
        return True

    # ── filings that died ───────────────────────────────────────────────────────────────────────────────────────

    def pending(self, digests: Iterable[str]) -> AbstractContextManager[None]:
        return self._notes.noted(digests)

    def leftovers(self) -> set[str]:
        return self._notes.digests()

    def clean_up(
        self, referenced: Callable[[set[str]], set[str]], remove: Callable[[str], bool] | None = None
    ) -> list[str]:
        """A leftover that is locked stays, and stays noted: it goes with a clean-up after its lock has ended. So does
        one whose event may yet come (`Gate.aftermath`). ``remove``: takes one of them away, where it is kept under
        another name than its own."""
        with self._notes.gate.alone():
            notes, left = self._notes.settled(datetime.fromtimestamp(self._now(), UTC))
            unnamed = sorted(left - referenced(left)) if left else []
            removed = [sha256 for sha256 in unnamed if (remove or self.remove_kept)(sha256)]
            self._notes.replace(notes, set(unnamed) - set(removed))
        self.sweep()
        return removed

    # ── below ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _kept(self, sha256: str) -> Kept:
        kept = self._client.head(key_of(sha256))
        if kept is None:
            raise BlobMissing(sha256)
        return kept

    def _require_sound(self, key: str, kept: Kept, sha256: str, checksums: frozenset[str], size: int) -> None:
        """By the checksum that the server verified when the object was made; read whole where that says nothing:
        an object made in other parts, or by somebody who gave no checksum. (That its disks have kept it since is the
        server's duty and `fixity`'s to check.)"""
        if kept.size != size:
            raise BlobDamaged(sha256)
        if kept.checksum in checksums:
            return
        hasher = hashlib.sha256()
        with reader(self._client, key, sha256, kept, straight=True) as source:
            while block := source.read(HASH_BLOCK):
                hasher.update(block)
        if hasher.hexdigest() != sha256:
            raise BlobDamaged(sha256)
