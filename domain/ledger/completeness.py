"""Completeness receipts: "these are all the events of this stream, as of this tree size".

A Merkle tree of events shows what is in it, never that nothing else is. So the log says the rest and signs it: a
**statement** names the leaves of a stream below a tree size. It is a promise that can be broken only by leaving
evidence, for the receipt of any further event of that stream below that size convicts the log (`convicts`).

The statement is a signed note. Its text cannot be read as a checkpoint, whose second line is a number.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.ledger.errors import InvalidNote, InvalidProof
from domain.ledger.note import open_note, parse_note, strict_base64
from domain.ledger.policy import Policy
from domain.ledger.receipt import Receipt, read_receipt
from domain.ledger.tree import HASH_SIZE, check_inclusion
from domain.ledger.trust import Trusted, VerifierOf, open_signed, open_trusted

LABEL = "jianzheng/complete-stream@v1"
"""First line of a statement: keeps it apart from everything else that the log's key signs."""

FORMAT = "jianzheng/completeness@v1"
"""The member ``format`` of the file."""

SUFFIX = ".complete.json"

_NUMBER = re.compile("0|[1-9][0-9]{0,18}")
_MEMBERS = {"format", "receipts", "statement"}


@dataclass(frozen=True)
class Statement:
    """``leaves``: indices of all the stream's events below ``size``, ascending."""

    origin: str
    stream: UUID
    size: int
    root: bytes
    leaves: tuple[int, ...]

    def text(self) -> str:
        """The text that is signed."""
        leaves = " ".join(str(index) for index in self.leaves)
        lines = (LABEL, self.origin, str(self.stream), str(self.size), b64encode(self.root).decode(), leaves)
        return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Completeness:
    """``note`` is the signed statement; ``receipts`` are those of the stream's events, under one checkpoint."""

    statement: Statement
    note: str
    receipts: tuple[Receipt, ...]


def parse_statement(text: str) -> Statement:
    """The statement in a note's text. Raises `InvalidNote`."""
    lines = text.split("\n")
    if len(lines) != 7 or lines[0] != LABEL or lines[6]:
        raise _not_a_statement()
    _, origin, stream, size, root, leaves, _ = lines
    indices = leaves.split(" ")
    digest = strict_base64(root)
    if not all(_NUMBER.fullmatch(each) for each in (size, *indices)) or len(digest) != HASH_SIZE:
        raise _not_a_statement()
    try:
        statement = Statement(origin, UUID(stream), int(size), digest, tuple(int(each) for each in indices))
    except ValueError:
        raise _not_a_statement() from None
    ascending = all(before < after for before, after in zip(statement.leaves, statement.leaves[1:], strict=False))
    if statement.text() != text or not ascending or statement.leaves[-1] >= statement.size:
        raise _not_a_statement()
    return statement


def open_statement(note: str, policy: Policy, verifier_of: VerifierOf) -> Statement:
    """The statement of a log that the policy names. Raises `InvalidNote`."""
    statement = parse_statement(open_note(note, [verifier_of(log.key) for log in policy.logs]).text)
    keys = [verifier_of(log.key) for log in policy.logs if log.key.name == statement.origin]
    open_note(note, keys)  # and of this very log: another of the policy's may not speak for it
    return statement


def encode_completeness(note: str, receipts: Sequence[str]) -> str:
    """The file. ``note``: the signed statement. ``receipts``: the files of the events, in order."""
    said = {"format": FORMAT, "receipts": list(receipts), "statement": note}
    return json.dumps(said, ensure_ascii=False, indent=1) + "\n"


def read_completeness(data: bytes | str) -> Completeness:
    """What the file says, nothing verified. Raises `InvalidProof` and `InvalidNote`."""
    try:
        said = json.loads(data)
        sound = set(said) == _MEMBERS and said["format"] == FORMAT and isinstance(said["statement"], str)
        sound = sound and isinstance(said["receipts"], list) and all(isinstance(r, str) for r in said["receipts"])
    except (ValueError, TypeError, KeyError, RecursionError):
        sound = False
    if not sound:
        raise InvalidProof("不是完整性回执", "it is no completeness receipt")
    note = said["statement"]
    return Completeness(parse_statement(parse_note(note).text), note, tuple(map(read_receipt, said["receipts"])))


def check_completeness(completeness: Completeness, policy: Policy, verifier_of: VerifierOf) -> Trusted:
    """The checkpoint under which these are all the events of the stream.

    Raises `InvalidNote`, `InvalidProof` and `QuorumNotMet` where the file does not show that.
    """
    statement = open_statement(completeness.note, policy, verifier_of)
    if len(completeness.receipts) != len(statement.leaves):
        raise InvalidProof("声明的事件数与所附的不符", "it holds another number of events than the statement says")
    trusted = open_trusted(completeness.receipts[0].proof.checkpoint, policy, verifier_of)
    tree = trusted.checkpoint
    if (tree.origin, tree.size, tree.root) != (statement.origin, statement.size, statement.root):
        raise InvalidProof("声明与检查点不是同一棵树", "the statement speaks of another tree than the checkpoint")
    for number, (receipt, index) in enumerate(zip(completeness.receipts, statement.leaves, strict=True), 1):
        if receipt.proof.checkpoint != completeness.receipts[0].proof.checkpoint:
            raise InvalidProof("各事件的检查点不是同一个", "its events are proven under different checkpoints")
        if (receipt.id, receipt.version, receipt.proof.index) != (statement.stream, number, index):
            raise InvalidProof("所附的事件不是声明的那些", "its events are not those of the statement")
        check_inclusion(index, tree.size, receipt.leaf, receipt.proof.hashes, tree.root)
    return trusted


def convicts(note: str, receipt: Receipt, policy: Policy, verifier_of: VerifierOf) -> bool:
    """Whether a receipt shows that the log lied in its statement ``note``: both are signed by the one log, the event is
    of that stream, lies below that size, and the statement does not name it.

    Witnesses are not asked: the log's own signatures are the evidence. Raises `InvalidNote` and `InvalidProof` where
    one of the two is no evidence at all.
    """
    statement = open_statement(note, policy, verifier_of)
    tree = open_signed(receipt.proof.checkpoint, policy, verifier_of).checkpoint
    check_inclusion(receipt.proof.index, tree.size, receipt.leaf, receipt.proof.hashes, tree.root)
    ours = (tree.origin, receipt.id) == (statement.origin, statement.stream)
    return ours and receipt.proof.index < statement.size and receipt.proof.index not in statement.leaves


def _not_a_statement() -> InvalidNote:
    return InvalidNote("不是完整性声明", "it is no statement of completeness")
