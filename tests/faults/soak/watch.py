"""What the ledger published, as somebody outside sees it: every checkpoint, every full tile, kept to be compared."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator

from adapters.home.house import House
from adapters.keys.signing import verifier
from domain.errors import JianzhengError, NotFound
from domain.ledger.checkpoint import Checkpoint, open_checkpoint
from domain.ledger.tiles import ENTRIES, WIDTH, Tile

LOOK = 0.15
"""Seconds between two looks."""


class Watch:
    """Reads the published files themselves, not through the processes that are killed."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.checkpoints: dict[int, bytes] = {}  # size → root
        self.tiles: dict[Tile, str] = {}  # full ones → SHA-256 of their bytes
        self.faults: list[str] = []
        self._verifiers = (verifier(house.signer.vkey()),)
        self._last = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """After a last look."""
        self._stopping.set()
        self._thread.join()
        self.look()

    def latest(self) -> Checkpoint | None:
        try:
            note = self.house.publisher.checkpoint()
        except NotFound:
            return None
        return open_checkpoint(note, self.house.identity.origin, self._verifiers)

    def look(self) -> None:
        """Once. A checkpoint is smaller than the one before, or two of one size differ: both are faults."""
        found = self.latest()
        if found is None:
            return
        if found.size < self._last:
            self.faults.append(f"the public checkpoint went back from {self._last} to {found.size}")
        if self.checkpoints.setdefault(found.size, found.root) != found.root:
            self.faults.append(f"two checkpoints of size {found.size} have different roots")
        self._last = found.size
        for tile in full_tiles(found.size):
            if tile not in self.tiles:
                self._keep(tile)

    def again(self) -> None:
        """Read everything that was published full once more: it must be what it was."""
        for tile in list(self.tiles):
            self._keep(tile)

    def _keep(self, tile: Tile) -> None:
        data = self.house.publisher.read(tile)
        if data is None:
            self.faults.append(f"{tile.path} is not published, though a checkpoint covers it")
            return
        digest = hashlib.sha256(data).hexdigest()
        if self.tiles.setdefault(tile, digest) != digest:
            self.faults.append(f"{tile.path} changed after it was full")

    def _run(self) -> None:
        while not self._stopping.wait(LOOK):
            try:
                self.look()
            except JianzhengError as error:
                self.faults.append(f"the published ledger cannot be read: {error!r}")


def full_tiles(size: int) -> Iterator[Tile]:
    """All full tiles and bundles of a tree."""
    level = 0
    while size >= WIDTH:
        size //= WIDTH
        for number in range(size):
            yield Tile(level, number)
            if level == 0:
                yield Tile(ENTRIES, number)
        level += 1
