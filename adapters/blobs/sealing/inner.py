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

    def stage(self, chunks: Iterator[bytes]) -> Staged: ...

    def find_staged(self, sha256: str) -> Staged | None: ...

    def find(self, sha256: str) -> Arrived | None: ...

    def receive(self, chunks: Iterator[bytes]) -> Arrived:
        """Stage for this process, which keeps it at once: nobody else has to find it."""
        ...

    def drop(self, path: Path) -> None: ...

    def sweep(self) -> int: ...

    def put(self, staged: Path, sha256: str, size: int) -> None:
        """Keep what is staged, whatever was erased."""
        ...

    def open(self, sha256: str) -> IO[bytes]: ...

    def size(self, sha256: str) -> int | None: ...

    def digests(self) -> Iterator[str]: ...

    def strays(self) -> Iterator[str]: ...

    def fixity(self, digests: Iterable[str], workers: int = 2) -> Iterator[FixityResult]: ...

    def identities(self, digests: Iterable[str]) -> Mapping[str, str]: ...

    def alone(self) -> AbstractContextManager[None]:
        """No filing is under way while the block runs."""
        ...

    def remove_kept(self, sha256: str) -> bool:
        """Take a kept file away; False, and nothing was removed, where a lock holds it."""
        ...

    def remove(self, sha256: str) -> bool:
        """The same, durably, and with all uploads of the same bytes."""
        ...

    def pending(self, digests: Iterable[str]) -> AbstractContextManager[None]: ...

    def leftovers(self) -> set[str]: ...

    def clean_up(
        self, referenced: Callable[[set[str]], set[str]], remove: Callable[[str], bool] | None = None
    ) -> list[str]: ...

    def close(self) -> None: ...


@runtime_checkable
class Versioned(Protocol):
    """A store that keeps what somebody wrote over or deleted."""

    def versions(self, sha256: str) -> list[FileVersion]: ...


@runtime_checkable
class Locking(Protocol):
    """A store that may lock what it keeps."""

    def locked_until(self, sha256: str) -> datetime | None: ...
