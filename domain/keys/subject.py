"""The acts on the keys of the ledger, as `domain.streams` has them: one stream for each ledger."""

from __future__ import annotations

from collections.abc import Sequence

from domain.event import Event
from domain.keys.events import KeyEvent, KeyRetired, KeyRotated, KeySucceeded
from domain.keys.history import fold
from domain.ledger.errors import InvalidNote
from domain.ledger.note import Verifier, VerifierKey, parse_vkey
from domain.subject import Impossible, Kind, Subject


def audit_keys(events: Sequence[Event]) -> Impossible | None:
    """Whether the acts on a ledger's keys can follow each other; who signed them, the forensic check sees to."""
    acts = [event for event in events if isinstance(event, KeyEvent)]
    try:
        before = [parse_vkey(key) for key in _before(acts[0])]
        new = [parse_vkey(act.new) for act in acts if isinstance(act, KeySucceeded)]
    except InvalidNote as error:
        return Impossible(1, error.params["problem_zh"], error.params["problem_en"])
    refused = fold([*before[:1], *new], acts, _believed).refused
    return Impossible(refused[0].act.originator_version, refused[0].zh, refused[0].en) if refused else None


def _before(first: KeyEvent) -> Sequence[str]:
    """The key that was in force before the first act."""
    if isinstance(first, KeyRotated):
        return [first.old]
    return first.lost if isinstance(first, KeySucceeded) else []


def _believed(key: VerifierKey) -> Verifier:
    return Verifier(key, lambda message, blob: True)


KEYS = Subject(
    name="ledger-keys",
    zh="账本的密钥",
    en="keys of the ledger",
    topics="jianzheng:ledger.",
    base=KeyEvent,
    ids="derived",
    # What is signed is judged with the whole stream.
    kinds=(
        Kind(KeyRotated, "启用新密钥", "key rotated", files=False, stream=("origin",), alone=False),
        Kind(KeyRetired, "停用密钥", "key retired", files=False, stream=("origin",), alone=False),
        Kind(KeySucceeded, "密钥接替", "key succeeded", files=False, stream=("origin",), alone=False),
    ),
    audit=audit_keys,
)
