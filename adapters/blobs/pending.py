"""Notes of filings under way: files that are kept already but that no event names yet.

Between keeping a file and appending the event that names it, a process may die. The note that it leaves behind tells
an interrupted filing, which is harmless, from a file that somebody put into the store. ``staging/pending.<random>``
holds digests, one a line; it is durable before the first file is kept and goes when the event is appended.

Filings hold a shared lock on ``staging/pending.lock``, a clean-up holds it alone: what is noted while no filing is
under way was left by a dead one, and no new filing can come to rely on a file while it is being removed.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from adapters.blobs.names import is_digest
from adapters.disk.durable import storage_errors, write_new

PREFIX = "pending."
LOCK = "pending.lock"


@contextmanager
def noted(staging: Path, digests: Iterable[str]) -> Iterator[None]:
    """Keep a note while the block runs. It stays when the block raises: nobody knows then how far it got."""
    with _locked(staging, fcntl.LOCK_SH):
        note = staging / f"{PREFIX}{secrets.token_hex(8)}"
        with storage_errors():
            write_new(note, "\n".join(digests).encode())
        yield
        with storage_errors():
            note.unlink(missing_ok=True)


@contextmanager
def alone(staging: Path) -> Iterator[None]:
    """No filing is under way while the block runs; waits for those that are."""
    with _locked(staging, fcntl.LOCK_EX):
        yield


def digests(staging: Path) -> set[str]:
    """Everything that notes name, of living and of dead filings."""
    return {line for note in _notes(staging) for line in _read(note).splitlines() if is_digest(line)}


def forget(staging: Path) -> None:
    """Remove all notes; only inside `alone`."""
    with storage_errors():
        for note in _notes(staging):
            note.unlink(missing_ok=True)


def _notes(staging: Path) -> list[Path]:
    with storage_errors():
        return [p for p in staging.iterdir() if p.name.startswith(PREFIX) and p.name != LOCK]


def _read(note: Path) -> str:
    with storage_errors():
        try:
            return note.read_text("ascii", "replace")
        except FileNotFoundError:  # its filing just came to its end
            return ""


@contextmanager
def _locked(staging: Path, kind: int) -> Iterator[None]:
    with storage_errors():
        handle = os.open(staging / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        with storage_errors():
            fcntl.flock(handle, kind)
        yield
    finally:
        os.close(handle)
