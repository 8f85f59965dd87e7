"""What the search index should hold, by the events: asked stream by stream, of sound events alone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import groupby, pairwise
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from adapters.evidence.questions import EventEvidence, LedgerEvidence
from domain.ports.events import StoredRow
from domain.ports.search import SearchDocument

BYTES = 256
SPAN = 5_000
"""Leaves for each span of streams: what a process has in hand."""

MOST_SPANS = 256

LeafRow = tuple[int, StoredRow]
"""A leaf's index and its event, as it is stored."""


class Made(NamedTuple):
    """What an index should hold of a record; nothing of a stream that is no record's.

    ``unknown`` are the digests of its files whose text is not kept: extracted later, or made again where it was lost.
    """

    record: str
    documents: Sequence[SearchDocument] = ()
    unknown: frozenset[str] = frozenset()


class Documents(Protocol):
    """Makes of events what an index should hold of them."""

    def of(
        self, streams: Iterable[tuple[UUID, Sequence[LeafRow]]], pending: Collection[tuple[str, str]] = ()
    ) -> Iterator[tuple[UUID, Made | None]]:
        """Of each stream, whose events are given whole and in order; None where nobody can say.

        ``pending`` are a record's id and the digest of a file of it, whose text is taken as not extracted yet.
        """
        ...

    def close(self) -> None:
        """Nothing is asked afterwards."""
        ...


class DocumentsPlace(Protocol):
    """Can be given to other processes."""

    def open(self, sure: int) -> Documents:
        """``sure`` is the tree size up to which the rules have no objection to any event that will be given."""
        ...


class Span(NamedTuple):
    """The streams whose ids begin with one of these bytes, up to a tree size and the position of its last event."""

    first: int
    last: int
    size: int
    end: int


def spans(size: int, end: int, number: int) -> list[Span]:
    """All streams, cut into so many spans."""
    edges = [BYTES * each // number for each in range(number + 1)]
    return [Span(low, high - 1, size, end) for low, high in pairwise(edges)]


def portions(size: int) -> int:
    """How many spans so many leaves are cut into: several processes have something to do, and none too much."""
    return max(1, min(MOST_SPANS, size // SPAN))


def streams(events: EventEvidence, ledger: LedgerEvidence, span: Span) -> Iterator[tuple[UUID, list[LeafRow] | None]]:
    """Each stream with its events; None in their place where events and leaves are not the same."""
    rows = groupby(events.of_streams(span.first, span.last, span.end), key=lambda row: row[0])
    known = (each for each in ledger.of_streams(span.first, span.last) if each[3] < span.size)
    leaves = groupby(known, key=lambda leaf: leaf[0].hex())
    row, leaf = next(rows, None), next(leaves, None)
    while row is not None or leaf is not None:
        key = min(each[0] for each in (row, leaf) if each is not None)
        own_rows: list[Any] = []
        own_leaves: list[Any] = []
        if row is not None and row[0] == key:
            own_rows = [each[1:] for each in row[1]]
            row = next(rows, None)
        if leaf is not None and leaf[0] == key:
            own_leaves = [each[1:] for each in leaf[1]]
            leaf = next(leaves, None)
        try:
            stream = UUID(key)
        except ValueError:  # no name of an entry can begin with it
            continue
        yield stream, paired(stream, own_rows, own_leaves)


def paired(stream: UUID, rows: Sequence[Any], leaves: Sequence[Any]) -> list[LeafRow] | None:
    """Rows (version, position, topic, state) and leaves (version, position, index) of a stream, by version."""
    pairs: list[LeafRow] = []
    if len(rows) != len(leaves):
        return None
    for number, (row, leaf) in enumerate(zip(rows, leaves, strict=True), 1):
        version, position, topic, state = row
        whole = type(version) is int and type(topic) is str and type(state) is bytes
        if not whole or (version, position) != leaf[:2] or version != number:
            return None
        pairs.append((leaf[2], StoredRow(position, stream, version, topic, state)))
    return pairs
