"""The tree as it is rebuilt chunk by chunk (256 leaves, a tile of level 0 each), in memory for one leaf in 256."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence

from domain.ledger.tiles import ENTRIES, WIDTH, Tile
from domain.ledger.tree import CompactRange, root_of


def low_files(start: int, end: int) -> Iterator[str]:
    """The tiles of level 0 and the bundles over these leaves, in the order in which they are looked at."""
    for first in range(start, end, WIDTH):
        tile = Tile(0, first // WIDTH, min(WIDTH, end - first))
        yield tile.path
        yield tile._replace(level=ENTRIES).path


class TreeWalk:
    """Takes the leaf hashes in order; gives every full node above them, and the roots at the sizes asked for."""

    def __init__(self, wanted: Iterable[int]) -> None:
        self.roots: dict[int, bytes] = {}
        self.levels: list[list[bytes]] = [[]]  # levels[L - 1]: the nodes of level L, each of 256**L leaves
        self.tail: list[bytes] = []  # the leaf hashes behind the last full chunk
        self._edge = CompactRange()
        self.wanted = sorted(set(wanted))
        if self.wanted and self.wanted[0] == 0:
            self.roots[0] = self._edge.root()

    @property
    def size(self) -> int:
        return self._edge.size

    def root(self) -> bytes:
        return self._edge.root()

    def add(self, chunk: Sequence[bytes], node: bytes | None = None) -> None:
        """Add a chunk: 256 leaf hashes, or fewer at the end of the tree. ``node`` overrides the root of a full one."""
        start, end = self.size, self.size + len(chunk)
        inner = self.wanted[bisect_right(self.wanted, start) : bisect_right(self.wanted, end - 1)]
        if inner:
            edge = self._edge.copy()
            for leaf in chunk[: inner[-1] - start]:
                edge.append(leaf)
                if edge.size in inner:
                    self.roots[edge.size] = edge.root()
        if len(chunk) == WIDTH:
            self.add_node(node or root_of(chunk))
        else:
            self.tail = list(chunk)
            for leaf in chunk:
                self._edge.append(leaf)
            self._note(end)

    def add_node(self, node: bytes) -> None:
        """Add a full chunk by its root; none of the sizes asked for lies inside it."""
        self._edge.append_subtree(node, WIDTH)
        self._push(0, node)
        self._note(self.size)

    def _note(self, end: int) -> None:
        at = bisect_right(self.wanted, end)
        if at and self.wanted[at - 1] == end:
            self.roots[end] = self._edge.root()

    def _push(self, level: int, node: bytes) -> None:
        if level == len(self.levels):
            self.levels.append([])
        nodes = self.levels[level]
        nodes.append(node)
        if len(nodes) % WIDTH == 0:
            self._push(level + 1, root_of(nodes[-WIDTH:]))

    def tile(self, tile: Tile) -> bytes:
        """The bytes of a tile of level 1 or above, or of the partial tile of level 0."""
        if tile.level == 0:
            return b"".join(self.tail[: tile.width])
        return b"".join(self.levels[tile.level - 1][tile.start : tile.start + tile.width])
