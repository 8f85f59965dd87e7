"""What people keep, a checkpoint or a receipt, gives a checkpoint to hold a ledger against."""

from __future__ import annotations

from uuid import UUID

import pytest

from domain.ledger.checkpoint import Checkpoint
from domain.ledger.entry import entry
from domain.ledger.errors import InvalidProof
from domain.ledger.kept import checkpoint_in
from domain.ledger.note import Note, Signature
from domain.ledger.receipt import encode_receipt
from domain.ledger.tree import inclusion_proof, leaf_hash, root_of

ID = UUID(int=5)
LEAVES = [leaf_hash(entry(ID, n + 1, "test:filed", b"{}")) for n in range(5)]
NOTE = Note(Checkpoint("log.example", 5, root_of(LEAVES)).text(), (Signature("log.example", b"1234", b"x"),)).encode()


def receipt(version: int = 3, state: bytes = b"{}", note: str = NOTE) -> str:
    proof = inclusion_proof(2, 5, lambda start, end: root_of(LEAVES[start:end]))
    return encode_receipt(ID, version, "test:filed", state, index=2, hashes=proof, checkpoint=note)


def test_a_checkpoint_is_itself() -> None:
    """Whatever is no receipt is taken as a note, to be opened by whoever knows the keys."""
    assert checkpoint_in(NOTE) == NOTE
    assert checkpoint_in("anything") == "anything"


def test_a_receipt_ends_in_one() -> None:
    """Its checkpoint, verbatim."""
    assert checkpoint_in(receipt()) == NOTE


BAD = [
    receipt(version=4),
    receipt(state=b"[]"),
    receipt().replace("index 2", "index 3"),
    receipt().replace("extra", "other"),
]


@pytest.mark.parametrize("text", BAD)
def test_a_receipt_that_shows_nothing_is_refused(text: str) -> None:
    """One whose event is not in its tree would show nothing about an archive that continues it."""
    with pytest.raises(InvalidProof):
        checkpoint_in(text)
