"""Notes of filings under way, in the bucket: every machine sees which files wait for the event that names them.

``pending/<random>`` holds digests, one a line (`adapters.blobs.pending` says what for); it is durable before the first
file is kept and goes when the event is appended.

S3 has no locks. What keeps filings and a clean-up apart is a *gate*: a lock file of this machine where all filings run
on it, and an advisory lock of the database where several machines file (`adapters.blobs.postgres_gate`).
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple, Protocol

from adapters.blobs.names import is_digest
from adapters.blobs.pending import LOCK
from adapters.disk.durable import storage_errors
from adapters.s3.client import Client
from adapters.s3.places import PENDING
from domain.errors import Unavailable


class Gate(Protocol):
    """Lets in any number of filings or one clean-up. Whoever dies leaves it open.

    ``aftermath``: seconds for which the event of a filing that died may still be on its way. The gate is open at once,
    but a database server carries out what it was sent, also for a client that is gone.
    """

    @property
    def aftermath(self) -> float:
        """In seconds, as said above."""
        ...

    def filing(self) -> AbstractContextManager[None]:
        """Together with other filings. Waits for a clean-up that is under way; at a database raises `ArchiveBusy` where
        that takes too long.
        """
        ...

    def alone(self) -> AbstractContextManager[None]:
        """A clean-up: waits, however long, until no filing is under way, and lets none begin before it has ended."""
        ...

    def close(self) -> None:
        """Let go of the connection, if there is one."""
        ...


class FolderGate:
    """A `Gate` among the processes of one machine: flock(2) on a file that stays empty."""

    aftermath = 0.0  # the events are in a file of this machine: a process that is gone stores none

    def __init__(self, folder: Path) -> None:
        self._path = folder / LOCK

    def filing(self) -> AbstractContextManager[None]:
        return self._locked(fcntl.LOCK_SH)

    def alone(self) -> AbstractContextManager[None]:
        return self._locked(fcntl.LOCK_EX)

    def close(self) -> None:
        """Nothing is open between filings."""

    @contextmanager
    def _locked(self, kind: int) -> Iterator[None]:
        with storage_errors():
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            with storage_errors():
                fcntl.flock(handle, kind)
            yield
        finally:
            os.close(handle)


class Note(NamedTuple):
    key: str
    version: str | None
    written: datetime


class Notes:
    def __init__(self, client: Client, gate: Gate) -> None:
        self._client, self.gate = client, gate

    @contextmanager
    def noted(self, digests: Iterable[str]) -> Iterator[None]:
        """Keep a note while the block runs. It stays when the block raises: nobody knows then how far it got."""
        with self.gate.filing():
            key, version = self._write(digests)
            yield
            with suppress(Unavailable):  # the event is stored: a note too many is no reason to say otherwise
                self._client.delete(key, version)

    def digests(self) -> set[str]:
        """Everything that notes name, of living and of dead filings."""
        return {digest for note in self._all() for digest in self._named(note)}

    def settled(self, now: datetime) -> tuple[list[Note], set[str]]:
        """The notes of filings of which nothing more can come, and what they alone name; only inside `Gate.alone`."""
        notes = list(self._all())
        latest = now - timedelta(seconds=self.gate.aftermath)
        old = [note for note in notes if not self.gate.aftermath or note.written < latest]
        fresh = {digest for note in notes if note not in old for digest in self._named(note)}
        return old, {digest for note in old for digest in self._named(note)} - fresh

    def replace(self, old: Iterable[Note], digests: Iterable[str]) -> None:
        """Put one note that names these in the place of old ones; only inside `Gate.alone`."""
        if keep := sorted(digests):
            self._write(keep)
        for note in old:
            self._client.delete(note.key, note.version)

    def _write(self, digests: Iterable[str]) -> tuple[str, str | None]:
        key = PENDING + secrets.token_hex(8)
        created = self._client.create(key, "\n".join(digests).encode())
        if created.fresh:
            return key, created.version
        kept = self._client.head(key)  # ours: the answer was lost
        return key, kept and kept.version

    def _all(self) -> Iterator[Note]:
        for each in self._client.objects(PENDING, versions=True):
            if not each.is_delete_marker:
                yield Note(str(each.object_name), each.version_id, each.last_modified or datetime.now(UTC))

    def _named(self, note: Note) -> Iterator[str]:
        lines = (self._client.read(note.key) or b"").decode("ascii", "replace").splitlines()
        return filter(is_digest, lines)
