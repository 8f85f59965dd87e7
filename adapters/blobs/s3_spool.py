"""Uploads on their way into the bucket: a folder of this machine, and where needed a place in the bucket.

Bytes stream into the folder while they are hashed (`adapters.blobs.staging`), because an object's name is its digest,
which is known at the end only. From there they go into the bucket under their lasting name in one request. The other
way, a multipart upload under a passing name and a copy on the server, would cost three requests a file and a second
write of every byte on the server; an upload that breaks off would leave parts there, and one that is retried a second
object. From a folder every request is retried from bytes that are at hand, and a truncated upload never gets there.

The folder is not fsynced: nothing is acknowledged as kept before the server says that it is durable there. An upload
that waited here for its record when the power failed has to be sent again.

An upload that a later request claims must be findable by it. Where several machines serve, that request may reach
another one: then a spool is *shared* and each upload also lies in the bucket, as ``staging/<digest>.<random>``, until
it is claimed or expires.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from adapters.blobs import staging
from adapters.blobs.folder import INCOMING_SECONDS, STAGED_SECONDS
from adapters.blobs.names import is_digest
from adapters.blobs.s3_reader import reader
from adapters.blobs.s3_sending import send
from adapters.blobs.staging import Arrived
from adapters.disk.durable import make_dirs, remove_quietly, storage_errors
from adapters.s3.client import Client
from adapters.s3.places import STAGING
from domain.errors import BlobMissing


class Spool:
    """``now`` is the wall clock in seconds, by which uploads expire. Any number of processes may share the folder."""

    def __init__(self, folder: Path, client: Client, shared: bool, now: Callable[[], float]) -> None:
        self.folder, self._client, self._shared, self._now = folder, client, shared, now
        with storage_errors():
            make_dirs(folder)

    def receive(self, chunks: Iterator[bytes]) -> Arrived:
        """Raises what `staging.receive` raises; after an error nothing is left."""
        arrived = self.here(chunks)
        if self._shared:
            try:
                send(self._client, STAGING + arrived.path.name, arrived.path, arrived.sha256, arrived.size, {})
            except BaseException:
                remove_quietly(arrived.path)
                raise
        return arrived

    def here(self, chunks: Iterator[bytes]) -> Arrived:
        """The same, on this machine alone."""
        return staging.receive(chunks, self.folder, durable=False)

    def find(self, sha256: str) -> Arrived | None:
        """An upload of these bytes that has not expired; hashed again, since its name says nothing yet."""
        with storage_errors(), os.scandir(self.folder) as entries:
            candidates = [Path(entry) for entry in entries if entry.name.startswith(f"{sha256}.")]
        for path in candidates:
            try:
                about = path.stat()
                with path.open("rb", buffering=0) as file:
                    sound = staging.digest_of(file.fileno()) == sha256
            except OSError:  # taken by another request, or unreadable: as good as not there
                continue
            if sound and about.st_mtime + STAGED_SECONDS >= self._now():
                return Arrived(path, sha256, about.st_size)
        return self._fetch(sha256) if self._shared else None

    def drop(self, path: Path) -> None:
        """Forget an upload, here and in the bucket; nothing happens when it is gone."""
        with storage_errors():
            path.unlink(missing_ok=True)
        if self._shared and (kept := self._client.head(STAGING + path.name)):
            self._client.delete(STAGING + path.name, kept.version)

    def forget(self, sha256: str) -> None:
        """Drop every upload of these bytes, and what the bucket still has of former ones."""
        with storage_errors(), os.scandir(self.folder) as entries:
            here = [Path(entry) for entry in entries if entry.name.startswith(f"{sha256}.")]
        for path in here:
            with storage_errors():
                path.unlink(missing_ok=True)
        for each in self._client.objects(f"{STAGING}{sha256}.", versions=True):
            self._client.delete(str(each.object_name), each.version_id)

    def sweep(self) -> int:
        """Remove what expired, and what killed processes left; returns how many uploads."""
        removed = 0
        with storage_errors(), os.scandir(self.folder) as entries:
            for entry in entries:
                staged = is_digest(entry.name.partition(".")[0])
                if not staged and not entry.name.startswith(staging.INCOMING_PREFIX):
                    continue  # not ours to remove
                try:
                    idle = self._now() - entry.stat(follow_symlinks=False).st_mtime
                    if idle > (STAGED_SECONDS if staged else INCOMING_SECONDS):
                        Path(entry).unlink()
                        removed += 1
                except FileNotFoundError:  # committed or swept by another process
                    continue
        return removed + (self._sweep_bucket() if self._shared else 0)

    def _sweep_bucket(self) -> int:
        oldest, removed = datetime.fromtimestamp(self._now(), UTC) - timedelta(seconds=STAGED_SECONDS), 0
        for each in self._client.objects(STAGING, versions=True):
            if each.last_modified and each.last_modified < oldest:
                self._client.delete(str(each.object_name), each.version_id)
                removed += not each.is_delete_marker
        return removed

    def _fetch(self, sha256: str) -> Arrived | None:
        """An upload that another machine received, brought here."""
        oldest = datetime.fromtimestamp(self._now(), UTC) - timedelta(seconds=STAGED_SECONDS)
        for each in self._client.objects(f"{STAGING}{sha256}."):
            key = str(each.object_name)
            kept = self._client.head(key)
            if kept is None or kept.modified is None or kept.modified < oldest:
                continue
            try:
                with reader(self._client, key, sha256, kept, straight=True) as source:
                    arrived = staging.receive(
                        iter(lambda: source.read(staging.BATCH_BYTES), b""), self.folder, durable=False
                    )
            except BlobMissing:  # claimed by another request meanwhile
                continue
            if arrived.sha256 != sha256:
                remove_quietly(arrived.path)
                continue
            with storage_errors():  # the same name in both places, so that whoever drops one drops the other
                return Arrived(arrived.path.replace(self.folder / key.removeprefix(STAGING)), sha256, arrived.size)
        return None
