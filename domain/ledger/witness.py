"""The witness protocol (C2SP ``tlog-witness`` v1.0.0): what is sent to a witness, and what a sound one decides.

A witness vouches that a log only ever grew: it cosigns a checkpoint when it continues the one that it cosigned before.
Reading and deciding are pure; keeping what was seen, atomically with the decision, is `adapters.witness.service`.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NamedTuple

from domain.errors import InputError
from domain.ledger.checkpoint import Checkpoint, parse_checkpoint
from domain.ledger.errors import InvalidNote, InvalidProof
from domain.ledger.note import MAX_NOTE, Note, Signature, Verifier, open_note, parse_note, strict_base64
from domain.ledger.tree import EMPTY_ROOT, HASH_SIZE, check_consistency

ADD_CHECKPOINT = "add-checkpoint"
MAX_HASHES = 63
MAX_REQUEST = 64 << 10
"""Bytes: sixty-three hashes, a checkpoint, and a good dozen of the largest signatures."""

TEXT = "text/plain; charset=utf-8"
SIZE = "text/x.tlog.size"
"""Media type of a 409: the body is the size that the witness cosigned last."""

_DECIMAL = re.compile("0|[1-9][0-9]{0,18}")


class InvalidSubmission(InputError):
    """What was sent to a witness, or came from one, is not what the protocol says."""

    code = "submission_invalid"
    http_status = 400
    zh = "不符合见证协议：{problem_zh}。"
    en = "Not according to the witness protocol: {problem_en}."

    def __init__(self, problem_zh: str, problem_en: str, **where: Any) -> None:
        super().__init__(problem_zh=problem_zh, problem_en=problem_en, **where)


@dataclass(frozen=True)
class Submission:
    """``old``: the size that the witness cosigned last, as the sender has it. ``note``: the checkpoint, signed."""

    old: int
    proof: tuple[bytes, ...]
    note: str

    def encode(self) -> bytes:
        """The body of the request, UTF-8; `parse_submission` reads it."""
        lines = [f"old {self.old}", *(b64encode(each).decode() for each in self.proof)]
        return ("\n".join(lines) + "\n\n" + self.note).encode()


class Seen(NamedTuple):
    """The checkpoint of a log that a witness cosigned last."""

    size: int
    root: bytes


NEVER = Seen(0, EMPTY_ROOT)
"""A log of which nothing was cosigned yet."""


class WitnessReply(NamedTuple):
    status: int
    body: str = ""
    media_type: str = TEXT
    retry_after: int | None = None  # seconds

    @property
    def cosigned(self) -> bool:
        """Whether the witness signed: its lines are the body."""
        return self.status == 200


class Accepted(NamedTuple):
    """A checkpoint of a known log: its text, and the signatures of the log's that verified."""

    checkpoint: Checkpoint
    note: Note
    submission: Submission


def parse_submission(data: bytes) -> Submission:
    """The parts of a request, nothing verified but its form. Raises `InvalidSubmission`."""
    try:
        text = data.decode()
    except UnicodeError:
        raise InvalidSubmission("不是 UTF-8", "it is not UTF-8") from None
    head, blank, note = text.partition("\n\n")
    if len(text) > MAX_NOTE or not blank:
        raise InvalidSubmission("太长，或没有检查点", "it is too long or has no checkpoint")
    first, *proof = head.split("\n")
    word, _, number = first.partition(" ")
    if word != "old" or (old := decimal(number)) is None:
        raise InvalidSubmission("第一行不是 old 和树大小", "its first line is not “old” and a size")
    if len(proof) > MAX_HASHES:
        raise InvalidSubmission(f"证明超过 {MAX_HASHES} 行", f"the proof has more than {MAX_HASHES} lines")
    return Submission(old, tuple(_hash(line) for line in proof), note)


def decimal(text: str) -> int | None:
    """A tree size as it is written: no sign, no leading zero, below 2^63. None for anything else."""
    return int(text) if _DECIMAL.fullmatch(text) and int(text) < 2**63 else None


def accept(data: bytes, known: Mapping[str, Sequence[Verifier]]) -> Accepted | WitnessReply:
    """What needs no memory: the form, the origin, the signature, and that no size goes down.

    ``known``: the keys that each origin may sign with. The answer is the refusal.
    """
    try:
        submission = parse_submission(data)
        unsigned = submission.note.endswith("\n\n")
        checkpoint = parse_checkpoint(submission.note[:-1] if unsigned else parse_note(submission.note).text)
    except (InvalidSubmission, InvalidNote) as error:
        return WitnessReply(400, error.message("en") + "\n")
    verifiers = known.get(checkpoint.origin)
    if not verifiers:
        return WitnessReply(404, "unknown log\n")
    try:
        if unsigned:
            raise InvalidNote("没有签名", "it has no signature")
        note = open_note(submission.note, verifiers)
    except InvalidNote as error:
        return WitnessReply(403, error.message("en") + "\n")
    if submission.old > checkpoint.size:
        return WitnessReply(400, "the old size is larger than the checkpoint's\n")
    return Accepted(checkpoint, note, submission)


def judge(accepted: Accepted, seen: Seen) -> WitnessReply | None:
    """Whether an accepted checkpoint continues the one that was cosigned last: the refusal, or None."""
    checkpoint, old, proof = accepted.checkpoint, accepted.submission.old, accepted.submission.proof
    if old != seen.size:
        return WitnessReply(409, f"{seen.size}\n", SIZE)
    if checkpoint.size == 0 and checkpoint.root != EMPTY_ROOT:
        return WitnessReply(422, "the empty tree has another root\n")
    try:
        if old:
            check_consistency(old, checkpoint.size, proof, seen.root, checkpoint.root)
        elif proof:
            raise InvalidProof("空树不需要证明", "a proof from the empty tree is empty")
    except InvalidProof as error:
        return WitnessReply(422, error.message("en") + "\n")
    return None


def signature_lines(data: bytes) -> tuple[Signature, ...]:
    """The lines of an answer with status 200, nothing verified. Raises `InvalidSubmission`."""
    try:
        return parse_note(b"-\n\n" + data).signatures
    except InvalidNote:
        raise InvalidSubmission("答复不是签名行", "the answer is no signature lines") from None


def size_answered(data: bytes) -> int | None:
    """The size in the body of a 409; None where it has none, as some witnesses' have."""
    try:
        return decimal(data.decode("ascii").removesuffix("\n"))
    except UnicodeError:
        return None


def origin_hash(origin: str) -> str:
    """The name of a log at the monitors' endpoint."""
    return sha256(origin.encode()).hexdigest()


def _hash(line: str) -> bytes:
    try:
        digest = strict_base64(line)
    except InvalidNote:
        digest = b""
    if len(digest) != HASH_SIZE:
        raise InvalidSubmission("证明的一行不是 32 字节的散列值", "a line of the proof is no hash of 32 bytes")
    return digest
