"""The tree against its recursive definition, and against pymerkle, which other people wrote."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from domain.ledger.errors import InvalidProof
from domain.ledger.tree import (
    EMPTY_ROOT,
    CompactRange,
    check_consistency,
    check_inclusion,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_of,
    split,
)

LEAVES = [leaf_hash(str(n).encode()) for n in range(300)]
SIZES = st.integers(1, len(LEAVES))


def mth(start: int, end: int) -> bytes:
    """RFC 6962 section 2.1, word for word."""
    if end - start == 1:
        return LEAVES[start]
    k = split(end - start)
    return node_hash(mth(start, start + k), mth(start + k, end))


@given(SIZES)
def test_root_is_the_recursive_definition(size: int) -> None:
    """Level by level, leaf by leaf and by subtrees give the root of the definition."""
    edge = CompactRange()
    for leaf in LEAVES[:size]:
        edge.append(leaf)
    assert root_of(LEAVES[:size]) == edge.root() == edge.copy().root() == mth(0, size)


@given(st.lists(st.integers(1, 40), max_size=8), st.integers(0, 20))
def test_many_subtrees_at_once(portions: list[int], rest: int) -> None:
    """A range that is extended by whole portions has the nodes of one that was built leaf by leaf."""
    pairs = [node_hash(left, right) for left, right in zip(LEAVES[::2], LEAVES[1::2], strict=True)]
    edge, at = CompactRange(), 0
    for portion in portions:
        edge.extend(pairs[at : at + portion], 2)
        at = min(at + portion, len(pairs))
    edge.extend(LEAVES[2 * at : 2 * at + rest], 1)
    expected = CompactRange()
    for leaf in LEAVES[: 2 * at + rest]:
        expected.append(leaf)
    assert (edge.size, edge.nodes) == (expected.size, expected.nodes)


def test_the_empty_tree() -> None:
    """The root of nothing is the hash of nothing."""
    assert root_of([]) == CompactRange().root() == EMPTY_ROOT == sha256(b"").digest()


@settings(max_examples=30)
@given(st.lists(st.binary(max_size=20), min_size=1, max_size=40))
def test_roots_and_paths_agree_with_pymerkle(entries: list[bytes]) -> None:
    """The same entries give pymerkle the same roots and the same paths."""
    other = InmemoryTree(algorithm="sha256")
    for each in entries:
        other.append_entry(each)
    hashes = [leaf_hash(each) for each in entries]
    for size in range(1, len(entries) + 1):
        assert other.get_root(size) == root_of(hashes[:size])
    for index, leaf in enumerate(hashes):
        theirs = {bytes.fromhex(each) for each in other.prove_inclusion(index + 1).serialize()["path"]}
        assert theirs | {leaf} == {leaf, *inclusion_proof(index, len(hashes), lambda a, b: root_of(hashes[a:b]))}


@given(st.data())
def test_inclusion(data: st.DataObject) -> None:
    """Every leaf is proved in every tree, and no changed proof holds."""
    size = data.draw(SIZES)
    index = data.draw(st.integers(0, size - 1))
    proof, root = inclusion_proof(index, size, mth), mth(0, size)
    check_inclusion(index, size, LEAVES[index], proof, root)
    bad = [
        (index, size, LEAVES[index], [*proof, root], root),
        (index, size, LEAVES[index], proof, sha256(root).digest()),
        (index, size, sha256(b"other").digest(), proof, root),
        (index, size, LEAVES[index][:31], proof, root),
        (-1, size, LEAVES[index], proof, root),
        (size, size, LEAVES[index], proof, root),
    ]
    if proof:
        bad.append((index, size, LEAVES[index], proof[:-1], root))
        bad.append((index, size, LEAVES[index], proof[1:], root))
        bad.append((index ^ 1, size, LEAVES[index], proof, root))
    for arguments in bad:
        with pytest.raises(InvalidProof):
            check_inclusion(*arguments)


@given(st.data())
def test_consistency(data: st.DataObject) -> None:
    """Every earlier tree is proved to begin every later one, and no changed proof holds."""
    new = data.draw(SIZES)
    old = data.draw(st.integers(1, new))
    proof, old_root, new_root = consistency_proof(old, new, mth), mth(0, old), mth(0, new)
    check_consistency(old, new, proof, old_root, new_root)
    other = sha256(b"other").digest()
    bad = [
        (old, new, [*proof, other], old_root, new_root),
        (old, new, proof, other, new_root),
        (old, new, proof, old_root, other),
        (0, new, [], EMPTY_ROOT, new_root),
        (0, 0, [], EMPTY_ROOT, EMPTY_ROOT),
        (new + 1, new, proof, old_root, new_root),
        (old, new, proof, old_root[:5], new_root),
    ]
    if proof:
        bad.append((old, new, proof[:-1], old_root, new_root))
        bad.append((old, new, [], old_root, new_root))
    for arguments in bad:
        with pytest.raises(InvalidProof):
            check_consistency(*arguments)


@pytest.mark.parametrize(("index", "size"), [(-1, 5), (5, 5), (0, 0)])
def test_no_path_outside_the_tree(index: int, size: int) -> None:
    """There is no proof for what is not a leaf."""
    with pytest.raises(InvalidProof):
        inclusion_proof(index, size, mth)


@pytest.mark.parametrize(("old", "new"), [(0, 5), (6, 5), (0, 0)])
def test_no_consistency_of_nothing(old: int, new: int) -> None:
    """The empty tree proves nothing, and no tree continues a larger one."""
    with pytest.raises(InvalidProof):
        consistency_proof(old, new, mth)
