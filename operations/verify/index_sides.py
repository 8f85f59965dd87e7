"""The search index and what it should be by the events, side by side.

Both sides are cut into *buckets* by the beginning of the names of their entries, and of each bucket the digests of the
entries are added up; so a sound index of any size is told from any other with a few thousand numbers. Digests and sums
are made under a key that is thrown away afterwards: nobody can choose changes that cancel each other out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from hashlib import blake2b
from typing import NamedTuple
from uuid import UUID

from adapters.evidence.questions import Evidence, IndexEntry, IndexPlace
from operations.verify.due import DocumentsPlace, LeafRow, Made, Span, streams

PREFIX = 3
"""Characters of a name that say its bucket: hexadecimal digits, where it is one of ours."""

SIZE = 16
"""Bytes of a digest."""

LIMIT = 1 << 8 * SIZE


@dataclass(frozen=True)
class Sides:
    """Where both sides are; goes to worker processes."""

    evidence: Evidence
    index: IndexPlace
    documents: DocumentsPlace
    spoilt: frozenset[str]  # ids (32 hexadecimal digits) of streams whose events are not sound
    accused: frozenset[int]  # leaves that are not sound
    sure: int  # tree size up to which events were checked
    key: bytes


class Held(NamedTuple):
    """One of several parts of the index."""

    part: int
    parts: int


Part = Held | Span


class Named(NamedTuple):
    """An entry of either side. A stream that is not sound stands for all its entries, without a digest."""

    name: str
    digest: bytes | None


class Sums(NamedTuple):
    """By the beginnings of names; ``unsound`` is the number of streams of which nobody can say what they give."""

    digests: dict[str, int]
    unsound: int


class Comparer:
    """Looks at parts of both sides, with connections of its own."""

    def __init__(self, sides: Sides) -> None:
        self.sides = sides
        with ExitStack() as stack:
            self.events = stack.enter_context(closing(sides.evidence.tables.events()))
            self.ledger = stack.enter_context(closing(sides.evidence.tables.ledger()))
            self.index = stack.enter_context(closing(sides.index.open()))
            self.documents = stack.enter_context(closing(sides.documents.open(sides.sure)))
            self._open = stack.pop_all()

    def close(self) -> None:
        self._open.close()

    def digest(self, entry: IndexEntry) -> bytes:
        name = entry.name.encode(errors="surrogatepass")
        hashed = blake2b(len(name).to_bytes(8, "big") + name, digest_size=SIZE, key=self.sides.key)
        hashed.update(entry.content)
        return hashed.digest()

    def entries(self, part: Part) -> Iterator[Named]:
        if isinstance(part, Held):
            for entry in self.index.entries(*part):
                yield Named(entry.name, self.digest(entry))
            return
        unsound: list[UUID] = []
        for stream, made in self.documents.of(self._sound(part, unsound)):
            if made is None:
                unsound.append(stream)
            else:
                yield from self.due(made)
        yield from (Named(str(stream), None) for stream in unsound)

    def due(self, made: Made) -> Iterator[Named]:
        for entry in self.index.due(made.documents):
            yield Named(entry.name, self.digest(entry))

    def _sound(self, span: Span, unsound: list[UUID]) -> Iterator[tuple[UUID, Sequence[LeafRow]]]:
        for stream, rows in streams(self.events, self.ledger, span):
            if rows is None or self.is_spoilt(stream, rows):
                unsound.append(stream)
            else:
                yield stream, rows

    def is_spoilt(self, stream: UUID, rows: Sequence[LeafRow]) -> bool:
        accused = self.sides.accused
        return stream.hex in self.sides.spoilt or (bool(accused) and any(index in accused for index, _ in rows))


def sums(comparer: Comparer, part: Part) -> Sums:
    """Of one part; those of all parts are added up."""
    digests: defaultdict[str, int] = defaultdict(int)
    unsound = 0
    for name, digest in comparer.entries(part):
        if digest is None:
            unsound += 1
        else:
            digests[name[:PREFIX]] += int.from_bytes(digest, "big")
    return Sums({prefix: total % LIMIT for prefix, total in digests.items()}, unsound)


def listed(comparer: Comparer, wanted: tuple[Part, frozenset[str]]) -> list[Named]:
    """What one part has in these buckets."""
    part, prefixes = wanted
    return [each for each in comparer.entries(part) if each.name[:PREFIX] in prefixes]
