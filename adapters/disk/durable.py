"""Writing files so that they survive a power cut, and naming the faults that stop it.

A file is durable only when its bytes *and* the directory entry that names it were fsynced; a new directory needs
its parent fsynced as well. Sources: ``man 2 fsync`` ("Calling fsync() does not necessarily ensure that the entry in
the directory containing the file has also reached disk"); Pillai et al., "All File Systems Are Not Created Equal"
(OSDI 2014); Rebello et al., "Can Applications Recover from fsync Failures?" (USENIX ATC 2020).

From the last one: after a failed fsync the kernel may call the dirty pages clean, so a second fsync that succeeds
proves nothing. Nothing here ever repeats an fsync on the same file: the temporary file is thrown away and the caller
starts again from its own bytes.

Known limit: a disk that acknowledges a flush it did not do cannot be seen from here.
"""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from domain.errors import StorageFailed, StorageFull, StorageNotWritable

TEMPORARY_PREFIX = ".tmp-"
"""Begins the name of every temporary file made here; a killed process leaves such a name and nothing else."""

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_NOT_PERMITTED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


@contextmanager
def storage_errors() -> Iterator[None]:
    """Turn an `OSError` inside the block into `StorageFull`, `StorageNotWritable` or `StorageFailed`."""
    try:
        yield
    except OSError as error:
        raise storage_fault(error) from error


def storage_fault(error: OSError) -> StorageFull | StorageNotWritable | StorageFailed:
    """Our name for it."""
    if error.errno in _FULL:
        return StorageFull()
    if error.errno in _NOT_PERMITTED:
        return StorageNotWritable()
    return StorageFailed(os.strerror(error.errno) if error.errno else type(error).__name__)


def fsync_dir(folder: Path) -> None:
    """Make the names in a directory durable. Raises `OSError`."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_dirs(folder: Path) -> None:
    """Create a directory and what is missing above it, durably. Raises `OSError`."""
    missing: list[Path] = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for each in reversed(missing):
        with suppress(FileExistsError):  # another process was first; its parent still needs the fsync below
            each.mkdir()
        fsync_dir(each.parent)


def write_all(handle: int, data: bytes | memoryview) -> None:
    """`os.write` until nothing is left: one call may take less than it was given, above all on a filling disk."""
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


def remove_quietly(path: Path) -> None:
    """Unlink where that can be done: for tidying up after a fault that is already being reported."""
    with suppress(OSError):
        path.unlink()


def write_new(path: Path, data: bytes, mode: int = 0o644, staging: Path | None = None) -> bool:
    """Create ``path`` with these bytes, durably and all at once; False when the name is taken, which stays as it is.

    ``staging`` is a folder on the same file system for the temporary file, where the target's own must never hold one.

    link(2) is the atomic create-if-absent: unlike rename(2) it never replaces, and unlike O_EXCL it never shows a
    file that is half written. Durable in both cases: also the one who came second may acknowledge. Raises the errors
    of `storage_errors`, after which the name holds either all the bytes or nothing.
    """
    with storage_errors():
        temporary = _write_temporary(path, staging, data, mode)
        try:
            os.link(temporary, path)
            created = True
        except FileExistsError:
            created = False
        finally:
            remove_quietly(temporary)
        fsync_dir(path.parent)
    return created


def replace(path: Path, data: bytes, mode: int = 0o644, staging: Path | None = None) -> None:
    """Put these bytes under ``path``, durably and all at once, in place of what was there.

    ``staging`` as for `write_new`.
    Raises the errors of `storage_errors`, after which the name holds either all of the old bytes or all of the new.
    """
    with storage_errors():
        temporary = _write_temporary(path, staging, data, mode)
        try:
            temporary.rename(path)
        except OSError:
            remove_quietly(temporary)
            raise
        fsync_dir(path.parent)


def _write_temporary(path: Path, staging: Path | None, data: bytes, mode: int) -> Path:
    """A durable file in ``staging`` or beside ``path``, not yet under its name; nothing is left behind on error."""
    temporary = (staging or path.parent) / f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}"
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        try:
            write_all(handle, data)
            os.fchmod(handle, mode)
            os.fsync(handle)
        finally:
            os.close(handle)
    except BaseException:
        remove_quietly(temporary)
        raise
    return temporary
