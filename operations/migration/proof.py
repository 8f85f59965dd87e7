"""Nothing changed: what lies at both ends, compared byte for byte, as far as it was copied."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import zip_longest
from pathlib import Path
from typing import Any, Protocol

from adapters.evidence.questions import PublishedPlace
from adapters.home.route import Route
from adapters.keys.key_folder import LAST_SIGNED
from adapters.ledger.publisher import CHECKPOINT
from domain.ledger.tiles import parse_path
from domain.ledger.timestamps import parse_name
from domain.ports.events import EventStore
from domain.ports.ledger import LedgerReader
from operations.migration.ends import End
from operations.migration.errors import CopiesDiffer
from operations.verify.findings import Progress

PAGE = 4096


class Copied(Protocol):
    """What of a ledger is compared, beside its leaves: up to so many rows from a place on."""

    def batches(self, first: int, limit: int) -> Sequence[Any]:
        """In order, from the one that begins at leaf ``first`` on."""
        ...

    def checkpoints(self, after: int, limit: int) -> Sequence[Any]:
        """In order, from the first of more than ``after`` leaves on."""
        ...


def compare(source: End, target: End, route: Route, size: int, progress: Progress) -> bytes:
    """Returns the root of the tree of ``size`` leaves at both ends. Raises `CopiesDiffer`.

    The source may have gone on meanwhile: what is there of a larger tree is not looked at.
    """
    root = source.ledger.root(size)
    if target.ledger.root(size) != root:
        raise CopiesDiffer(what=f"root {size}")
    if route.tables:
        _same("leaves", _leaves(source.ledger, size), _leaves(target.ledger, size))
        _same("batches", _batches(source.ledger, size), _batches(target.ledger, size))
        _same("checkpoints", _checkpoints(source.ledger, size), _checkpoints(target.ledger, size))
        ours = set(source.ledger.timestamps())  # which may have got more meanwhile
        if others := set(target.ledger.timestamps()) - ours:
            raise CopiesDiffer(what=f"timestamps {min(others)[:2]}")
        _same("events", _events(source.events, size, progress), _events(target.events, size, None))

    def went_on() -> bool:
        return source.ledger.published() > size

    if route.files:
        _compare_published(source.published, target.published, went_on)
    if route.home:
        _compare_keys(source.settings.keys_folder, target.settings.keys_folder, went_on)
    return root


def _same(what: str, ours: Iterator[Any], theirs: Iterator[Any]) -> None:
    for n, (one, other) in enumerate(zip_longest(ours, theirs)):
        if one != other:
            raise CopiesDiffer(what=f"{what} {n}")


def _leaves(ledger: LedgerReader, size: int) -> Iterator[Any]:
    for at in range(0, size, PAGE):
        for leaf in ledger.leaves(at, min(PAGE, size - at)):
            yield leaf.index, leaf.id, leaf.version, leaf.hash


def _events(events: EventStore, size: int, progress: Progress | None) -> Iterator[Any]:
    after = 0
    for at in range(0, size, PAGE):
        if progress is not None:
            progress("compared", at, size)
        rows = events.rows(after, min(PAGE, size - at))
        yield from (row[1:] for row in rows)
        after = rows[-1].position if rows else after


def _batches(ledger: Copied, size: int) -> Iterator[Any]:
    return _pages(ledger.batches, 0, lambda each: int(each[0]) + 1, lambda each: each[1] <= size)


def _checkpoints(ledger: Copied, size: int) -> Iterator[Any]:
    return _pages(ledger.checkpoints, 0, lambda each: int(each[0]), lambda each: each[0] <= size)


def _pages(
    read: Callable[[int, int], Sequence[Any]],
    start: int,
    following: Callable[[Any], int],
    wanted: Callable[[Any], bool],
) -> Iterator[Any]:
    while page := read(start, PAGE):
        for each in page:
            if not wanted(each):
                return
            yield each
        start = following(page[-1])


def _compare_published(source: PublishedPlace, target: PublishedPlace, went_on: Callable[[], bool]) -> None:
    """``went_on``: whether the source has published more since."""
    grown = went_on()
    with closing(source.open()) as ours, closing(target.open()) as theirs:
        names = [name for name, _ in theirs.listing() if name == CHECKPOINT or parse_path(name) or parse_name(name)]
        missing = {name for name, _ in ours.listing() if parse_path(name) is not None} - set(names)
        if missing and not grown:
            raise CopiesDiffer(what=min(missing))
        ours.expect(names)
        theirs.expect(names)
        for name in names:
            one, other = ours.read(name), theirs.read(name)
            passing = name == CHECKPOINT or ".p/" in name  # what is replaced or removed as the tree grows
            if one != other and not (grown and passing):
                raise CopiesDiffer(what=name)


def _compare_keys(source: Path, target: Path, went_on: Callable[[], bool]) -> None:
    for path in sorted(source.iterdir()):
        if path.is_file() and not path.name.startswith("."):
            copy = target / path.name
            if path.name == LAST_SIGNED and went_on():
                continue
            if not copy.is_file() or copy.read_bytes() != path.read_bytes():
                raise CopiesDiffer(what=f"keys/{path.name}")
