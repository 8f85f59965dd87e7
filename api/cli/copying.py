"""Copying kept files out of the archive: checked against their digests, never over another file."""

from __future__ import annotations

import contextlib
import hashlib
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from domain.errors import BlobDamaged, InputError

if TYPE_CHECKING:
    from domain.files import FileEntry
    from domain.ports.blobs import BlobStore

BLOCK = 1 << 20
LONGEST_NAME = 255
"""Bytes of a name that file systems take; the archive keeps names of as many characters."""


class OutputExists(InputError):
    code = "output_exists"
    http_status = 409
    zh = "{path} 已经存在，内容不同，没有覆盖。"
    en = "{path} exists with other contents; it was not overwritten."
    next_zh = "请换一个位置，或先移走它。"
    next_en = "Choose another place, or move it away first."


class OutputFailed(InputError):
    code = "output_failed"
    zh = "{path} 写不了（{reason}）。"
    en = "{path} cannot be written ({reason})."


def copy_out(blobs: BlobStore, entries: Iterable[FileEntry], folder: Path) -> Iterator[dict[str, Any]]:
    """Each entry as it is written. Raises `BlobMissing`, `BlobDamaged`, `OutputExists`, `OutputFailed`."""
    make_folder(folder)
    for entry in entries:
        path = folder / safe_name(entry.name)
        if path.exists() or path.is_symlink():
            if _digest(path) != entry.sha256:
                raise OutputExists(path=str(path))
        else:
            _copy(blobs, entry, path)
        yield {"name": entry.name, "path": path.name, "sha256": entry.sha256, "size": entry.size}


def make_folder(folder: Path) -> None:
    """Raises `OutputFailed`."""
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)


def write_out(path: Path, data: bytes) -> None:
    """Write a result whole or not at all; one that was there is replaced."""
    part = path.with_name(f".{secrets.token_hex(8)}.part")  # a name of its own: that of ``path`` may just fit
    with _writing(path):
        try:
            part.write_bytes(data)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)


def safe_name(name: str) -> str:
    """A name of one path component that fits, the ending kept. Stored names have no folders; this trusts nobody."""
    name = "".join("_" if char in '/\\:*?"<>|' or not char.isprintable() else char for char in name).strip() or "_"
    if name in (".", ".."):
        return "_"
    suffix = Path(name).suffix
    if len(suffix.encode()) > 32:
        suffix = ""
    stem = name.removesuffix(suffix)
    return stem.encode()[: LONGEST_NAME - len(suffix.encode())].decode("utf-8", "ignore") + suffix


def _copy(blobs: BlobStore, entry: FileEntry, path: Path) -> None:
    digest = hashlib.sha256()
    part = path.with_name(f".{entry.sha256[:32]}.part")
    try:
        with blobs.open(entry.sha256) as source, _writing(path), part.open("wb") as target:
            while block := source.read(BLOCK):
                digest.update(block)
                target.write(block)
        if digest.hexdigest() != entry.sha256:
            raise BlobDamaged(entry.sha256)
        with _writing(path):
            part.replace(path)
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()
    except OSError:
        return ""


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputFailed(path=str(path), reason=error.strerror or type(error).__name__) from None
