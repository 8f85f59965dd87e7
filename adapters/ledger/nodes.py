"""The Merkle tree over the hashes that a ledger's tables hold, whichever database that is.

Nodes are kept for full tiles only (level L is the root of 256**L leaves): the root of any size, or of any range, costs
a few hundred hashes, however large the tree.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from domain.errors import DatabaseDamaged, NotFound
from domain.ledger.tiles import WIDTH, tile_root
from domain.ledger.tree import CompactRange

Batch = tuple[int, int, datetime]
"""First leaf, size of the tree with it, time."""


class NodeTree(ABC):
    """Roots of sizes and ranges, from a table's hashes."""

    @abstractmethod
    def size(self) -> int:
        """Number of leaves."""

    @abstractmethod
    def nodes(self, level: int, start: int, end: int) -> list[bytes]:
        """Hashes of a level, ``end`` excluded; level 0 are the leaves. Raises `DatabaseDamaged` if one is missing."""

    def root(self, size: int) -> bytes:
        """Raises `NotFound` for a size that the tree has not reached."""
        return self.edge(size).root()

    def edge(self, size: int) -> CompactRange:
        """The right-hand edge of the tree at a size."""
        if not 0 <= size <= self.size():
            raise NotFound("账本大小", "tree size", size)
        edge, level = CompactRange(), 0
        while size >> 8 * (level + 1):
            level += 1
        for each in range(level, -1, -1):
            end = size >> 8 * each
            start = 0 if each == level else end - end % WIDTH
            edge.extend(self.nodes(each, start, end), 1 << 8 * each)
        return edge

    def range_hash(self, start: int, end: int) -> bytes:
        """MTH of the leaves ``start`` to ``end`` (excluded), for proofs: ``start`` is a multiple of the largest power
        of two below the length, as RFC 6962's recursion makes it."""
        level, span = 0, 1
        while start % (span * WIDTH) == 0 and end - start >= span * WIDTH:
            level, span = level + 1, span * WIDTH
        whole = (end - start) // span
        parts = self.nodes(level, start // span, start // span + whole)
        edge = CompactRange()
        edge.extend(parts, 1)
        rest = start + whole * span
        if rest == end:
            return edge.root()
        right = self.range_hash(rest, end)
        edge.nodes.append(right)  # not a perfect subtree: it may only be folded, which root() does from the right
        return edge.root()


def nodes_above(
    first: int, size: int, fresh: list[bytes], tail: Callable[[int, int, int], list[bytes]]
) -> Iterator[tuple[int, int, list[bytes]]]:
    """What leaves ``first`` to ``size`` add to the levels above: the roots of the tiles that they make full, then those
    of the level above that; each as level, index of the first, hashes. ``tail`` reads what was there before."""
    level = 0
    while size // WIDTH > first // WIDTH:
        below = tail(level, first - first % WIDTH, first) + fresh
        fresh = [tile_root(below[at : at + WIDTH]) for at in range(0, len(below) - WIDTH + 1, WIDTH)]
        level, first, size = level + 1, first // WIDTH, size // WIDTH
        yield level, first, fresh


def whole(rows: Sequence[tuple[bytes]], level: int, start: int, end: int) -> list[bytes]:
    """The hashes that were read, if none is missing."""
    if len(rows) != max(0, end - start):
        raise DatabaseDamaged(why=f"ledger nodes {level}/{start}-{end} are missing")
    return [row[0] for row in rows]


def require_next(batches: Sequence[Batch], first: int, size: int) -> None:
    """Raises `DatabaseDamaged` unless the batches are those of the leaves from ``first`` to ``size``."""
    at = first
    for start, end, _ in batches:
        if start != at or end <= start:
            raise DatabaseDamaged(why=f"the ledger's batches do not go on at leaf {at}")
        at = end
    if at != size:
        raise DatabaseDamaged(why=f"the ledger's batches end at {at}, its leaves at {size}")
