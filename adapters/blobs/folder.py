"""The blob store of an embedded archive: a folder of read-only files, each named by its SHA-256.

::

    root/sha256/ab/cd/abcd…      kept files, mode 0444, never replaced
    staging/<digest>.<random>    whole uploads that no record names yet; they expire after 24 hours
    staging/pending.<random>     files of a filing under way (`adapters.blobs.pending`)
    staging/incoming.<random>    uploads under way; what a killed process left goes after an hour

Both folders need a file system with hard links; they may lie on different ones (then a commit copies). Any number
of processes may use them at once, and there is no lock: the only shared step is link(2), which one of them wins.
After a crash at any point a kept name holds all of its bytes or does not exist.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import IO

from adapters.blobs import fixity, inventory, pending, staging
from adapters.blobs.names import checked_digest, is_digest, kept_name, kept_path
from adapters.blobs.sealing.keys import KEYS_FILE, Erasures, SQLiteBlobKeys
from adapters.blobs.staging import Arrived, Staged
from adapters.disk.durable import TEMPORARY_PREFIX, fsync_dir, make_dirs, remove_quietly, storage_errors, write_all
from domain.errors import BlobDamaged, BlobErased, BlobMissing
from domain.ports.blobs import FixityResult

STAGED_SECONDS = 24 * 3600
"""How long an upload waits for the record that names it."""

INCOMING_SECONDS = 3600
"""How long an upload may be silent before it counts as left by a killed process."""

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # NONBLOCK: a planted pipe must not hang us


class FolderBlobStore:
    """A `BlobStore` in a folder. ``now`` is the wall clock in seconds, by which uploads expire. ``erasures`` remembers
    what was erased: by itself in a file beside the root."""

    def __init__(
        self,
        root: Path,
        staging: Path,
        now: Callable[[], float] = time.time,
        erasures: Erasures | None = None,
    ) -> None:
        self._root, self._staging, self._now = root, staging, now
        self._erasures = erasures or SQLiteBlobKeys(root.parent / KEYS_FILE)
        self._durable_dirs: set[Path] = set()  # directories whose names this process has seen fsynced
        self._whole: dict[Path, tuple[int, int, int]] = {}  # staged by this process: inode, size, ctime
        with storage_errors():
            make_dirs(root / "sha256")
            make_dirs(staging)

    # ── arriving ────────────────────────────────────────────────────────────────────────────────────────────────

    def stage(self, chunks: Iterator[bytes]) -> Staged:
        arrived = self.receive(chunks)
        with storage_errors():
            self._whole[arrived.path] = _identity(arrived.path.stat())
        return Staged(self, arrived)

    def receive(self, chunks: Iterator[bytes]) -> Arrived:
        """Stage for this process, which keeps it at once: nobody else has to find it."""
        return staging.receive(chunks, self._staging)

    def find_staged(self, sha256: str) -> Staged | None:
        upload = self.find(checked_digest(sha256))
        return None if upload is None else Staged(self, upload)

    def find(self, sha256: str) -> Arrived | None:
        """An upload of an earlier request. One that this process did not write itself is hashed again first, since
        staging, unlike the kept files, is a place where names say nothing yet."""
        with storage_errors(), os.scandir(self._staging) as entries:
            candidates = [Path(entry) for entry in entries if entry.name.startswith(f"{sha256}.")]
        for path in candidates:
            try:
                about = path.lstat()
                expired = about.st_mtime + STAGED_SECONDS < self._now()
                if not expired and (self._whole.get(path) == _identity(about) or _hash(path, sync=True) == sha256):
                    return Arrived(path, sha256, about.st_size)
            except OSError:  # taken by another request, or unreadable: as good as not there
                continue
        return None

    def drop(self, path: Path) -> None:
        with storage_errors():
            path.unlink(missing_ok=True)

    def close(self) -> None:
        """Nothing of its own is open."""

    def sweep(self) -> int:
        removed = 0
        with storage_errors(), os.scandir(self._staging) as entries:
            for entry in entries:
                staged = is_digest(entry.name.partition(".")[0])
                if not staged and not entry.name.startswith((staging.INCOMING_PREFIX, TEMPORARY_PREFIX)):
                    continue  # not ours to remove
                try:
                    idle = self._now() - entry.stat(follow_symlinks=False).st_mtime
                    if idle > (STAGED_SECONDS if staged else INCOMING_SECONDS):
                        Path(entry).unlink()
                        removed += 1
                except FileNotFoundError:  # committed or swept by another process
                    continue
        for path in [path for path in self._whole if not path.exists()]:
            self._whole.pop(path, None)
        return removed

    # ── kept ────────────────────────────────────────────────────────────────────────────────────────────────────

    def keep(self, staged: Path, sha256: str, size: int) -> None:
        """As `put`, of what was not erased; what was leaves nothing here."""
        if self._erasures.destroyed([sha256]):
            self.drop(staged)
            raise BlobErased(sha256)
        self.put(staged, sha256, size)

    def put(self, staged: Path, sha256: str, size: int) -> None:
        """Give staged bytes their lasting name. A repeat after any fault is safe; the staged file stays until then.

        When the name is taken, the file under it is compared with what it promises: to acknowledge over a damaged
        file would lose the good bytes that are in hand. That costs one more read of a file that was just uploaded.
        """
        target = kept_path(self._root, sha256)
        with storage_errors():
            self._make_dirs(target.parent)
            try:
                self._link(staged, target)
            except FileNotFoundError:
                if not target.exists():
                    raise BlobMissing(sha256) from None
            except FileExistsError:
                _require_sound(target, staged, sha256, size)
            self._make_names_durable(target.parent)
        remove_quietly(staged)  # it is kept: a fault now is no reason to say otherwise, and leftovers expire
        self._whole.pop(staged, None)

    def open(self, sha256: str) -> IO[bytes]:
        path = kept_path(self._root, sha256)
        with storage_errors():
            try:
                handle = os.open(path, _READ)
            except FileNotFoundError:
                raise (BlobErased if self._erasures.destroyed([sha256]) else BlobMissing)(sha256) from None
            except OSError as error:
                if error.errno == errno.ELOOP:  # a symbolic link in place of the file
                    raise BlobDamaged(sha256) from None
                raise
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                os.close(handle)
                raise BlobDamaged(sha256)
            return os.fdopen(handle, "rb")

    def size(self, sha256: str) -> int | None:
        with storage_errors():
            try:
                about = kept_path(self._root, sha256).lstat()
            except FileNotFoundError:
                return None
        return about.st_size if stat.S_ISREG(about.st_mode) else None

    def digests(self) -> Iterator[str]:
        return inventory.digests(self._root)

    def strays(self) -> Iterator[str]:
        return inventory.strays(self._root, self._staging)

    def fixity(self, digests: Iterable[str], workers: int = 2) -> Iterator[FixityResult]:
        return fixity.fixity(self._root, digests, workers)

    def identities(self, digests: Iterable[str]) -> Mapping[str, str]:
        """What the file system says of the files that are there; it changes whenever their bytes are written."""
        identities = {}
        for sha256 in digests:
            with suppress(OSError):
                at = os.lstat(f"{self._root}/{kept_name(sha256)}")
                identities[sha256] = f"{at.st_dev}:{at.st_ino}:{at.st_size}:{at.st_mtime_ns}:{at.st_ctime_ns}"
        return identities

    def kept_as(self, sha256: str) -> tuple[str, ...]:
        """The digests under which a file may lie here."""
        return (sha256,)

    # ── erasing ─────────────────────────────────────────────────────────────────────────────────────────────────

    def erase(self, sha256: str, unless: Callable[[], bool] = lambda: False) -> bool:
        checked_digest(sha256)
        with self.alone():
            if unless():
                return False
            self.remove(sha256)
            self._erasures.destroy(sha256)
        return True

    def erased(self, digests: Iterable[str]) -> set[str]:
        return self._erasures.destroyed(list(digests))

    def alone(self) -> AbstractContextManager[None]:
        """No filing is under way while the block runs."""
        return pending.alone(self._staging)

    def remove_kept(self, sha256: str) -> bool:
        """Take a file away. Nothing here is ever locked: always True."""
        with storage_errors():
            kept_path(self._root, sha256).unlink(missing_ok=True)
        return True

    def remove(self, sha256: str) -> bool:
        """The same, durably, and with all uploads of the same bytes."""
        path = kept_path(self._root, sha256)
        with storage_errors():
            with os.scandir(self._staging) as entries:
                uploads = [Path(entry) for entry in entries if entry.name.startswith(f"{sha256}.")]
            for each in (*uploads, path):
                each.unlink(missing_ok=True)
            for folder in (self._staging, path.parent):
                if folder.exists():
                    fsync_dir(folder)
        return True

    # ── filings that died ───────────────────────────────────────────────────────────────────────────────────────

    def pending(self, digests: Iterable[str]) -> AbstractContextManager[None]:
        return pending.noted(self._staging, digests)

    def leftovers(self) -> set[str]:
        return pending.digests(self._staging)

    def clean_up(
        self, referenced: Callable[[set[str]], set[str]], remove: Callable[[str], bool] | None = None
    ) -> list[str]:
        """``remove``: takes one of them away, where it is kept under another name than its own."""
        with self.alone():
            left = pending.digests(self._staging)
            removed = sorted(left - referenced(left)) if left else []
            for sha256 in removed:
                (remove or self.remove_kept)(sha256)
            pending.forget(self._staging)
        self.sweep()
        return removed

    # ── below ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _make_dirs(self, leaf: Path) -> None:
        if leaf not in self._durable_dirs:
            leaf.parent.mkdir(exist_ok=True)
            leaf.mkdir(exist_ok=True)

    def _make_names_durable(self, leaf: Path) -> None:
        """The new name and both levels above it, after all are made: one commit of the journal carries the three.

        Another process may have made a level and not fsynced it yet, so every process that relies on one does so
        once itself. Also the one who found the name taken: the other may not have got so far."""
        fsync_dir(leaf)
        for folder in (leaf, leaf.parent):
            if folder not in self._durable_dirs:
                fsync_dir(folder.parent)
                self._durable_dirs.add(folder)

    def _link(self, staged: Path, target: Path) -> None:
        try:
            os.link(staged, target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            copy = _copy_beside(staged, target)
            try:
                os.link(copy, target)
            finally:
                remove_quietly(copy)


def _copy_beside(staged: Path, target: Path) -> Path:
    """A durable copy in the target's folder, for when staging lies on another file system."""
    copy = target.with_name(f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}")
    try:
        with staged.open("rb") as source, copy.open("xb", buffering=0) as out:
            while block := source.read(staging.BATCH_BYTES):
                write_all(out.fileno(), block)
            os.fchmod(out.fileno(), staging.KEPT_MODE)
            os.fsync(out.fileno())
    except BaseException:
        remove_quietly(copy)
        raise
    return copy


def _require_sound(target: Path, staged: Path, sha256: str, size: int) -> None:
    about = target.lstat()
    if not stat.S_ISREG(about.st_mode) or about.st_size != size:
        raise BlobDamaged(sha256)
    if staged.exists() and staged.samefile(target):
        return  # our own link, from a call that failed after it
    if _hash(target) != sha256:
        raise BlobDamaged(sha256)


def _hash(path: Path, sync: bool = False) -> str:
    handle = os.open(path, _READ)
    try:
        if sync:  # its writer may not have got so far
            os.fsync(handle)
        return staging.digest_of(handle)
    finally:
        os.close(handle)


def _identity(about: os.stat_result) -> tuple[int, int, int]:
    return about.st_ino, about.st_size, about.st_ctime_ns
