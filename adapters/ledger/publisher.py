"""The ledger's public folder: ``checkpoint`` and ``tile/…`` as plain files for any static server (``tlog-tiles``).

Tiles and bundles are created once and never changed; only ``checkpoint`` is replaced. Every file and every directory
entry is durable before the checkpoint that needs it. Owner of the folder: whoever holds the ledger's lock.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from shutil import rmtree

from adapters.disk.durable import fsync_dir, make_dirs, remove_quietly, replace, storage_errors, write_all
from domain.errors import NotFound
from domain.ledger.errors import PublishedBytesDiffer
from domain.ledger.tiles import ENTRIES, Tile

CHECKPOINT = "checkpoint"
_AT_ONCE = 128
"""Files whose flushes are under way together; the file system gathers them into few journal commits."""
_THREADS = 8

Fault = Callable[[str], None]
"""Called between steps with the step's name; tests kill the process there."""


class Publisher:
    """``staging`` is a folder beside the public one, on the same file system: what is half written is never public."""

    def __init__(self, folder: Path, staging: Path) -> None:
        self.folder = folder
        self.staging = staging

    def create(self) -> None:
        with storage_errors():
            make_dirs(self.folder)
            make_dirs(self.staging)

    def checkpoint(self) -> bytes:
        """The published checkpoint's bytes. Raises `NotFound` before the first one."""
        try:
            with storage_errors():
                return (self.folder / CHECKPOINT).read_bytes() if (self.folder / CHECKPOINT).exists() else _missing()
        except FileNotFoundError:  # pragma: no cover  (removed between the two calls)
            return _missing()

    def read(self, tile: Tile) -> bytes | None:
        """A published tile or bundle, None where it is not there."""
        path = self.folder / tile.path
        with storage_errors():
            return path.read_bytes() if path.is_file() else None

    def write(self, files: Iterable[tuple[Tile, bytes]], fault: Fault) -> None:
        """Create tiles and bundles, durably. Those that are there already must be the same, or `PublishedBytesDiffer`.

        A process that is killed leaves some of them under their names, whole, and the others not at all.
        """
        self._sweep()
        pending, made = iter(files), set[Path]()
        with storage_errors(), ThreadPoolExecutor(_THREADS) as pool:
            while some := list(islice(pending, _AT_ONCE)):
                staged = list(pool.map(self._stage, range(len(some)), (data for _, data in some)))
                fault("tiles-staged")
                for (tile, data), temporary in zip(some, staged, strict=True):
                    path = self.folder / tile.path
                    make_dirs(path.parent)
                    self._link(temporary, path, data)
                    made.add(path.parent)
                    fault("tile-linked")
            list(pool.map(fsync_dir, made))

    def publish(self, note: str) -> None:
        """Replace the checkpoint: the moment at which the new leaves are public."""
        replace(self.folder / CHECKPOINT, note.encode(), staging=self.staging)

    def drop_partials(self, full: Iterable[Tile]) -> None:
        """Remove the partial tiles of tiles that are full now, as the specification allows."""
        for tile in full:
            folder = self.folder / f"{tile.full.path}.p"
            with storage_errors():
                if folder.is_dir():
                    rmtree(folder)
                    fsync_dir(folder.parent)

    def _sweep(self) -> None:
        """What a killed process left half written."""
        with storage_errors():
            for each in list(self.staging.iterdir()):
                remove_quietly(each)

    def _stage(self, number: int, data: bytes) -> Path:
        path = self.staging / str(number)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            write_all(handle, data)
            os.fchmod(handle, 0o444)
            os.fsync(handle)
        finally:
            os.close(handle)
        return path

    def _link(self, temporary: Path, path: Path, data: bytes) -> None:
        """link(2) creates the name or finds it taken, never anything between."""
        try:
            os.link(temporary, path)
        except FileExistsError:
            if path.read_bytes() != data:
                raise PublishedBytesDiffer(file=str(path.relative_to(self.folder))) from None
        finally:
            temporary.unlink()


def superseded(tiles: Iterable[Tile], old: int) -> Iterator[Tile]:
    """Of the new tiles of a tree that grew from ``old``: the full ones, and their bundles, that were partial before."""
    for tile in tiles:
        if tile.width == Tile(0, 0).width and old >> 8 * tile.level > tile.start:
            yield tile
            if tile.level == 0:
                yield tile._replace(level=ENTRIES)


def _missing() -> bytes:
    raise NotFound("检查点", "checkpoint", CHECKPOINT)
