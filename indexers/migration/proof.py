"""Nothing changed: what lies at both ends, compared byte for byte, as far as it was copied."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import zip_longest
from typing import Any

from adapters import parts
from adapters.bootstrap import House
from adapters.copying.route import Route
from adapters.ledger.publisher import CHECKPOINT
from domain.ledger.tiles import parse_path
from domain.ledger.timestamps import parse_name
from indexers.migration.errors import CopiesDiffer
from indexers.verify.findings import Progress

PAGE = 4096


def compare(source: House, target: House, route: Route, size: int, progress: Progress) -> bytes:
    """Returns the root of the tree of ``size`` leaves at both ends. Raises `CopiesDiffer`.

    The source may have gone on meanwhile: what is there of a larger tree is not looked at.
    """
    root = source.ledger.root(size)
    if target.ledger.root(size) != root:
        raise CopiesDiffer(what=f"root {size}")
    if route.tables:
        _same("leaves", _leaves(source, size), _leaves(target, size))
        _same("batches", _batches(source, size), _batches(target, size))
        _same("checkpoints", _checkpoints(source, size), _checkpoints(target, size))
        ours = set(source.ledger.timestamps())  # which may have got more meanwhile
        if others := set(target.ledger.timestamps()) - ours:
            raise CopiesDiffer(what=f"timestamps {min(others)[:2]}")
        _same("events", _events(source, size, progress), _events(target, size, None))
    if route.files:
        _compare_published(source, target, size)
    if route.home:
        _compare_keys(source, target, size)
    return root


def _same(what: str, ours: Iterator[Any], theirs: Iterator[Any]) -> None:
    for n, (one, other) in enumerate(zip_longest(ours, theirs)):
        if one != other:
            raise CopiesDiffer(what=f"{what} {n}")


def _leaves(house: House, size: int) -> Iterator[Any]:
    for at in range(0, size, PAGE):
        for leaf in house.ledger.leaves(at, min(PAGE, size - at)):
            yield leaf.index, leaf.id, leaf.version, leaf.hash


def _events(house: House, size: int, progress: Progress | None) -> Iterator[Any]:
    after = 0
    for at in range(0, size, PAGE):
        if progress is not None:
            progress("compared", at, size)
        rows = house.events.rows(after, min(PAGE, size - at))
        yield from (row[1:] for row in rows)
        after = rows[-1].position if rows else after


def _batches(house: House, size: int) -> Iterator[Any]:
    return _pages(house.ledger.batches, 0, lambda each: int(each[0]) + 1, lambda each: each[1] <= size)


def _checkpoints(house: House, size: int) -> Iterator[Any]:
    return _pages(house.ledger.checkpoints, 0, lambda each: int(each[0]), lambda each: each[0] <= size)


def _pages(
    read: Callable[[int, int], Sequence[Any]],
    start: int,
    following: Callable[[Any], int],
    wanted: Callable[[Any], bool],
) -> Iterator[Any]:
    while found := read(start, PAGE):
        for each in found:
            if not wanted(each):
                return
            yield each
        start = following(found[-1])


def _compare_published(source: House, target: House, size: int) -> None:
    went_on = source.ledger.published() > size
    with (
        closing(parts.evidence(source.settings).published.open()) as ours,
        closing(parts.evidence(target.settings).published.open()) as theirs,
    ):
        names = [name for name, _ in theirs.listing() if name == CHECKPOINT or parse_path(name) or parse_name(name)]
        missing = {name for name, _ in ours.listing() if parse_path(name) is not None} - set(names)
        if missing and not went_on:
            raise CopiesDiffer(what=min(missing))
        ours.expect(names)
        theirs.expect(names)
        for name in names:
            one, other = ours.read(name), theirs.read(name)
            passing = name == CHECKPOINT or ".p/" in name  # what is replaced or removed as the tree grows
            if one != other and not (went_on and passing):
                raise CopiesDiffer(what=name)


def _compare_keys(source: House, target: House, size: int) -> None:
    for path in sorted(source.settings.keys_folder.iterdir()):
        if path.is_file() and not path.name.startswith("."):
            copy = target.settings.keys_folder / path.name
            if path.name == target.guard.path.name and source.ledger.published() > size:
                continue
            if not copy.is_file() or copy.read_bytes() != path.read_bytes():
                raise CopiesDiffer(what=f"keys/{path.name}")
