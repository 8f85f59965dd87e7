"""What people keep of a ledger to hold against it later: a checkpoint, or a receipt, which ends in one."""

from __future__ import annotations

from domain.ledger.checkpoint import parse_checkpoint
from domain.ledger.note import parse_note
from domain.ledger.proof import HEADER
from domain.ledger.receipt import read_receipt
from domain.ledger.tree import check_inclusion


def checkpoint_in(text: str) -> str:
    """The signed checkpoint that was kept: the note, or that of a receipt whose event lies in its tree.

    A ledger that continues a receipt's checkpoint holds the receipt's event still. No signature is looked at here.
    Raises `InvalidProof`, and `InvalidNote` for a receipt whose checkpoint cannot be read.
    """
    if not text.startswith(HEADER):
        return text
    receipt = read_receipt(text)
    tree = parse_checkpoint(parse_note(receipt.proof.checkpoint).text)
    check_inclusion(receipt.proof.index, tree.size, receipt.leaf, receipt.proof.hashes, tree.root)
    return receipt.proof.checkpoint
