"""What a store must offer beyond the port so that sealed files can be kept in it: both of ours do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol, runtime_checkable

from adapters.blobs.staging import Arrived, Staged
from domain.ports.blobs import FixityResult

if TYPE_CHECKING:
    from datetime import datetime

    from adapters.blobs.s3_inventory import FileVersion


class Inner(Protocol):
    """A `domain.ports.blobs.BlobStore` and, besides, its single steps."""

    def stage(self, chunks: Iterator[bytes]) -> Staged:
        """As the port's, with the upload as this store has it."""
        ...

    def find_staged(self, sha256: str) -> Staged | None:
        """As the port's. Raises `InvalidDigest`."""
        ...

    def find(self, sha256: str) -> Arrived | None:
        """An upload of these bytes, hashed again where its name alone says so; None where there is none, or it
        expired.
        """
        ...

    def receive(self, chunks: Iterator[bytes]) -> Arrived:
        """Stage for this process, which keeps it at once: nobody else has to find it."""
        ...

    def drop(self, path: Path) -> None:
        """Forget an upload; nothing happens where it is gone."""
        ...

    def sweep(self) -> int:
        """As the port's: how many files it removed."""
        ...

    def put(self, staged: Path, sha256: str, size: int) -> None:
        """Keep what is staged, whatever was erased."""
        ...

    def open(self, sha256: str) -> IO[bytes]:
        """As the port's. Raises `BlobMissing`, `BlobErased`."""
        ...

    def size(self, sha256: str) -> int | None:
        """In bytes, as it lies there; None where nothing does."""
        ...

    def digests(self) -> Iterator[str]:
        """Those under which something lies, ascending."""
        ...

    def strays(self) -> Iterator[str]:
        """As the port's: names of what is no kept file."""
        ...

    def fixity(self, digests: Iterable[str], workers: int = 2) -> Iterator[FixityResult]:
        """As the port's, of the bytes as they lie there."""
        ...

    def identities(self, digests: Iterable[str]) -> Mapping[str, str]:
        """A word for each of the files that are there, by digest: another one as soon as somebody wrote the bytes
        again.
        """
        ...

    def alone(self) -> AbstractContextManager[None]:
        """No filing is under way while the block runs."""
        ...

    def remove_kept(self, sha256: str) -> bool:
        """Take a kept file away; False, and nothing was removed, where a lock holds it."""
        ...

    def remove(self, sha256: str) -> bool:
        """The same, durably, and with all uploads of the same bytes."""
        ...

    def pending(self, digests: Iterable[str]) -> AbstractContextManager[None]:
        """As the port's."""
        ...

    def leftovers(self) -> set[str]:
        """As the port's."""
        ...

    def clean_up(
        self, referenced: Callable[[set[str]], set[str]], remove: Callable[[str], bool] | None = None
    ) -> list[str]:
        """As the port's. ``remove`` takes a file away in the place of `remove_kept`."""
        ...

    def close(self) -> None:
        """Let go of locks and connections of its own."""
        ...


@runtime_checkable
class Versioned(Protocol):
    """A store that keeps what somebody wrote over or deleted."""

    def versions(self, sha256: str) -> list[FileVersion]:
        """All that lies under the digest, delete markers included; nothing where nothing ever did."""
        ...


@runtime_checkable
class Locking(Protocol):
    """A store that may lock what it keeps."""

    def locked_until(self, sha256: str) -> datetime | None:
        """When the last lock of the file ends; None without one, and where a lock has no end."""
        ...
