"""The history of a ledger's keys: which were in force at which tree size.

It begins with a key that one trusts, the *anchor*, and goes on by acts that keys in force have signed (C2SP
``signed-note``). A note of an act is no checkpoint and cannot be read as one: its second line is the origin.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from domain.keys.events import KeyEvent, KeyRetired, KeyRotated, KeySucceeded
from domain.ledger.errors import InvalidNote
from domain.ledger.note import VerifierKey, open_note, parse_vkey
from domain.ledger.trust import VerifierOf

MOST_IN_FORCE = 4
"""Every checkpoint carries a signature of each key in force; readers of notes take at least 16 signatures."""

Why = tuple[str, str]


@dataclass(frozen=True)
class Span:
    """A key signs the checkpoints of more than ``after`` leaves, up to ``last``; None: it still does.

    ``how`` it came: as the anchor, endorsed by a key before it, or in the place of lost ones.
    """

    key: VerifierKey
    after: int
    last: int | None
    how: str  # "anchor", "rotated", "succeeded"

    def covers(self, size: int) -> bool:
        """Whether it signs the checkpoint of ``size`` leaves; of an anchor also those before it came."""
        return (self.how == "anchor" or size > self.after) and (self.last is None or size <= self.last)


class RefusedAct(NamedTuple):
    """An act that changes nothing, and why."""

    act: KeyEvent
    zh: str
    en: str


@dataclass(frozen=True)
class KeyHistory:
    spans: tuple[Span, ...]  # in the order in which the keys came
    refused: tuple[RefusedAct, ...] = ()
    acts: tuple[KeyEvent, ...] = field(default=(), repr=False)

    def at(self, size: int) -> tuple[VerifierKey, ...]:
        """The keys that sign a checkpoint of this size, the newest first."""
        return tuple(span.key for span in reversed(self.spans) if span.covers(size))

    @property
    def now(self) -> tuple[VerifierKey, ...]:
        """The keys that sign from here on, the newest first."""
        return tuple(span.key for span in reversed(self.spans) if span.last is None)

    @property
    def ever(self) -> tuple[VerifierKey, ...]:
        """Every key that ever was in force, in the order in which they came."""
        return tuple(span.key for span in self.spans)

    @property
    def size(self) -> int:
        """The tree size of the last act."""
        return self.acts[-1].size if self.acts else 0


def fold(anchors: Sequence[VerifierKey], acts: Iterable[KeyEvent], verifier_of: VerifierOf) -> KeyHistory:
    """The history that begins with the first anchor. The further anchors are successors that one has come to trust."""
    history = KeyHistory(tuple(Span(key, 0, None, "anchor") for key in anchors[:1]))
    for act in acts:
        why = why_refused(history, act, anchors, verifier_of)
        if why is not None:
            history = KeyHistory(history.spans, (*history.refused, RefusedAct(act, *why)), history.acts)
        else:
            history = KeyHistory(_after(history.spans, act), history.refused, (*history.acts, act))
    return history


def why_refused(
    history: KeyHistory, act: KeyEvent, anchors: Sequence[VerifierKey], verifier_of: VerifierOf
) -> Why | None:
    """Why an act cannot come next; None where it can."""
    if not _sound(act):
        return "它的内容不是这类事件的", "its content is not that of its kind"
    try:
        named = {text: parse_vkey(text) for text in _named(act)}
        why = _out_of_turn(history, act, named, anchors)
        if why is not None:
            return why
        signed = open_note(act.note, map(verifier_of, _signers(history, act, named)))
    except InvalidNote as error:
        return error.params["problem_zh"], error.params["problem_en"]
    if signed.text != statement(act):
        return "签名文本说的不是这件事", "its signed note says something else"
    if isinstance(act, KeyRotated) and len({each.key_id for each in signed.signatures}) != 2:
        return "新旧密钥没有都签名", "not both keys signed it"
    return None


def _out_of_turn(
    history: KeyHistory, act: KeyEvent, named: dict[str, VerifierKey], anchors: Sequence[VerifierKey]
) -> Why | None:
    """What speaks against it, whoever has signed it."""
    now = history.now
    if any(key.name != act.origin for key in named.values()):
        return "密钥不是这个账本的", "a key is not this ledger's"
    if act.size < history.size:
        return "它生效的位置早于上一次变动", "it counts from before the act that came before it"
    if isinstance(act, KeyRetired):
        if named[act.key] not in now:
            return "停用的密钥当时不在使用中", "the key was not in force"
        return ("唯一的密钥不能停用", "the only key cannot be retired") if len(now) == 1 else None
    if not isinstance(act, KeyRotated | KeySucceeded):
        return "不是密钥变动", "it is no act on keys"
    if named[act.new] in history.ever:
        return "新密钥以前用过", "its new key was used before"
    if isinstance(act, KeyRotated):
        if named[act.old] not in now:
            return "签名的旧密钥当时不在使用中", "the key that endorses it was not in force"
        return ("同时使用的密钥太多", "too many keys are in force") if len(now) >= MOST_IN_FORCE else None
    if [named[each] for each in act.lost] != list(now):
        return "列出的丢失密钥不是当时使用的密钥", "the keys it calls lost are not those in force"
    if named[act.new] not in anchors:
        return "没有旧密钥为它担保，这里也没有登记信任它", "no key before it endorses it, and it is not trusted here"
    return None


def _signers(history: KeyHistory, act: KeyEvent, named: dict[str, VerifierKey]) -> list[VerifierKey]:
    """The keys one of which at least must have signed the note; of a rotation, both."""
    if isinstance(act, KeyRotated):
        return [named[act.old], named[act.new]]
    if isinstance(act, KeySucceeded):
        return [named[act.new]]
    return [key for key in history.now if key not in named.values()]


def _after(spans: tuple[Span, ...], act: KeyEvent) -> tuple[Span, ...]:
    ending: set[VerifierKey] = set()
    if isinstance(act, KeyRetired):
        ending = {parse_vkey(act.key)}
    elif isinstance(act, KeySucceeded):
        ending = {parse_vkey(each) for each in act.lost}
    kept = tuple(
        Span(span.key, span.after, act.size, span.how) if span.last is None and span.key in ending else span
        for span in spans
    )
    if isinstance(act, KeyRotated | KeySucceeded):
        how = "rotated" if isinstance(act, KeyRotated) else "succeeded"
        return (*kept, Span(parse_vkey(act.new), act.size, None, how))
    return kept


def _sound(act: KeyEvent) -> bool:
    """A stored event may hold anything."""
    texts = [act.origin, act.note, *([act.reason] if isinstance(act, KeyRetired | KeySucceeded) else [])]
    if isinstance(act, KeySucceeded) and type(act.lost) is not list:
        return False
    return all(type(text) is str for text in (*texts, *_named(act))) and type(act.size) is int and act.size >= 0


def _named(act: KeyEvent) -> list[str]:
    if isinstance(act, KeyRotated):
        return [act.old, act.new]
    if isinstance(act, KeyRetired):
        return [act.key]
    return [*act.lost, act.new] if isinstance(act, KeySucceeded) else []


def statement(act: KeyEvent) -> str:
    """The text of the note that comes with an act: everything that the act says, in lines."""
    kind = act.TOPIC.rpartition(".")[2]
    lines = [f"jianzheng/{kind}@v1", act.origin, f"act {act.originator_version}", f"size {act.size}"]
    if isinstance(act, KeyRotated):
        lines += [f"old {act.old}", f"new {act.new}"]
    elif isinstance(act, KeyRetired):
        lines += [f"key {act.key}", f"reason {act.reason}"]
    elif isinstance(act, KeySucceeded):
        lines += [*(f"lost {key}" for key in act.lost), f"new {act.new}", f"reason {act.reason}"]
    return "\n".join(lines) + "\n"
