"""The Merkle tree of RFC 6962 section 2.1 with SHA-256: roots, inclusion proofs, consistency proofs.

Proofs are made from any function that gives the hash of a range of leaves, so that a ledger of millions needs only
the few nodes a proof is made of. Checking needs nothing but the proof.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256

from domain.ledger.errors import InvalidProof

HASH_SIZE = 32
EMPTY_ROOT = sha256(b"").digest()

RangeHash = Callable[[int, int], bytes]
"""``hash(start, end)``: MTH of the leaves ``start`` (included) to ``end`` (excluded), ``end > start``."""


def leaf_hash(entry: bytes) -> bytes:
    """MTH of a single entry, 32 bytes (RFC 6962 section 2.1)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash, 32 bytes, of the node above two nodes (RFC 6962 section 2.1)."""
    return sha256(b"\x01" + left + right).digest()


def root_of(hashes: Sequence[bytes]) -> bytes:
    """MTH of a sequence of leaf hashes (RFC 6962 section 2.1); the empty sequence has `EMPTY_ROOT`.

    Level by level, an odd last node rising unchanged: the same tree as the recursive definition.
    """
    if not hashes:
        return EMPTY_ROOT
    level = list(hashes)
    while len(level) > 1:
        odd, pairs = level[-1:] if len(level) % 2 else [], iter(level)
        level = [sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=False)] + odd
    return level[0]


class CompactRange:
    """The right-hand edge of a growing tree: enough to append and to give the root, in O(log n) memory."""

    def __init__(self, size: int = 0, nodes: Iterable[bytes] = ()) -> None:
        self.size = size
        self.nodes = list(nodes)  # roots of perfect subtrees, largest first, one for each bit set in `size`

    def append(self, leaf: bytes) -> None:
        """Add the hash of one more leaf, 32 bytes."""
        self.append_subtree(leaf, 1)

    def append_subtree(self, node: bytes, leaves: int) -> None:
        """Add a perfect subtree of ``leaves`` (a power of two that divides the present size)."""
        bit = leaves
        while self.size & bit:
            node = node_hash(self.nodes.pop(), node)
            bit <<= 1
        self.nodes.append(node)
        self.size += leaves

    def extend(self, nodes: Sequence[bytes], leaves: int) -> None:
        """Add perfect subtrees of ``leaves`` each to a range that has no smaller one; few calls for many of them."""
        at = 0
        while at < len(nodes):
            # As many at once as make one perfect subtree that may stand here.
            here = (self.size // leaves) & -(self.size // leaves) or len(nodes)
            span = 1 << min(here, len(nodes) - at).bit_length() - 1
            self.append_subtree(root_of(nodes[at : at + span]), span * leaves)
            at += span

    def root(self) -> bytes:
        """MTH of all its leaves (RFC 6962 section 2.1), `EMPTY_ROOT` of none."""
        if not self.nodes:
            return EMPTY_ROOT
        root = self.nodes[-1]
        for node in reversed(self.nodes[:-1]):
            root = node_hash(node, root)
        return root

    def copy(self) -> CompactRange:
        """The same range; from here on each grows by itself."""
        return CompactRange(self.size, self.nodes)


def split(size: int) -> int:
    """The largest power of two below ``size`` (RFC 6962's k), for a size of at least 2."""
    return 1 << (size - 1).bit_length() - 1


def inclusion_proof(index: int, size: int, hash_of: RangeHash) -> list[bytes]:
    """PATH(index, D[size]) of RFC 6962 section 2.1.1, from the leaf's sibling upwards."""
    if not 0 <= index < size:
        raise InvalidProof("序号不在树内", "the leaf index lies outside the tree")
    proof: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + split(end - start)
        if index < middle:
            proof.append(hash_of(middle, end))
            end = middle
        else:
            proof.append(hash_of(start, middle))
            start = middle
    return proof[::-1]


def consistency_proof(old: int, new: int, hash_of: RangeHash) -> list[bytes]:
    """PROOF(old, D[new]) of RFC 6962 section 2.1.2; empty where the sizes are equal."""
    if not 0 < old <= new:
        raise InvalidProof("两个树大小不成先后", "the sizes are not an earlier and a later one")
    proof: list[bytes] = []
    start, end, whole = 0, new, True
    while old != end:
        middle = start + split(end - start)
        if old <= middle:
            proof.append(hash_of(middle, end))
            end = middle
        else:
            proof.append(hash_of(start, middle))
            start, whole = middle, False
    if not whole:
        proof.append(hash_of(start, end))
    return proof[::-1]


def check_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> None:
    """Raises `InvalidProof` unless the leaf hash is number ``index`` of the tree (RFC 9162 section 2.1.3.2)."""
    _check_hashes(leaf, root, *proof)
    if not 0 <= index < size:
        raise InvalidProof("序号不在树内", "the leaf index lies outside the tree")
    position, last, node = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise InvalidProof("证明太长", "the proof is too long")
        if position & 1 or position == last:
            node = node_hash(sibling, node)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        position, last = position >> 1, last >> 1
    if last != 0:
        raise InvalidProof("证明太短", "the proof is too short")
    if node != root:
        raise InvalidProof("算出的根与检查点不符", "the root that follows from it is another one")


def check_consistency(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """Raises `InvalidProof` unless the tree ``new`` begins with the tree ``old`` (RFC 9162 section 2.1.4.2).

    The empty tree is refused as the old one: any tree continues it, so that such a "proof" would show nothing.
    """
    _check_hashes(old_root, new_root, *proof)
    if not 0 < old <= new:
        raise InvalidProof("两个树大小不成先后", "the sizes are not an earlier and a later one")
    if old == new:
        if proof or old_root != new_root:
            raise InvalidProof("同一大小却有两个根", "one size, two roots")
        return
    path = list(proof)
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    if not path:
        raise InvalidProof("证明太短", "the proof is too short")
    position, last = old - 1, new - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    first = second = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise InvalidProof("证明太长", "the proof is too long")
        if position & 1 or position == last:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            second = node_hash(second, sibling)
        position, last = position >> 1, last >> 1
    if last != 0:
        raise InvalidProof("证明太短", "the proof is too short")
    if first != old_root or second != new_root:
        raise InvalidProof("算出的根与检查点不符", "the root that follows from it is another one")


def _check_hashes(*hashes: bytes) -> None:
    if any(len(item) != HASH_SIZE for item in hashes):
        raise InvalidProof("散列值不是 32 字节", "a hash is not 32 bytes long")
