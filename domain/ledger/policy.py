"""Trust policies (C2SP ``tlog-policy``): which logs and witnesses are trusted, and how many must have cosigned.

A policy is what a verifier brings along. It is read from octets: names are compared as they are spelled, byte by byte.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from domain.errors import InputError
from domain.ledger.errors import InvalidNote
from domain.ledger.note import LOG_KEYS, WITNESS_KEYS, VerifierKey, parse_vkey

NONE = "none"
"""The quorum that asks for no witness."""

MAX_LINES = 1_000
MAX_POLICY = 1_000_000
_NOT_ALLOWED = re.compile(rb"[^\t\n\x20-\x7e\x80-\xff]")
_BLANKS = re.compile(r"[ \t]+")
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")


class InvalidPolicy(InputError):
    """A policy file that means nothing, or not one thing."""

    code = "policy_invalid"
    zh = "信任策略不对：{problem_zh}。"
    en = "The trust policy is not valid: {problem_en}."
    next_zh = "请向账本的运营者重新索取策略文件，不要自行改动公钥。"
    next_en = "Ask the operator of the log for the policy again; do not edit its keys."

    def __init__(self, problem_zh: str, problem_en: str, **where: Any) -> None:
        super().__init__(problem_zh=problem_zh, problem_en=problem_en, **where)


@dataclass(frozen=True)
class Known:
    """A log or a witness: its key, and where it is reached, if the policy says so."""

    key: VerifierKey
    url: str = ""


@dataclass(frozen=True)
class Group:
    """Satisfied when ``threshold`` of its members are; a member is a witness or a group defined before."""

    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True)
class Policy:
    """``witnesses`` and ``groups`` by the names that the policy gives them, which share one namespace."""

    quorum: str
    logs: tuple[Known, ...] = ()
    witnesses: Mapping[str, Known] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)

    def satisfied(self, cosigned: Collection[str]) -> bool:
        """Whether these witnesses, by their names in the policy, are enough."""
        met = {NONE, *(name for name in cosigned if name in self.witnesses)}
        for name, group in self.groups.items():  # in the order of the file: members come before
            if sum(member in met for member in group.members) >= group.threshold:
                met.add(name)
        return self.quorum in met

    @property
    def witnessed(self) -> bool:
        """Whether it asks for any witness at all."""
        return self.quorum != NONE

    def encode(self) -> bytes:
        """The file, which `parse_policy` reads as this policy again."""
        lines = [_line("log", log.key.encode(), log.url) for log in self.logs]
        lines += [_line("witness", name, one.key.encode(), one.url) for name, one in self.witnesses.items()]
        for name, group in self.groups.items():
            lines.append(_line("group", name, str(group.threshold), *group.members))
        lines.append(_line("quorum", self.quorum))
        return "".join(lines).encode(errors="surrogateescape")


def of_one_log(vkey: str, url: str = "") -> Policy:
    """The policy that trusts one log by itself."""
    return Policy(NONE, (Known(parse_vkey(vkey), url),))


def parse_policy(data: bytes) -> Policy:
    """Raises `InvalidPolicy`, which names the line."""
    if len(data) > MAX_POLICY or _NOT_ALLOWED.search(data):
        raise InvalidPolicy("太长，或含有控制字符", "it is too long or holds control characters")
    if data and not data.endswith(b"\n"):
        raise InvalidPolicy("最后一行没有换行符", "its last line does not end")
    lines = data.decode(errors="surrogateescape").split("\n")
    if len(lines) > MAX_LINES:
        raise InvalidPolicy("行数太多", f"it has more than {MAX_LINES} lines")
    reader = _Reader()
    for number, line in enumerate(lines, 1):
        words = [word for word in _BLANKS.split(line) if word]
        if words and not words[0].startswith("#"):
            reader.read(words, number)
    return reader.policy()


class _Reader:
    def __init__(self) -> None:
        self.logs: list[Known] = []
        self.witnesses: dict[str, Known] = {}
        self.groups: dict[str, Group] = {}
        self.quorum: str | None = None
        self.line = 0
        self._grouped: set[str] = set()

    def read(self, words: list[str], line: int) -> None:
        """Take in the words of a line, which has this number (1-based). Raises `InvalidPolicy`."""
        self.line = line
        readers: dict[str, tuple[Callable[[list[str]], None], range]] = {
            "log": (self._log, range(1, 3)),
            "witness": (self._witness, range(2, 4)),
            "group": (self._group, range(3, MAX_LINES)),
            "quorum": (self._quorum, range(1, 2)),
        }
        if words[0] not in readers:
            raise self._wrong("这一行不知所指", "the line begins with no word of a policy")
        read, counts = readers[words[0]]
        if len(words) - 1 not in counts:
            raise self._wrong("这一行的词数不对", "the line has too few or too many words")
        read(words[1:])

    def policy(self) -> Policy:
        """What the lines add up to. Raises `InvalidPolicy` where none of them names a quorum."""
        if self.quorum is None:
            raise InvalidPolicy("没有 quorum 行", "it has no quorum line")
        return Policy(self.quorum, tuple(self.logs), self.witnesses, self.groups)

    def _log(self, words: list[str]) -> None:
        known = Known(self._key(words[0], LOG_KEYS, [log.key for log in self.logs]), *words[1:])
        self.logs.append(known)

    def _witness(self, words: list[str]) -> None:
        name, vkey, *url = words
        self._new(name)
        seen = [witness.key for witness in self.witnesses.values()]
        self.witnesses[name] = Known(self._key(vkey, WITNESS_KEYS, seen), *url)

    def _group(self, words: list[str]) -> None:
        name, threshold, *members = words
        self._new(name)
        for member in members:
            self._defined(member)
            if member in self._grouped:
                raise self._wrong("一个成员列了两次", "a name is listed as a member more than once")
            self._grouped.add(member)
        least = {"any": "1", "all": str(len(members))}.get(threshold, threshold)
        if not _NUMBER.fullmatch(least) or int(least) > len(members):
            raise self._wrong("门限不在成员数之内", "the threshold is no number of its members")
        self.groups[name] = Group(int(least), tuple(members))

    def _quorum(self, words: list[str]) -> None:
        if self.quorum is not None:
            raise self._wrong("有两个 quorum 行", "there is a second quorum line")
        if words[0] != NONE:
            self._defined(words[0])
        self.quorum = words[0]

    def _key(self, text: str, kinds: Collection[int], seen: Sequence[VerifierKey]) -> VerifierKey:
        try:
            key = parse_vkey(text, kinds)
        except (InvalidNote, UnicodeError):
            raise self._wrong("公钥不对", "a key is not valid") from None
        if any(other.public_key == key.public_key for other in seen):
            raise self._wrong("一个公钥列了两次", "a key is listed twice")
        return key

    def _new(self, name: str) -> None:
        if name == NONE or name in self.witnesses or name in self.groups:
            raise self._wrong("名称已经用过", "a name is defined twice")

    def _defined(self, name: str) -> None:
        if name not in self.witnesses and name not in self.groups:
            raise self._wrong("名称在前面没有定义", "a name is not defined above")

    def _wrong(self, problem_zh: str, problem_en: str) -> InvalidPolicy:
        return InvalidPolicy(f"第 {self.line} 行，{problem_zh}", f"line {self.line}, {problem_en}", line=self.line)


def _line(*words: str) -> str:
    return " ".join(word for word in words if word) + "\n"
