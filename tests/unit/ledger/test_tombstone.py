"""Tombstones: a format for ever, and a tree that does not change by a byte."""

from __future__ import annotations

from hashlib import sha256
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ledger.entry import entries_of, entry, entry_of_hex
from domain.ledger.proof import LogProof
from domain.ledger.receipt import Receipt
from domain.ledger.tombstone import Erased, read_tombstone, state_digest, tombstone
from domain.ledger.tree import leaf_hash, root_of

ID = UUID(int=7)
GOLDEN = b'{"erased":{"by":12,"state":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}}'


def test_a_tombstone_is_written_as_it_always_was():
    """Byte for byte."""
    assert tombstone(12, sha256(b"abc").hexdigest()) == GOLDEN
    assert read_tombstone(GOLDEN) == Erased(12, sha256(b"abc").hexdigest())


@pytest.mark.parametrize(
    "state",
    [
        GOLDEN + b" ", GOLDEN.replace(b"12", b"0"), GOLDEN.replace(b"12", b"012"), GOLDEN.replace(b"ba78", b"BA78"),
        GOLDEN.replace(b"12", b"1e1"), GOLDEN[:-3] + b'0"}}', GOLDEN.replace(b'"by"', b'"by" '), b"", b"{}",
        b'{"erased":{"state":"00","by":1}}',
    ],
)  # fmt: skip
def test_what_is_not_a_tombstone_to_the_byte_is_a_state_like_any_other(state):
    """So a second spelling of the same tombstone is an altered event."""
    assert read_tombstone(state) is None
    assert state_digest(state) == sha256(state).hexdigest()


@given(st.lists(st.binary(max_size=60), min_size=1, max_size=20), st.data())
def test_the_root_is_the_same_before_and_after_an_erasure(states, data):
    """Whatever is erased, one by one or all at once, by each of the ways in which entries are made."""
    erased = data.draw(st.sets(st.integers(0, len(states) - 1)))
    after = [
        tombstone(len(states) + 1, sha256(state).hexdigest()) if n in erased else state
        for n, state in enumerate(states)
    ]

    def root(some):
        return root_of([leaf_hash(entry(ID, n, "test:filed", state)) for n, state in enumerate(some, 1)])

    assert root(after) == root(states)
    rows = [(n, ID.hex, n, "test:filed", state) for n, state in enumerate(after, 1)]
    assert entries_of(rows) == [entry_of_hex(ID.hex, n, "test:filed", state) for n, state in enumerate(states, 1)]


def test_a_tombstone_in_a_receipt_proves_nothing():
    """A receipt shows what was filed; who has only the digest has no receipt."""
    proof = LogProof(0, (), "", b"")
    receipt = Receipt(ID, 1, "test:filed", tombstone(2, sha256(b"abc").hexdigest()), proof)
    assert receipt.leaf != leaf_hash(entry(ID, 1, "test:filed", b"abc"))
