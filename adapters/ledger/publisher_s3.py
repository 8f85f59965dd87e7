"""The ledger's public files in a bucket: ``ledger/checkpoint`` and ``ledger/tile/…`` (``tlog-tiles``).

Tiles and bundles are created once and never changed, which here the server sees to; only the checkpoint is replaced.
Every file is durable before the checkpoint that needs it. The only one to write is whoever holds the ledger's lock.

None of it is put under retention: a partial tile goes when it is full, and what is in the tiles can be computed again
from the events at any time. What protects the ledger is that others hold its checkpoints.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice

from adapters.ledger.publisher import CHECKPOINT, Fault
from adapters.s3.client import Client
from adapters.s3.places import LEDGER
from domain.errors import ArchiveBusy, IntegrityFault, NotFound, StorageFailed
from domain.ledger.errors import PublishedBytesDiffer
from domain.ledger.tiles import Tile

_AT_ONCE = 128
_THREADS = 8
"""Requests under way together: most of a small PUT is waiting for the server's disks."""

_TRIES = 3


class CheckpointForged(IntegrityFault):
    """It claims more leaves than there are, and we never signed it. It stays as evidence until somebody removes it."""

    code = "checkpoint_forged"
    zh = "存储桶里的检查点 {file} 不是本档案库签发的（自称 {claimed} 条，本库 {size} 条）；没有覆盖它，账本暂停公布。"
    en = (
        "The checkpoint {file} in the bucket was not signed by this archive (it claims {claimed} leaves; there are"
        " {size}). It was not written over, and nothing is published for now."
    )
    next_zh = "存档照常。请运行 jianzheng verify 查明，再从存储桶里删除 {file} 的这个版本，账本会自动接着公布。"
    next_en = (
        "Filing goes on as usual. Run jianzheng verify, then remove this version of {file} from the bucket: the ledger"
        " goes on by itself."
    )


class S3Publisher:
    """Does what `adapters.ledger.publisher.Publisher` does. ``genuine``: whether this log signed a checkpoint."""

    def __init__(self, client: Client, genuine: Callable[[bytes], bool] = lambda _: True) -> None:
        self._client = client
        self._genuine = genuine

    def create(self) -> None:
        """A bucket has no folders to make. Raises where it is not there."""
        self._client.require_bucket()

    def checkpoint(self) -> bytes:
        """The published checkpoint's bytes. Raises `NotFound` before the first one."""
        data = self._client.read(LEDGER + CHECKPOINT)
        if data is None:
            raise NotFound("检查点", "checkpoint", CHECKPOINT)
        return data

    def read(self, tile: Tile) -> bytes | None:
        """A published tile or bundle, None where it is not there."""
        return self._client.read(LEDGER + tile.path)

    def write(self, files: Iterable[tuple[Tile, bytes]], fault: Fault) -> None:
        """Create tiles and bundles, durably. Those that are there already must be the same, or `PublishedBytesDiffer`.

        A process that is killed leaves some of them under their names, whole, and the others not at all.
        """
        waiting = iter(files)
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="publish") as pool:
            while some := list(islice(waiting, _AT_ONCE)):
                fault("tiles-staged")
                for _ in pool.map(self._create, some):
                    fault("tile-linked")

    def publish(self, note: str) -> None:
        """Replace the checkpoint: the moment at which the new leaves are public.

        Raises `ArchiveBusy` where a larger tree is public: another process went on, because the lock was lost without
        a word with its connection. What the public has seen never goes back. Raises `CheckpointForged` where nobody
        of us signed it.
        """
        key, data = LEDGER + CHECKPOINT, note.encode()
        for _ in range(_TRIES):
            seen = self._client.head(key)  # before it is read: what comes between fails the replacement
            there = self._client.read(key)
            if there == data:
                return  # as by the try before, where its answer was lost
            if there is not None and _size(there) > _size(data):
                if self._genuine(there):
                    raise ArchiveBusy
                raise CheckpointForged(file=key, claimed=_size(there), size=_size(data))
            if self._client.replace(key, data, seen):
                return
        raise StorageFailed("PreconditionFailed")  # somebody writes it all the time, who may not

    def drop_partials(self, full: Iterable[Tile]) -> None:
        """Remove the partial tiles of tiles that are full now, as the specification allows."""
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="publish") as pool:
            for tile in full:
                partials = self._client.objects(f"{LEDGER}{tile.full.path}.p/", versions=True)
                doomed = [partial(self._client.delete, str(each.object_name), each.version_id) for each in partials]
                for removal in [pool.submit(each) for each in doomed]:
                    removal.result()

    def _create(self, file: tuple[Tile, bytes]) -> None:
        tile, data = file
        key = LEDGER + tile.path
        if not self._client.create(key, data).fresh and self._client.read(key) != data:
            raise PublishedBytesDiffer(file=tile.path)


def _size(note: bytes) -> int:
    """The tree size that a checkpoint names; -1 for what is none, which any checkpoint may replace."""
    lines = note.split(b"\n", 2)
    return int(lines[1]) if len(lines) > 1 and re.fullmatch(rb"[0-9]{1,19}", lines[1]) else -1
