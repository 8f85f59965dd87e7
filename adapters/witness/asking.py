"""What the answers of a witness mean, those of real ones included, which are not always those of the specification."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from adapters.witness.client import Reply
from adapters.witness.faults import WitnessAnswerInvalid, WitnessRefused, WitnessSawAnother
from domain.ledger.checkpoint import Checkpoint
from domain.ledger.note import Signature, Verifier, VerifierKey
from domain.ledger.policy import Policy
from domain.ledger.tree import RangeHash, consistency_proof
from domain.ledger.witness import InvalidSubmission, Submission, signature_lines, size_answered

TRIES = 4
"""Requests in a row: with the size that we remember, to learn the right one, with that one, and one for a race."""

OK, CONFLICT, UNPROCESSABLE = 200, 409, 422


@dataclass(frozen=True)
class Endpoint:
    """A witness as it is reached. It may have several keys, and each a name in the policy."""

    url: str
    names: tuple[str, ...]
    keys: tuple[VerifierKey, ...]


def endpoints(policy: Policy) -> list[Endpoint]:
    """Those that the policy says how to reach."""
    by_url: dict[str, Endpoint] = {}
    for name, known in policy.witnesses.items():
        if known.url:
            before = by_url.get(known.url, Endpoint(known.url, (), ()))
            by_url[known.url] = Endpoint(known.url, (*before.names, name), (*before.keys, known.key))
    return list(by_url.values())


@dataclass(frozen=True)
class Question:
    """One request. ``told``: the size that the witness named in its last answer; None where it named none."""

    endpoint: Endpoint
    note: str
    checkpoint: Checkpoint
    old: int
    told: int | None = None
    tries: int = 1

    def body(self, hash_of: RangeHash) -> bytes:
        size = self.checkpoint.size
        proof = consistency_proof(self.old, size, hash_of) if 0 < self.old < size else []
        return Submission(self.old, tuple(proof), self.note).encode()


class Again(NamedTuple):
    """Ask once more, with this old size."""

    old: int
    told: int | None


class Ahead(NamedTuple):
    """The witness says that it cosigned a larger tree than the one in question."""

    size: int


def understand(
    question: Question, reply: Reply, verifier_of: Callable[[VerifierKey], Verifier]
) -> tuple[Signature, ...] | Again | Ahead:
    """The cosignatures, every one verified, or what comes next.

    Raises `WitnessSawAnother`, `WitnessRefused`, `WitnessAnswerInvalid`.
    """
    if reply.status == OK:
        return _verified(question, reply, verifier_of)
    if reply.status == CONFLICT and question.tries < TRIES:
        return _conflict(question, reply)
    if reply.status == UNPROCESSABLE and question.old:
        raise _another(question)
    raise WitnessRefused(reply.status, reply.retry_after)


def _conflict(question: Question, reply: Reply) -> Again | Ahead:
    told, confirmed = size_answered(reply.body), question.told == question.old
    if told is None:
        if confirmed:  # the size is right, so it is the root that is not
            raise _another(question)
        if question.old and question.told is None:
            return Again(0, None)
        raise WitnessRefused(reply.status, reply.retry_after)
    if told == question.old:
        raise _another(question)
    return Ahead(told) if told > question.checkpoint.size else Again(told, told)


def _verified(
    question: Question, reply: Reply, verifier_of: Callable[[VerifierKey], Verifier]
) -> tuple[Signature, ...]:
    known = {(key.name, key.key_id): verifier_of(key) for key in question.endpoint.keys}
    message, good = question.checkpoint.text().encode(), dict[tuple[str, bytes], Signature]()
    try:
        lines = signature_lines(reply.body)
    except InvalidSubmission as error:
        raise WitnessAnswerInvalid(error.params["problem_zh"], error.params["problem_en"]) from None
    for line in lines:
        who = line.name, line.key_id
        if who not in known:
            continue
        if not known[who].check(message, line.blob):
            raise WitnessAnswerInvalid("它的签名不成立", "its cosignature does not verify")
        good[who] = line
    if not good:
        raise WitnessAnswerInvalid("没有它的签名", "there is no cosignature of its key")
    return tuple(good.values())


def _another(question: Question) -> WitnessSawAnother:
    return WitnessSawAnother(
        question.checkpoint.size,
        f"它见证过 {question.old} 条，根或证明不符",
        f"it cosigned {question.old} leaves, and the root or the proof differs",
    )
