"""Proofs about the Merkle tree of RFC 6962, checked as RFC 9162 writes it down (2.1.3.2 and 2.1.4.2)."""

from __future__ import annotations

import hashlib


def hash_leaf(entry: bytes) -> bytes:
    """32 bytes (RFC 6962, 2.1)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def hash_node(left: bytes, right: bytes) -> bytes:
    """32 bytes (RFC 6962, 2.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def implied_root(index: int, size: int, leaf: bytes, proof: list[bytes]) -> bytes | None:
    """The root that follows from an inclusion proof; None for one that is none."""
    if not 0 <= index < size:
        return None
    fn, sn, root = index, size - 1, leaf
    for each in proof:
        if sn == 0:
            return None
        if fn & 1 or fn == sn:
            root = hash_node(each, root)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            root = hash_node(root, each)
        fn, sn = fn >> 1, sn >> 1
    return root if sn == 0 else None


def continues(old: int, new: int, old_root: bytes, new_root: bytes, proof: list[bytes]) -> bool:
    """Whether the larger tree begins with the smaller one."""
    if not 0 < old <= new:
        return False
    if old == new:
        return not proof and old_root == new_root
    path = list(proof) if old & (old - 1) else [old_root, *proof]
    if not path:
        return False
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    first = second = path[0]
    for each in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            first, second = hash_node(each, first), hash_node(each, second)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            second = hash_node(second, each)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and first == old_root and second == new_root
