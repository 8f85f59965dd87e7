"""Whose signature makes a checkpoint good: the keys that were in force at its tree size.

The history of the keys is folded from their events (`domain.keys.history`), and is believed because the keys themselves
signed it; it begins with the anchor, which the key folder names. Where the events of the keys were tampered with, which
the check of all events names, every key that the key folder knows is taken for good at every size: one altered event
does not make sound checkpoints look forged.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from adapters.keys.key_folder import SigningKeys
from adapters.keys.ring import announced
from adapters.keys.signing import verifier_of
from domain.errors import IntegrityFault
from domain.event import Event
from domain.keys.events import KeyEvent, keys_stream
from domain.keys.history import KeyHistory, fold
from domain.ledger.checkpoint import Checkpoint, open_checkpoint, parse_checkpoint
from domain.ledger.entry import entry
from domain.ledger.errors import InvalidEntry, InvalidNote
from domain.ledger.note import Verifier, VerifierKey, parse_note, parse_vkey
from domain.ledger.tombstone import PREFIX
from domain.ledger.tree import leaf_hash
from domain.ports.events import EventStore
from domain.ports.ledger import LedgerReader
from operations.verify.findings import Refusal, Verification


class OutOfForce(InvalidNote):
    """Signed by a key of this ledger that had no business signing a tree of this size."""

    code = "signed_out_of_force"
    next_zh = "请用 jianzheng key list 查看密钥的启用和停用；不是自己人签的，按密钥被盗处理。"
    next_en = "See with jianzheng key list when each key came and went; if none of yours signed it, a key was stolen."

    def __init__(self, key: VerifierKey, size: int) -> None:
        self.key, self.size = key, size
        super().__init__("签名的密钥当时不在使用中", "the key that signed it was not in force")


@dataclass(frozen=True)
class LedgerKeys:
    """``known`` are keys that the key folder names; those of them that no event names may have signed at any size."""

    history: KeyHistory
    known: tuple[VerifierKey, ...] = ()
    sound: bool = True  # False: the events of the keys were tampered with
    verifiers: dict[VerifierKey, Verifier] = field(default_factory=dict, compare=False, repr=False)

    @property
    def origin(self) -> str:
        return self.history.spans[0].key.name

    def at(self, size: int) -> tuple[VerifierKey, ...]:
        if not self.sound:
            return self._all()
        ever = set(self.history.ever)
        return (*self.history.at(size), *(key for key in self.known if key not in ever))

    def open(self, data: bytes | str) -> Checkpoint:
        """Raises `InvalidNote`, and `OutOfForce` for one that another key of the ledger signed."""
        size = parse_checkpoint(parse_note(data).text).size
        try:
            return open_checkpoint(data, self.origin, self._verifiers(self.at(size)))
        except InvalidNote:
            for key in self._all():
                if key not in self.at(size) and _opens(data, self.origin, self._verifiers([key])):
                    raise OutOfForce(key, size) from None
            raise

    def announces(self, data: bytes, size: int) -> bool:
        """Whether the public file ``vkey`` is that of an archive whose published tree has this size."""
        if self.sound and set(self.known) <= set(self.history.ever):
            return data == announced(self.history.at(size))
        lines, ours = data.decode(errors="replace").splitlines(keepends=True), [f"{k.encode()}\n" for k in self._all()]
        return bool(lines) and all(line in ours for line in lines)

    def remark(self, result: Verification) -> None:
        """Say from where on one trusts a key that no earlier one endorses."""
        for span in self.history.spans:
            if span.how == "succeeded":
                key = span.key.key_id.hex()
                result.remark(
                    f"超过 {span.after} 条的检查点由另立的密钥 {key} 签发，丢失的旧密钥没有为它担保。",
                    f"Checkpoints of more than {span.after} leaves are signed by the successor key {key}, which no lost"
                    " one endorsed.",
                )

    def _all(self) -> tuple[VerifierKey, ...]:
        return tuple(dict.fromkeys([*self.history.ever, *self.known]))

    def _verifiers(self, keys: Iterable[VerifierKey]) -> list[Verifier]:
        return [self.verifiers.setdefault(key, verifier_of(key)) for key in keys]


def only(vkey: str) -> LedgerKeys:
    """Of a ledger whose one key never changed."""
    return LedgerKeys(fold([parse_vkey(vkey)], (), verifier_of))


def read_keys(keys: SigningKeys, events: EventStore, ledger: LedgerReader) -> LedgerKeys:
    """The keys of an archive. Never raises for what is stored."""
    try:
        acts = _acts(keys_stream(keys.name), events, ledger)
    except (IntegrityFault, InvalidEntry):
        acts = None
    history = fold(keys.anchors, acts or (), verifier_of)
    return LedgerKeys(history, keys.known(), sound=acts is not None)


def refused_act(keys: SigningKeys, events: Sequence[Event]) -> Refusal | None:
    """The first act of a stream that no key in force has signed."""
    acts = [event for event in events if isinstance(event, KeyEvent)]
    for act, zh, en in fold(keys.anchors, acts, verifier_of).refused:
        return Refusal(act.originator_version, zh, en)
    return None


def _acts(stream: UUID, events: EventStore, ledger: LedgerReader) -> list[KeyEvent] | None:
    """The acts on the keys; None where they are not what their leaves say."""
    leaves = ledger.leaves_of(stream)
    rows = events.rows_at([leaf.position for leaf in leaves])
    if [leaf.version for leaf in leaves] != [*range(1, len(leaves) + 1)] or len(rows) != len(leaves):
        return None
    for leaf, row in zip(leaves, rows, strict=True):
        if (row.id, row.version) != (stream, leaf.version):
            return None
        if leaf_hash(entry(row.id, row.version, row.topic, row.state)) != leaf.hash:
            return None
        if row.state.startswith(PREFIX):  # what an act on a key said is never erased
            return None
    integrated = [events.decode(row) for row in rows]
    return [event for event in (*integrated, *events.stream(stream, after=len(rows))) if isinstance(event, KeyEvent)]


def _opens(data: bytes | str, origin: str, verifiers: Sequence[Verifier]) -> bool:
    try:
        open_checkpoint(data, origin, verifiers)
    except InvalidNote:
        return False
    return True
