"""What a receipt proves, in terms that a person understands; needs the receipt and a policy, and no archive.

What an event says is read with care: a receipt is a file from anywhere, and only what `judge` found proven may be
believed. A file that cannot be read raises; one that can be read and proves nothing is a `Judgement` with an error.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from domain.errors import JianzhengError
from domain.ledger.checkpoint import Checkpoint, parse_checkpoint
from domain.ledger.completeness import Statement, check_completeness, read_completeness
from domain.ledger.errors import InvalidNote, InvalidProof
from domain.ledger.note import parse_note
from domain.ledger.policy import Policy
from domain.ledger.receipt import Receipt, check_receipt, read_receipt
from domain.ledger.trust import QuorumNotMet, Trusted, VerifierOf
from domain.streams import TOPICS

PAPER = "jianzheng-receipt@v1"
"""First line of what is printed as a square: origin, leaf index, leaf hash, tree size and root follow, a line each."""

LONGEST = 1_000
"""Characters of a text that are shown; a receipt from anywhere may hold anything."""


@dataclass(frozen=True)
class NamedFile:
    name: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Said:
    """What an event says of itself; empty where it does not say it."""

    record: str
    revision: int
    topic: str
    title: str
    code: str
    organisation: str
    at: datetime | None
    by: str
    reason: str
    files: tuple[NamedFile, ...]

    @property
    def act(self) -> tuple[str, str, str]:
        """Name in JSON answers, and in both languages; the topic for an event of another kind."""
        kind = TOPICS.get(self.topic)
        return (self.topic,) * 3 if kind is None else (kind.name or self.topic, kind.zh, kind.en)


@dataclass(frozen=True)
class Judgement:
    """``trusted`` is what the policy accepts; without it ``error`` says why the receipt shows nothing.

    ``claimed`` is the checkpoint as it stands in the file, to be shown beside the error. ``statement`` is there for a
    completeness receipt.
    """

    receipts: tuple[Receipt, ...]
    claimed: Checkpoint
    policy: Policy
    statement: Statement | None = None
    trusted: Trusted | None = None
    error: JianzhengError | None = None

    @property
    def ok(self) -> bool:
        """Whether the policy accepts what the receipt shows."""
        return self.trusted is not None

    @property
    def witnessed(self) -> bool:
        """Whether the policy asks for any witness; where it does not, the log alone vouches for itself."""
        return self.policy.witnessed

    @cached_property
    def said(self) -> tuple[Said, ...]:
        """What its events say, one for each receipt, in their order."""
        return tuple(map(said_by, self.receipts))

    def files(self) -> dict[str, NamedFile]:
        """All files that its events name, by digest."""
        return {file.sha256: file for said in self.said for file in said.files}


def judge(data: bytes, policy: Policy, verifier_of: VerifierOf) -> Judgement:
    """Raises `InvalidProof` and `InvalidNote` for what is no receipt at all."""
    if data.lstrip()[:1] == b"{":
        complete = read_completeness(data)
        receipts, statement = complete.receipts, complete.statement
        if not receipts:
            raise InvalidProof("里面没有事件", "it holds no event")
        claimed = _claimed(receipts)
        try:
            trusted = check_completeness(complete, policy, verifier_of)
        except (InvalidNote, InvalidProof, QuorumNotMet) as error:
            return Judgement(receipts, claimed, policy, statement, error=error)
        return Judgement(receipts, claimed, policy, statement, trusted)
    receipt = read_receipt(data)
    claimed = _claimed([receipt])
    try:
        trusted = check_receipt(receipt, policy, verifier_of)
    except (InvalidNote, InvalidProof, QuorumNotMet) as error:
        return Judgement((receipt,), claimed, policy, error=error)
    return Judgement((receipt,), claimed, policy, trusted=trusted)


def said_by(receipt: Receipt) -> Said:
    """What the event says; whatever is not of the expected kind is left out."""
    try:
        decoded = receipt.content()
    except InvalidProof:
        decoded = {}
    event: dict[str, Any] = decoded if isinstance(decoded, dict) else {}
    content = event.get("content")
    return Said(
        record=str(receipt.id),
        revision=receipt.version,
        topic=receipt.topic,
        title=_text(content.get("title")) if isinstance(content, dict) else "",
        code=_text(event.get("code")),
        organisation=_text(event.get("organisation")),
        at=_instant(event.get("recorded_at")),
        by=_text(event.get("actor")),
        reason=_text(event.get("reason"))
        or _text(event.get("remark"))
        or _text(event.get("note"))
        or _text(event.get("basis")),
        files=_files(event.get("files")),
    )


def on_paper(receipt: Receipt, checkpoint: Checkpoint) -> str:
    """What the square on the paper holds: enough to compare the paper with the ledger, whoever keeps either."""
    leaf, root = b64encode(receipt.leaf).decode(), b64encode(checkpoint.root).decode()
    lines = (PAPER, checkpoint.origin, str(receipt.proof.index), leaf, str(checkpoint.size), root)
    return "\n".join(lines) + "\n"


def _claimed(receipts: Iterable[Receipt]) -> Checkpoint:
    """The checkpoint of the first, unverified; those of all others must be such as can be read."""
    first, *_ = [parse_checkpoint(parse_note(receipt.proof.checkpoint).text) for receipt in receipts]
    return first


def _text(value: Any) -> str:
    return value[:LONGEST] if isinstance(value, str) else ""


def _instant(value: Any) -> datetime | None:
    try:
        instant = datetime.fromisoformat(_text(value))
    except ValueError:
        return None
    return instant if instant.tzinfo is not None else None


def _files(value: Any) -> tuple[NamedFile, ...]:
    if not isinstance(value, list):
        return ()
    return tuple(
        NamedFile(_text(each.get("name")), _text(each.get("sha256")), each["size"])
        for each in value
        if isinstance(each, dict) and isinstance(each.get("size"), int) and _text(each.get("sha256"))
    )
