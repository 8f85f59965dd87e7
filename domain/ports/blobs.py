"""The store of files, each under its SHA-256."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import IO, NamedTuple, Protocol


class StagedFile(Protocol):
    """Bytes that arrived whole and are fsynced, hashed while they streamed, but not yet kept under a lasting name."""

    sha256: str
    size: int

    def open(self) -> IO[bytes]:
        """A seekable reader, also after `commit`. Raises `BlobMissing` when staging lost them."""
        ...

    def commit(self) -> None:
        """Keep them under their digest, durably; nothing happens when the digest is already kept.

        Raises `BlobDamaged` when other bytes lie under that digest, `BlobMissing` when staging lost it, and
        `BlobErased` when these bytes were erased: what is gone does not come back unnoticed.
        """
        ...

    def discard(self) -> None:
        """Forget them; what was committed stays kept."""
        ...


class FixityResult(NamedTuple):
    """One kept file hashed again. It is sound when ``computed == sha256``."""

    sha256: str  # the digest it is kept under
    computed: str | None  # the digest of its bytes; None when they cannot be read to the end
    size: int | None  # bytes; None when nothing is kept under that digest


class BlobStore(Protocol):
    """Files under their SHA-256 (64 lower-case hex digits). Never overwritten, never changed."""

    def stage(self, chunks: Iterator[bytes]) -> StagedFile:
        """Stream to staging with flat memory while hashing. Raises `StorageFull`; leaves nothing behind on error."""
        ...

    def find_staged(self, sha256: str) -> StagedFile | None:
        """What an earlier request staged and nobody has committed yet; None when there is none, or it expired."""
        ...

    def sweep(self) -> int:
        """Remove what killed processes and abandoned uploads left in staging; returns how many files."""
        ...

    def open(self, sha256: str) -> IO[bytes]:
        """A seekable reader. Raises `BlobMissing`, `BlobErased`."""
        ...

    def erase(self, sha256: str, unless: Callable[[], bool] = lambda: False) -> bool:
        """Make a kept file unreadable for good, durably.

        True: nothing of it can be read here any more; so also where it was not there. False: a lock holds a readable
        copy, and nothing was removed; repeat it when the lock has ended. Waits until no filing is under way, and asks
        then ``unless`` somebody needs it: nothing is removed, and the answer is False. After an error a repeat finishes
        what was begun.
        """
        ...

    def erased(self, digests: Iterable[str]) -> set[str]:
        """Those of them that were erased here."""
        ...

    def size(self, sha256: str) -> int | None:
        """Size in bytes, None when it is not kept."""
        ...

    def digests(self) -> Iterator[str]:
        """Every digest kept, in ascending order."""
        ...

    def fixity(self, digests: Iterable[str], workers: int = 2) -> Iterator[FixityResult]:
        """Hash kept files again, in the order asked, with flat memory; never raises for what it finds."""
        ...

    def pending(self, digests: Iterable[str]) -> AbstractContextManager[None]:
        """While the block runs, files of these digests may be kept without an event that names them.

        Should the process die or the block raise, they are `leftovers` from then on, not a sign of tampering.
        """
        ...

    def leftovers(self) -> set[str]:
        """Digests of filings under way, and of those that were interrupted."""
        ...

    def clean_up(self, referenced: Callable[[set[str]], set[str]]) -> list[str]:
        """Remove the leftovers that no event names: ``referenced`` gives those of its argument that one does.

        Waits until no filing is under way, and lets none begin meanwhile. Returns the digests removed.
        """
        ...

    def strays(self) -> Iterator[str]:
        """Names of things in the store that are not kept files (foreign names, leftovers)."""
        ...
