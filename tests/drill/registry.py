"""Kinds of tampering: what each does, and what must be found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Literal, TypeVar
from uuid import UUID

from domain.ports.search import SearchDocument
from operations.verify.files import files_in_state
from operations.verify.findings import Class, Finding
from tests.drill.hands import Hands
from tests.drill.world import Made

Target = Literal[
    "rows", "ledger", "tiles", "checkpoints", "keys", "blobs", "index", "figures", "issued reports", "time stamps",
    "cosignatures", "backups",
]  # fmt: skip
Item = TypeVar("Item")

TARGETS: dict[Target, tuple[str, str]] = {
    "rows": ("事件", "events"),
    "ledger": ("账本的表", "tables of the ledger"),
    "tiles": ("瓦片与条目包", "tiles and bundles"),
    "checkpoints": ("检查点", "checkpoints"),
    "keys": ("密钥", "keys"),
    "blobs": ("附件", "files"),
    "index": ("检索索引", "search index"),
    "figures": ("年报所用的索引", "index of figures"),
    "issued reports": ("已签发的年报", "issued reports"),
    "time stamps": ("时间戳", "time stamps"),
    "cosignatures": ("见证方的共签", "cosignatures"),
    "backups": ("旧备份", "old backups"),
}

Address = tuple[str, str, str]
"""Class, subject, and where: an event, a file with the event that names it, an object, a tile, a row of a table."""


def address(finding: Finding) -> Address:
    """What of a finding must be exact."""
    if finding.subject == "event":
        where = finding.event or ""
    elif finding.subject == "file" and finding.event is not None:
        where = f"{finding.event} {finding.file}"
    else:
        where = finding.file or finding.event or f"leaf {finding.leaf_index}"
    return finding.klass, finding.subject, where


@dataclass
class Expected:
    """Exactly these findings."""

    findings: set[Address] = field(default_factory=set)

    def __or__(self, other: Expected) -> Expected:
        return Expected(self.findings | other.findings)


def named(klass: Class, subject: str, *places: str) -> Expected:
    return Expected({(klass, subject, place) for place in places})


class Draw:
    """Chance, which never gives two mutations of a case the same thing to lay hands on."""

    def __init__(self, made: Made, chance: Random) -> None:
        self.made, self.chance = made, chance
        self._taken: set[object] = set()

    def one(self, items: Iterable[Item], key: Callable[[Item], object] = lambda item: item) -> Item:
        free = [item for item in items if key(item) not in self._taken]
        if not free:
            raise NothingLeft
        chosen = self.chance.choice(free)
        self._taken.add(key(chosen))
        return chosen

    def take(self, *things: object) -> None:
        """Have these for oneself."""
        if self._taken & set(things):
            raise NothingLeft
        self._taken |= set(things)

    def leaf(self, wanted: Callable[[int], bool] = lambda leaf: True) -> int:
        """Of an event whose record nobody else has laid hands on."""
        leaves = [leaf for leaf in range(self.made.size) if wanted(leaf)]
        return self.one(leaves, lambda leaf: self.made.rows[leaf].id)

    def two(self, wanted: Callable[[int], bool] = lambda leaf: True) -> tuple[int, int]:
        """Two events of two streams, the earlier one first."""
        first, second = sorted((self.leaf(wanted), self.leaf(wanted)))
        return first, second

    def bit(self, data: bytes) -> bytes:
        """The same bytes but for one, of which some bits are turned over."""
        at = self.chance.randrange(len(data))
        return data[:at] + bytes([data[at] ^ self.chance.randrange(1, 256)]) + data[at + 1 :]

    def document(self, wanted: Callable[[SearchDocument], bool] = lambda document: True) -> SearchDocument:
        documents = sorted(self.made.documents.values(), key=lambda each: each.id)
        return self.one([each for each in documents if wanted(each)], lambda each: UUID(each.record))

    def file(self) -> tuple[str, str]:
        """A kept file: its digest, and how a finding names it."""
        found = {}
        for row in self.made.rows:
            for name, sha256, _ in files_in_state(row.topic, row.state):
                found.setdefault(sha256, (f"{row.id}/{row.version} {name}", row.id))
        sha256 = self.one(sorted(found), lambda each: found[each][1])
        return sha256, found[sha256][0]


class NothingLeft(Exception):
    """A combination that would lay hands on one thing twice; another is drawn."""


Act = Callable[[Hands, Draw], Expected]


@dataclass(frozen=True)
class Kind:
    """``alone``: what it takes as a whole, ``shares``: what it needs a part of; a combination keeps them apart."""

    name: str
    klass: Class
    target: Target
    zh: str
    act: Act
    alone: frozenset[str]
    shares: frozenset[str]
    servers: bool
    embedded: bool
    stamps: bool  # needs a time stamp, so openssl

    def goes_with(self, other: Kind) -> bool:
        return not self.alone & (other.alone | other.shares) and not other.alone & self.shares


KINDS: dict[str, Kind] = {}


def kind(
    klass: Class,
    target: Target,
    name: str,
    zh: str,
    *,
    alone: Sequence[str] = (),
    shares: Sequence[str] = (),
    servers: bool = True,
    embedded: bool = True,
    stamps: bool = False,
) -> Callable[[Act], Act]:
    """Enter a kind; ``name`` says in English what is done, ``zh`` in Chinese."""

    def enter(act: Act) -> Act:
        assert name not in KINDS, name
        KINDS[name] = Kind(name, klass, target, zh, act, frozenset(alone), frozenset(shares), servers, embedded, stamps)
        return act

    return enter
