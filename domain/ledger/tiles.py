"""Tiles and entry bundles (C2SP ``tlog-tiles`` v0.1.0): how the tree is laid out in files that never change.

A tile of level L holds up to 256 hashes, each the root of 256**L leaves; a bundle holds the entries of a tile of
level 0. Paths are relative to the ledger's public folder.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from domain.ledger.entry import MAX_ENTRY
from domain.ledger.errors import InvalidTile
from domain.ledger.tree import HASH_SIZE, root_of

WIDTH = 256
"""Hashes in a full tile, entries in a full bundle."""

HEIGHT = 8
MAX_LEVEL = 63
ENTRIES = -1
"""The "level" of entry bundles in a `Tile`; they follow level 0 in everything but their content."""


class Tile(NamedTuple):
    """The address of a tile (``level`` ≥ 0) or of a bundle (``level`` is `ENTRIES`)."""

    level: int
    number: int  # among the tiles of its level
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Below the ledger's public folder: ``tile/0/x001/234``, ``tile/entries/000.p/7``."""
        level = "entries" if self.level == ENTRIES else str(self.level)
        partial = "" if self.width == WIDTH else f".p/{self.width}"
        return f"tile/{level}/{number_path(self.number)}{partial}"

    @property
    def full(self) -> Tile:
        """The tile that this one is, or will be, when all `WIDTH` hashes or entries are there."""
        return self._replace(width=WIDTH)

    @property
    def start(self) -> int:
        """Index, among the nodes of its level, of its first hash."""
        return self.number * WIDTH


def number_path(number: int) -> str:
    """``1234067`` → ``x001/x234/067``."""
    last, rest = f"{number % 1000:03d}", number // 1000
    groups = [last]
    while rest:
        groups.insert(0, f"x{rest % 1000:03d}")
        rest //= 1000
    return "/".join(groups)


_PATH = re.compile(r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


def parse_path(path: str) -> Tile | None:
    """The tile that lies at a path; None where no tile can lie there."""
    match = _PATH.fullmatch(path)
    if match is None:
        return None
    level = ENTRIES if match[1] == "entries" else int(match[1])
    tile = Tile(level, int(match[2].replace("/", "").replace("x", "")), int(match[3] or WIDTH))
    return tile if level <= MAX_LEVEL and tile.path == path else None


def tiles_between(old: int, new: int) -> Iterator[Tile]:
    """The tiles of hashes that a tree of ``new`` leaves has and one of ``old`` has not, lowest level first.

    The bundles are those of level 0. An empty tile is not one; a partial tile is not hashed upwards.
    """
    level = 0
    while new:
        if new != old:
            yield from (Tile(level, number) for number in range(old // WIDTH, new // WIDTH))
            if new % WIDTH:
                yield Tile(level, new // WIDTH, new % WIDTH)
        level, old, new = level + 1, old // WIDTH, new // WIDTH


_LENGTH = struct.Struct(">H")


def bundle_of(entries: Sequence[bytes]) -> bytes:
    """An entry bundle: each entry behind its length as a big-endian uint16. Raises `InvalidTile`."""
    try:
        return b"".join(chain.from_iterable(zip(map(_LENGTH.pack, map(len, entries)), entries, strict=True)))
    except struct.error:
        raise InvalidTile("有条目超过 65535 字节", f"an entry is longer than {MAX_ENTRY} bytes") from None


def read_bundle(data: bytes, width: int | None = None) -> list[bytes]:
    """The entries of a bundle. Raises `InvalidTile` where it is cut short or does not hold ``width`` of them."""
    entries, at = [], 0
    while at < len(data):
        start = at + 2
        at = start + int.from_bytes(data[at:start], "big")
        entries.append(data[start:at])
    if at != len(data) or (width is not None and len(entries) != width):
        raise InvalidTile("条目包的长度不对", "the entry bundle has the wrong length")
    return entries


def read_tile(data: bytes, width: int | None = None) -> list[bytes]:
    """The hashes of a tile. Raises `InvalidTile` for a wrong length."""
    count, rest = divmod(len(data), HASH_SIZE)
    if rest or not 0 < count <= WIDTH or (width is not None and count != width):
        raise InvalidTile("散列块的长度不对", "the tile has the wrong length")
    return [data[at : at + HASH_SIZE] for at in range(0, len(data), HASH_SIZE)]


def tile_root(hashes: Sequence[bytes]) -> bytes:
    """The hash that stands for a full tile in the level above."""
    if len(hashes) != WIDTH:
        raise InvalidTile("不满的散列块不上卷", "a partial tile is not hashed upwards")
    return root_of(hashes)
