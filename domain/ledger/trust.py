"""Whether a checkpoint is to be believed: signed by a log that the policy names, and cosigned by enough witnesses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from domain.errors import InputError
from domain.ledger.checkpoint import Checkpoint, parse_checkpoint
from domain.ledger.cosignature import cosigned_at
from domain.ledger.errors import InvalidNote
from domain.ledger.note import Verifier, VerifierKey, open_note
from domain.ledger.policy import Policy

VerifierOf = Callable[[VerifierKey], Verifier]
"""Makes the verifier of a key: `adapters.keys.signing.verifier_of`."""


class QuorumNotMet(InputError):
    """The log signed it, but fewer witnesses than the policy asks for have."""

    code = "quorum_not_met"
    zh = "见证不足：策略要求的见证方里，只有 {count} 个签过这个检查点。"
    en = "Not witnessed enough: {count} of the witnesses that the policy asks for cosigned this checkpoint."
    next_zh = "请过一会儿再取一份回执；仍然如此时，请问账本的运营者。"
    next_en = "Get the receipt again later; if it stays so, ask the operator of the log."

    def __init__(self, count: int, **where: Any) -> None:
        super().__init__(count=count, **where)


@dataclass(frozen=True)
class Trusted:
    """A checkpoint that a policy accepts. ``cosigned``: seconds since 1970 by the policy's names of witnesses."""

    checkpoint: Checkpoint
    log: VerifierKey
    cosigned: Mapping[str, int]


def open_signed(note: bytes | str, policy: Policy, verifier_of: VerifierOf) -> Trusted:
    """The checkpoint, its log and who cosigned it, however few. Raises `InvalidNote`.

    Signatures of unknown keys are ignored; one of a known key that fails makes the whole note worthless, as the
    specification of signed notes says.
    """
    logs = [log.key for log in policy.logs]
    keys = [*logs, *(witness.key for witness in policy.witnesses.values())]
    opened = open_note(note, [verifier_of(key) for key in keys])
    checkpoint = parse_checkpoint(opened.text)
    signed = {(signature.name, signature.key_id): signature for signature in opened.signatures}
    log = next((key for key in logs if key.name == checkpoint.origin and (key.name, key.key_id) in signed), None)
    if log is None:
        raise InvalidNote("不是策略所列账本签发的", "it is signed by no log of the policy for its origin")
    cosigned = {
        name: cosigned_at(signed[witness.key.name, witness.key.key_id], witness.key)
        for name, witness in policy.witnesses.items()
        if (witness.key.name, witness.key.key_id) in signed
    }
    return Trusted(checkpoint, log, cosigned)


def open_trusted(note: bytes | str, policy: Policy, verifier_of: VerifierOf) -> Trusted:
    """The same, of a checkpoint that meets the policy's quorum. Raises `InvalidNote` and `QuorumNotMet`."""
    signed = open_signed(note, policy, verifier_of)
    if not policy.satisfied(signed.cosigned):
        raise QuorumNotMet(len(signed.cosigned))
    return signed
