"""Receipts: a proof that one event is in the ledger, with the event itself, in one ``.tlog-proof`` file.

The proof's ``extra`` is the entry with the event's stored bytes in the place of their hash: canonical JSON
``{"id","state","topic","v","version"}``, ``state`` in base64. Nobody needs to trust it: the leaf is computed from it.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

from domain.ledger.canonical import canonical
from domain.ledger.entry import ENTRY_FORMAT, entry_of_digest
from domain.ledger.errors import InvalidNote, InvalidProof, NotCanonical
from domain.ledger.note import strict_base64
from domain.ledger.policy import Policy
from domain.ledger.proof import LogProof, parse_proof
from domain.ledger.tree import check_inclusion, leaf_hash
from domain.ledger.trust import Trusted, VerifierOf, open_trusted

_MEMBERS = {"id", "state", "topic", "v", "version"}


@dataclass(frozen=True)
class Receipt:
    """``state``: the event's bytes as they are stored."""

    id: UUID
    version: int
    topic: str
    state: bytes
    proof: LogProof

    @property
    def leaf(self) -> bytes:
        """The leaf hash that follows from the event, whatever the proof says. A tombstone is no event to others."""
        digest = sha256(self.state).hexdigest()
        return leaf_hash(entry_of_digest(self.id, self.version, self.topic, digest))

    def content(self) -> Any:
        """What the event says. Raises `InvalidProof` where its bytes are no JSON."""
        try:
            return json.loads(self.state)
        except (ValueError, RecursionError):
            raise InvalidProof("事件内容读不出", "the event cannot be read") from None


def encode_receipt(
    event_id: UUID, version: int, topic: str, state: bytes, *, index: int, hashes: Sequence[bytes], checkpoint: str
) -> str:
    """The file. ``hashes``: the inclusion proof of leaf ``index`` in the tree of ``checkpoint``, a signed note."""
    said = {
        "id": str(event_id),
        "state": b64encode(state).decode(),
        "topic": topic,
        "v": ENTRY_FORMAT,
        "version": version,
    }
    return LogProof(index, tuple(hashes), checkpoint, canonical(said)).encode()


def read_receipt(data: bytes | str) -> Receipt:
    """What a receipt says, nothing verified. Raises `InvalidProof` for what is no receipt of ours."""
    proof = parse_proof(data)
    try:
        said = json.loads(proof.extra or b"")
        sound = set(said) == _MEMBERS and canonical(said) == proof.extra and said["v"] == ENTRY_FORMAT
        receipt = Receipt(UUID(said["id"]), said["version"], said["topic"], strict_base64(said["state"]), proof)
        sound &= str(receipt.id) == said["id"] and type(receipt.version) is int and isinstance(receipt.topic, str)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, InvalidNote, NotCanonical):
        sound = False
    if not sound:
        raise InvalidProof("里面没有事件", "it holds no event")
    return receipt


def check_receipt(receipt: Receipt, policy: Policy, verifier_of: VerifierOf) -> Trusted:
    """The checkpoint under which the event is in the ledger.

    Raises `InvalidNote`, `InvalidProof` and `QuorumNotMet` where the receipt does not show that.
    """
    trusted = open_trusted(receipt.proof.checkpoint, policy, verifier_of)
    tree = trusted.checkpoint
    check_inclusion(receipt.proof.index, tree.size, receipt.leaf, receipt.proof.hashes, tree.root)
    return trusted
