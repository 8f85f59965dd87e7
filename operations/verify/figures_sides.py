"""The index of figures and what it should be by the events, side by side: the fast check of `reports`.

The rows of the index, and the rows that it should have, are each made a digest of; the digests of either side are added
up. Sums that are equal say that the index is right. Sums that differ say nothing of where: then `reports` makes the
index once more and holds row against row. The key of the digests is thrown away afterwards, as in `index_sides`: nobody
can choose changes that cancel each other out.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from itertools import chain, groupby
from typing import Any, NamedTuple

from adapters.events.rows import attributes
from adapters.evidence.questions import Evidence
from adapters.figures.index import Home
from domain.reports.events import ReportIssued
from indexers.figures import RECORD_PREFIX, homes_said
from operations.verify.crew import Crew, Start
from operations.verify.due import Span, portions, spans
from operations.verify.fast import NOT_SURE
from operations.verify.findings import Progress
from operations.verify.index_sides import LIMIT, SIZE
from operations.verify.issued import FoldsPlace

MOST_LATE = 10_000
"""Rows that came while the index was read and are kept in hand until its new size is known."""


@dataclass(frozen=True)
class FiguresSides:
    """Where both sides are; goes to worker processes."""

    evidence: Evidence
    folds: FoldsPlace
    key: bytes


class Kept(NamedTuple):
    """The side that is in the index, as far as these first leaves go."""

    size: int


Part = Kept | Span


class Adder:
    """Adds up parts of either side, with connections of its own."""

    def __init__(self, sides: FiguresSides) -> None:
        self._key = sides.key
        with ExitStack() as stack:
            self._events = stack.enter_context(closing(sides.evidence.tables.events()))
            self._ledger = stack.enter_context(closing(sides.evidence.tables.ledger()))
            self._folds = stack.enter_context(closing(sides.folds.open(None)))
            self._open = stack.pop_all()

    def close(self) -> None:
        self._open.close()

    def sum(self, part: Part) -> int:
        """Raises what cannot be read, and whatever else speaks against being sure."""
        rows = self._kept(part) if isinstance(part, Kept) else self._due(part)
        return sum(map(self._digest, rows)) % LIMIT

    def _digest(self, row: tuple[object, ...]) -> int:
        said = tuple.__repr__(row).encode(errors="surrogatepass")
        return int.from_bytes(blake2b(said, digest_size=SIZE, key=self._key).digest(), "big")

    def _kept(self, part: Kept) -> Iterator[tuple[object, ...]]:
        """Without what was taken in meanwhile; a row of a leaf that the index does not have yet stays."""
        figures, late = self._folds.figures, list[tuple[object, ...]]()
        for row in chain(figures.rows(), figures.issued_rows()):
            if _leaf(row) < part.size:
                yield row
            elif len(late) == MOST_LATE:
                raise ValueError("too much came while it was read")
            else:
                late.append(row)
        after = figures.size()
        yield from (row for row in late if _leaf(row) >= after)

    def _due(self, span: Span) -> Iterator[tuple[object, ...]]:
        rows = self._events.of_streams(span.first, span.last, span.end)
        leaves = (leaf for leaf in self._ledger.of_streams(span.first, span.last) if leaf[3] < span.size)
        for _, history in groupby(zip(rows, leaves, strict=True), key=_stream):
            yield from _rows_of(history)


def _stream(both: tuple[Any, Any]) -> str:
    return str(both[0][0])


def _leaf(row: tuple[object, ...]) -> int:
    """Of either table's row. Raises `TypeError` where somebody put words in its place."""
    leaf = row[1] if len(row) == 2 else row[2]
    if type(leaf) is not int:
        raise TypeError("a leaf is a number")
    return leaf


def _rows_of(history: Iterator[tuple[Any, Any]]) -> Iterator[tuple[object, ...]]:
    """What `indexers.figures.Figures` comes to keep of one stream: all its events, under each of its homes."""
    homes = list[Home]()
    held = list[tuple[int, int]]()
    others = 0
    for (_, version, position, topic, state), (_, leaf_version, leaf_position, index) in history:
        if (version, position) != (leaf_version, leaf_position):
            raise ValueError("events and leaves are not the same")
        if topic.startswith(RECORD_PREFIX):
            held.append((index, position))
            for home in homes_said(topic, state, partial(attributes, topic, state), homes):
                if home not in homes:
                    homes.append(home)
            continue
        others += 1
        if topic == ReportIssued.TOPIC:
            yield from ((digest, index) for digest in {*map(str, attributes(topic, state)["digests"].values())})
    if held and others:
        raise ValueError("a record's stream with acts of another kind")
    for organisation, year in homes:
        for index, position in held:
            yield organisation, year, index, position


def add(adder: Adder, part: Part) -> int | None:
    """None where that is not sure."""
    try:
        return adder.sum(part)
    except (*NOT_SURE, KeyError):
        return None


def figures_agree(
    evidence: Evidence, folds: FoldsPlace, size: int, end: int, start: Start | None, progress: Progress
) -> bool:
    """Whether the index of figures is what the first ``size`` leaves make it. False means "not sure".

    To be called of events and a ledger that were found sound; ``end`` is the position of the last leaf's event.
    """
    sides = FiguresSides(evidence, folds, secrets.token_bytes())
    parts: Sequence[Part] = [Kept(size), *spans(size, end, portions(size))]  # the longest part first
    difference = 0
    with Crew(partial(Adder, sides), start) as crew:
        for number, share in enumerate(crew.map(add, parts)):
            if share is None:
                return False
            difference += -share if number == 0 else share
            progress("reports", size * number // (len(parts) - 1), size)
    return difference % LIMIT == 0
