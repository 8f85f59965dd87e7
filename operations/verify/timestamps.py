"""Time stamps: each kept one against its note, and its note against the present tree.

An authority outside has said when the log had signed a root. So a history that was rewritten afterwards, and signed
again with the log's real key everywhere that we could look, still contradicts it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from adapters.evidence.questions import LedgerEvidence, PublishedFiles
from adapters.timestamps.answers import Checker, RootsUnusable, require_imprint
from domain.ledger.errors import InvalidNote
from domain.ledger.timestamps import (
    NOTE,
    STAMP,
    InvalidTimestamp,
    Stamped,
    StampName,
    as_log_signed,
    is_seal,
    parse_label,
    parse_name,
    seal_of,
)
from operations.verify.findings import Verification
from operations.verify.keys import LedgerKeys
from operations.verify.walk import TreeWalk


@dataclass(frozen=True)
class Stamps:
    """``checker``: of an authority, by its name; ``begun``: those whose making may have been interrupted."""

    checker: Callable[[str], Checker] | None = None
    begun: Collection[StampName] = field(default_factory=frozenset)


@dataclass(frozen=True)
class StampedRoot:
    """What a sound pair of note and stamp says of the tree."""

    name: StampName
    root: bytes
    stamped: Stamped | None  # None: sound as far as can be told without the authority's root

    @property
    def size(self) -> int:
        return self.name.size


def read_stamps(
    result: Verification, stamps: Stamps, ledger: LedgerEvidence, published: PublishedFiles, keys: LedgerKeys
) -> list[StampedRoot]:
    """Those that are sound; reports the others, those that are missing, and what nobody has recorded."""
    kinds: dict[StampName, set[str]] = {}
    for path, plain in published.listing():
        if (parsed := parse_name(path)) is not None and plain:
            kinds.setdefault(parsed[0], set()).add(parsed[1])
    seals = dict(_seals(result, ledger, kinds))
    look = _Look(result, stamps, published, keys)
    sound = []
    for name in sorted(kinds.keys() | seals.keys()):
        if name in stamps.begun:
            result.remark(f"时间戳 {name.label} 没有做完。", f"The time stamp {name.label} is unfinished.")
        elif (told := look.at(name, kinds.get(name, set()), seals.get(name), ledger.name)) is not None:
            sound.append(told)
    for authority in sorted(look.rootless):
        result.remark(
            f"没有时间戳机构 {authority} 的根证书，它的签名没有核对。",
            f"There is no root certificate of the authority {authority}: the signatures of its time stamps were not"
            " checked.",
        )
    return sound


def check_stamps(result: Verification, walk: TreeWalk, stamped: Collection[StampedRoot]) -> None:
    """Each stamped root is that of the present tree at its size."""
    for each in stamped:
        when = "" if each.stamped is None else each.stamped.time.isoformat(sep=" ")
        zh, en = f"{each.name.authority} 于 {when}", f"{each.name.authority} at {when}"
        if not when:
            zh = en = each.name.authority
        if each.size > walk.size:
            result.add(
                "rolled back",
                "ledger",
                f"{zh} 盖过时间戳的检查点有 {each.size} 条，现在只有 {walk.size} 条。",
                f"The checkpoint that was time-stamped by {en} has {each.size} leaves; now there are {walk.size}.",
                file=each.name.file(NOTE),
            )
        elif walk.roots.get(each.size) != each.root:
            result.add(
                "forked",
                "checkpoint",
                f"前 {each.size} 条与 {zh} 盖过时间戳的检查点不符：那以后历史被改写过。",
                f"The first {each.size} leaves contradict the checkpoint that was time-stamped by {en}: history was"
                " rewritten since.",
                file=each.name.file(NOTE),
            )


def _seals(
    result: Verification, ledger: LedgerEvidence, there: Collection[StampName]
) -> Iterator[tuple[StampName, bytes]]:
    """What the database remembers; of an altered row only that there was one, if there are files that it may be of."""
    for size, authority, seal in ledger.timestamps():
        name = parse_label(f"{size}-{authority}")
        sound = name is not None and isinstance(seal, bytes) and is_seal(name, seal)
        if not sound:
            row = _row(ledger, size, authority)
            result.add(
                "altered",
                "timestamp",
                f"时间戳的记录 {row} 被改动。",
                f"The row {row} of a time stamp was altered.",
                file=row,
            )
        if name is not None and (sound or name in there):
            yield name, seal if sound else b""


def _row(ledger: LedgerEvidence, size: Any, authority: Any) -> str:
    return f"{ledger.name}:timestamps/{size}-{authority}"


class _Look:
    """At one stamp after the other. ``rootless``: authorities whose signatures could not be checked."""

    def __init__(self, result: Verification, stamps: Stamps, published: PublishedFiles, keys: LedgerKeys) -> None:
        self._result, self._stamps, self._published = result, stamps, published
        self._keys = keys
        self._checkers: dict[str, Checker] = {}
        self.rootless: set[str] = set()

    def at(self, name: StampName, kinds: Collection[str], seal: bytes | None, ledger: str) -> StampedRoot | None:
        for kind in {NOTE, STAMP} - set(kinds):
            self._say("deleted", name.file(kind), "不见了", "is missing")
        note = self._read(name, NOTE) if NOTE in kinds else None
        root = None if note is None else self._root(name, note)
        answer = self._read(name, STAMP) if STAMP in kinds else None
        if note is None or answer is None or root is None:
            if answer is not None:  # it is looked at all the same
                self._stamped(name, answer, None, seal)
            return None
        stamped, sound = self._stamped(name, answer, note, seal)
        if not sound:
            return None
        if seal is None:
            row = f"{ledger}:timestamps/{name.label}"
            self._say("deleted", row, "不见了", "is missing")
        return StampedRoot(name, root, stamped)

    def _root(self, name: StampName, note: bytes) -> bytes | None:
        try:
            checkpoint = self._keys.open(note)
            sound = checkpoint.size == name.size and as_log_signed(note) == note
        except InvalidNote as error:
            self._say("altered", name.file(NOTE), f"被改动：{error.params['problem_zh']}", "was altered: {}".format(
                error.params["problem_en"]))  # fmt: skip
            return None
        if not sound:
            self._say("altered", name.file(NOTE), "不是它的名称所说的检查点", "is not the checkpoint of its name")
            return None
        return checkpoint.root

    def _stamped(
        self, name: StampName, answer: bytes, note: bytes | None, seal: bytes | None
    ) -> tuple[Stamped | None, bool]:
        """What the stamp says, and whether nothing is wrong with it."""
        try:
            said = self._checked(name.authority, answer)
            if note is not None and said is not None:
                require_imprint(said, note)
        except InvalidTimestamp as error:
            zh, en = error.params["problem_zh"], error.params["problem_en"]
            if seal is None:
                self._say("inserted", name.file(STAMP), f"是多出来的，而且{zh}", f"does not belong there, and {en}")
            else:
                self._say("altered", name.file(STAMP), f"被改动：{zh}", f"was altered: {en}")
            return None, False
        if seal is not None and is_seal(name, seal) and seal != seal_of(name, answer):
            self._say("altered", name.file(STAMP), "与收到时不同", "is not what was received")
            return said, False
        return said, True

    def _checked(self, authority: str, answer: bytes) -> Stamped | None:
        if self._stamps.checker is None:
            self.rootless.add(authority)
            return None
        checker = self._checkers.setdefault(authority, self._stamps.checker(authority))
        try:
            return checker.check(answer)
        except RootsUnusable:
            self.rootless.add(authority)
            return None

    def _read(self, name: StampName, kind: str) -> bytes:
        """Empty where nothing can be read: no file that is looked at here is."""
        try:
            return self._published.read(name.file(kind)) or b""
        except OSError:
            return b""

    def _say(self, klass: Any, what: str, zh: str, en: str) -> None:
        self._result.add(klass, "timestamp", f"时间戳 {what} {zh}。", f"The time stamp {what} {en}.", file=what)
