"""Use cases of the ledger's keys: a new one comes, one is retired, one takes the place of lost ones.

Whoever calls holds the ledger's lock, so that no checkpoint is signed meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import tzinfo
from typing import Any, TypeVar

from domain.access import Actor
from domain.errors import Conflict
from domain.event import Stamp
from domain.keys.events import KeyEvent, KeyRetired, KeyRotated, KeySucceeded, keys_stream
from domain.keys.history import KeyHistory, fold, statement, why_refused
from domain.ledger.note import Note, Signature, VerifierKey, parse_vkey
from domain.ledger.trust import VerifierOf
from domain.organisations.administering import BadValue
from domain.organisations.directory import Directory
from domain.organisations.policy import Policy
from domain.ports.events import EventStore
from domain.ports.ledger import Signer
from domain.ports.surroundings import Clock, Entropy

Act = TypeVar("Act", bound=KeyEvent)


class KeyActRefused(Conflict):
    """The rules of `domain.keys.history` say no; nothing was recorded."""

    code = "key_act_refused"
    zh = "密钥没有变动：{why_zh}。"
    en = "The keys were not changed: {why_en}."
    next_zh = "请用 jianzheng key list 查看现有密钥。"
    next_en = "See the keys with jianzheng key list."


class KeyKeeping:
    def __init__(
        self,
        origin: str,
        *,
        events: EventStore,
        directory: Callable[[], Directory],
        verifier_of: VerifierOf,
        clock: Clock,
        entropy: Entropy,
        zone: tzinfo,
    ) -> None:
        self.origin, self.events, self.directory, self.verifier_of = origin, events, directory, verifier_of
        self.clock, self.entropy, self.zone = clock, entropy, zone
        self.policy = Policy(directory, lambda: clock().astimezone(zone).date())

    def require(self, actor: Actor) -> None:
        """Only administrators of the top organisation may change keys. Raises `NotAllowed`."""
        self.policy.require_at_top(actor, "key.manage")

    def history(self, anchors: Sequence[VerifierKey]) -> KeyHistory:
        """The history of the keys as it is recorded."""
        events = self.events.stream(keys_stream(self.origin))
        return fold(anchors, (event for event in events if isinstance(event, KeyEvent)), self.verifier_of)

    def rotate(self, actor: Actor, anchors: Sequence[VerifierKey], old: Signer, new: Signer, size: int) -> KeyRotated:
        """Both sign from here on; ``size`` is the tree size of the last checkpoint that was signed."""
        act = KeyRotated(
            origin=self.origin, size=size, old=old.vkey(), new=new.vkey(), note="", **self._header(actor, anchors)
        )
        return self._append(anchors, act, [old, new])

    def retire(
        self,
        actor: Actor,
        anchors: Sequence[VerifierKey],
        key: VerifierKey,
        by: Iterable[Signer],
        size: int,
        reason: str,
    ) -> KeyRetired:
        """``by`` are the keys that stay; each signs."""
        act = KeyRetired(
            origin=self.origin,
            size=size,
            key=key.encode(),
            reason=_line(reason),
            note="",
            **self._header(actor, anchors),
        )
        return self._append(anchors, act, list(by))

    def succeed(
        self, actor: Actor, anchors: Sequence[VerifierKey], new: Signer, size: int, reason: str
    ) -> KeySucceeded:
        """``new`` is among the anchors: whoever calls has decided to trust it."""
        lost = [key.encode() for key in self.history(anchors).now]
        act = KeySucceeded(
            origin=self.origin,
            size=size,
            lost=lost,
            new=new.vkey(),
            reason=_line(reason),
            note="",
            **self._header(actor, anchors),
        )
        return self._append(anchors, act, [new])

    def _header(self, actor: Actor, anchors: Sequence[VerifierKey]) -> dict[str, Any]:
        self.require(actor)
        stream = keys_stream(self.origin)
        stamp = Stamp(actor.username, self.clock(), self.entropy.salt)
        return stamp.header(stream, self.events.last_version(stream) + 1)

    def _append(self, anchors: Sequence[VerifierKey], act: Act, signers: Sequence[Signer]) -> Act:
        text = statement(act)
        lines = [Signature(each.name, parse_vkey(each.vkey()).key_id, each.sign(text.encode())) for each in signers]
        signed = type(act)(**{**vars(act), "note": Note(text, tuple(lines)).encode()})
        why = why_refused(self.history(anchors), signed, anchors, self.verifier_of)
        if why is not None:
            raise KeyActRefused(why_zh=why[0], why_en=why[1])
        self.events.append([signed])
        return signed


def _line(reason: str) -> str:
    text = " ".join(reason.split())
    if not 1 <= len(text) <= 200 or not text.isprintable():
        raise BadValue(value=text[:40], kind_zh="原因", kind_en="reason", accepted="1–200", field="reason")
    return text
