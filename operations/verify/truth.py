"""The precise pass, first part: which leaf hashes are the true ones, when the sources disagree.

A leaf's hash is told by four sources: the event itself, the ledger's table, the published tile, the published bundle.
Among what they say, those values are true that hash up to what was signed. Only where no combination does, the majority
is taken, and the leaves concerned are reported as unconfirmed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import islice, product
from typing import Any

from adapters.evidence.questions import EventEvidence, LedgerEvidence, PublishedFiles, RawRow
from domain.ledger.entry import EntryFields, entry_of_hex, read_entry
from domain.ledger.errors import InvalidEntry, InvalidTile, NotCanonical
from domain.ledger.tiles import ENTRIES, WIDTH, Tile, read_bundle
from domain.ledger.tree import HASH_SIZE, leaf_hash, root_of
from operations.verify.walk import TreeWalk, low_files

MAX_TRIES = 1024
"""Combinations tried for a chunk, and for the whole tree; one altered leaf makes two."""

MOST_EXCHANGED = 16
"""Bundles that are looked for in each other's places: all of them are read for each."""

Hashes = list[bytes | None]


@dataclass
class Truth:
    """The tree that is taken for true. A hash of None is one that no source tells any more."""

    hashes: list[Hashes] = field(default_factory=list)  # a list a chunk
    nodes: list[bytes | None] = field(default_factory=list)  # the root of each full chunk
    unconfirmed: list[int] = field(default_factory=list)  # chunks whose leaves do not hash up to their node

    def hash(self, index: int) -> bytes | None:
        return self.hashes[index // WIDTH][index % WIDTH]

    def walk(self, wanted: set[int]) -> TreeWalk:
        walk = TreeWalk(wanted)
        for number, chunk in enumerate(self.hashes):
            node = self.nodes[number] if number < len(self.nodes) else None
            walk.add([each or bytes(HASH_SIZE) for each in chunk], node)
        return walk


class Sources:
    """Where the hashes of a chunk are told."""

    def __init__(self, events: EventEvidence, ledger: LedgerEvidence, published: PublishedFiles, size: int) -> None:
        self.events, self.ledger, self.published, self.size = events, ledger, published, size
        self._holders: dict[int, int] = {}  # chunk → the chunk in whose place its bundle lies
        self._bundle: tuple[int, list[bytes | None]] = (-1, [])  # the one read last: findings come in neighbourhoods

    def width(self, number: int) -> int:
        return min(WIDTH, self.size - number * WIDTH)

    def read(self, tile: Tile) -> bytes | None:
        try:
            return self.published.read(tile.path)
        except OSError:
            return None

    def tile(self, number: int) -> Hashes:
        width = self.width(number)
        data = (self.read(Tile(0, number, width)) or b"").ljust(width * HASH_SIZE, b"\x00")
        pieces = [data[at : at + HASH_SIZE] for at in range(0, width * HASH_SIZE, HASH_SIZE)]
        return [None if piece == bytes(HASH_SIZE) else piece for piece in pieces]

    def entries(self, number: int) -> list[bytes | None]:
        if self._bundle[0] == number:
            return self._bundle[1]
        width = self.width(number)
        try:
            entries: list[bytes | None] = [*read_bundle(self.read(Tile(ENTRIES, number, width)) or b"")]
        except InvalidTile:
            entries = []
        self._bundle = (number, (entries + [None] * width)[:width])
        return self._bundle[1]

    def bundle(self, number: int) -> Hashes:
        return [None if each is None else leaf_hash(each) for each in self.entries(number)]

    def leaves(self, number: int) -> list[Any]:
        """The rows of the ledger's table, None where one is missing."""
        start, width = number * WIDTH, self.width(number)
        rows = {row[0]: row for row in self.ledger.leaves(start, start + width)}
        return [rows.get(index) for index in range(start, start + width)]

    def rows(self, leaves: list[Any]) -> Hashes:
        """The hashes of the events that lie where the ledger's table says."""
        return [
            None if leaf is None or type(leaf[1]) is not int else row_hash(self.events.row(leaf[1])) for leaf in leaves
        ]

    def identity(self, index: int, truth: bytes | None) -> EntryFields | None:
        """What the bundle says of a leaf, if its entry is the true one."""
        made = self.entries(index // WIDTH)[index % WIDTH]
        if made is not None and leaf_hash(made) != truth:
            made = self._exchanged(index, truth)
        if made is None or leaf_hash(made) != truth:
            return None
        try:
            return read_entry(made)
        except InvalidEntry:
            return None

    def _exchanged(self, index: int, truth: bytes | None) -> bytes | None:
        """The entry from the bundle that lies in another one's place, where bundles were exchanged."""
        number, at = divmod(index, WIDTH)
        if number not in self._holders:
            if len(self._holders) == MOST_EXCHANGED:
                return None
            others = (each for each in range((self.size - 1) // WIDTH + 1) if each != number)
            self._holders[number] = next((each for each in others if truth in self.bundle(each)[at : at + 1]), number)
        entries = self.entries(self._holders[number])
        return entries[at] if at < len(entries) else None


def row_hash(row: RawRow | None) -> bytes | None:
    """The leaf hash of an event as it is stored; None where its columns are not of an event's types."""
    if row is None or not (
        type(row.id) is str and type(row.version) is int and type(row.topic) is str and type(row.state) is bytes
    ):
        return None
    try:
        return leaf_hash(entry_of_hex(row.id, row.version, row.topic, row.state))
    except (InvalidEntry, NotCanonical, UnicodeEncodeError):
        return None


def find_truth(sources: Sources, signed: dict[int, bytes]) -> Truth:
    """Settle each chunk, then choose among what is left so that the newest signed root comes out."""
    upper = _node_claims(sources)
    sources.published.expect(low_files(0, sources.size))
    choices: list[list[Hashes]] = []
    truth = Truth()
    for number in range((sources.size + WIDTH - 1) // WIDTH):
        leaves = sources.leaves(number)
        table: Hashes = [leaf[4] if leaf and type(leaf[4]) is bytes else None for leaf in leaves]
        told = [table, sources.tile(number), sources.bundle(number)]
        if any(len(set(values)) != 1 or None in values for values in zip(*told, strict=True)):
            told.append(sources.rows(leaves))
        candidates = _candidates(told)
        if sources.width(number) == WIDTH:
            claims = upper.get(number, [])
            confirmed = [each for each in candidates if _node(each) in claims]
            if confirmed:
                candidates = confirmed
                truth.nodes.append(_node(confirmed[0]))
            else:
                truth.nodes.append(claims[0] if claims else _node(candidates[0]))
                truth.unconfirmed.append(number)
        choices.append(candidates)
    _choose(truth, choices, signed, sources.size)
    return truth


def _choose(truth: Truth, choices: list[list[Hashes]], signed: dict[int, bytes], size: int) -> None:
    truth.hashes = [each[0] for each in choices]
    anchor = max((each for each in signed if each <= size), default=None)
    open_chunks = [number for number, each in enumerate(choices) if len(each) > 1]
    if anchor is None:
        return
    for pick in islice(product(*(choices[number] for number in open_chunks)), MAX_TRIES):
        for number, chosen in zip(open_chunks, pick, strict=True):
            truth.hashes[number] = chosen
            if number < len(truth.nodes) and number not in truth.unconfirmed:
                truth.nodes[number] = _node(chosen)
        if truth.walk({anchor}).roots.get(anchor) == signed[anchor]:
            return
    truth.hashes = [each[0] for each in choices]


def _candidates(told: list[Hashes]) -> list[Hashes]:
    """What the leaves of a chunk can be by its sources, the likeliest first."""
    options = [[h for h, _ in Counter(v for v in values if v).most_common()] for values in zip(*told, strict=True)]
    majority: Hashes = [each[0] if each else None for each in options]
    if all(len(each) <= 1 for each in options):
        return [majority]
    pure = [[own or common for own, common in zip(source, majority, strict=True)] for source in told]
    mixed = islice(product(*(each or [None] for each in options)), MAX_TRIES)
    unique = {tuple(each): list(each) for each in (majority, *pure, *mixed)}
    return list(unique.values())


def _node(hashes: Hashes) -> bytes | None:
    return None if None in hashes else root_of([each for each in hashes if each])


def _node_claims(sources: Sources) -> dict[int, list[bytes]]:
    """The root of each full chunk by the ledger's table and by the published tiles of level 1."""
    claims: dict[int, list[bytes]] = {}
    for level, index, value in sources.ledger.nodes():
        if level == 1 and type(value) is bytes and len(value) == HASH_SIZE:
            claims.setdefault(index, []).append(value)
    full = sources.size // WIDTH
    for number in range((full + WIDTH - 1) // WIDTH):
        data = sources.read(Tile(1, number, min(WIDTH, full - number * WIDTH))) or b""
        for at in range(0, len(data) - HASH_SIZE + 1, HASH_SIZE):
            claims.setdefault(number * WIDTH + at // HASH_SIZE, []).append(data[at : at + HASH_SIZE])
    return claims
