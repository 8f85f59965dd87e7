"""Which places are changed, and how a place is found again when the code around it has changed or moved.

A seed gives every place of the code a rank that hangs on what it says: function, kind, statement, change. Neither the
name of its file nor what else the code holds plays a part. So the same seed takes the same places after files have
moved; where one is gone, the next of its layer takes its turn.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import islice, zip_longest
from pathlib import Path

from tests.mutation.kinds import Change, changes

ALIKE = 0.7
"""How like its former wording a statement must be where a place has function, kind and number of the former."""


@dataclass(frozen=True)
class Place:
    """One change that can be made in one file. ``number`` counts those of its kind in its function, from 0."""

    path: str
    number: int
    change: Change

    @property
    def layer(self) -> str:
        return self.path.partition("/")[0]

    @property
    def sketch(self) -> Sketch:
        change = self.change
        return Sketch(self.path, change.function, change.kind, self.number, change.statement, change.old, change.new)


@dataclass(frozen=True)
class Sketch:
    """What is written down of a place, and enough to look it up again."""

    path: str
    function: str
    kind: str
    number: int
    statement: str
    old: str
    new: str

    def rank(self, seed: int) -> str:
        said = (self.function, self.kind, self.statement, self.old, self.new, self.number)
        return hashlib.sha256(repr((seed, *said)).encode()).hexdigest()


def layers_of(root: Path) -> list[str]:
    """The layers of the code from the top, as import-linter is told of them."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    return list(next(each for each in contracts if each["type"] == "layers")["layers"])


def places_in(root: Path, layers: list[str]) -> list[Place]:
    """Every place of these layers, by path and in the order of the source."""
    found = []
    for path in sorted(path for layer in layers for path in (root / layer).rglob("*.py")):
        counts: dict[tuple[str, str], int] = {}
        for change in changes(path.read_bytes()):
            number = counts[change.function, change.kind] = counts.get((change.function, change.kind), -1) + 1
            found.append(Place(path.relative_to(root).as_posix(), number, change))
    return found


def in_turn(places: Collection[Place], layer: str, seed: int) -> Iterator[Place]:
    """The places of a layer as the seed puts them: one of each kind, then the second of each, and so on."""
    kinds: dict[str, list[Place]] = {}
    for place in sorted(places, key=lambda each: (each.sketch.rank(seed), each.path)):
        if place.layer == layer:
            kinds.setdefault(place.change.kind, []).append(place)
    for row in zip_longest(*(kinds[kind] for kind in sorted(kinds))):
        yield from (place for place in row if place is not None)


def choose(places: Collection[Place], layers: list[str], seed: int, count: int) -> list[Place]:
    """So many places, from each layer in turn: more of them begin with the same ones."""
    rows = zip_longest(*(in_turn(places, layer, seed) for layer in layers))
    return list(islice((place for row in rows for place in row if place is not None), count))


def find_again(sketch: Sketch, places: Collection[Place]) -> Place | None:
    """The place that was written down, in code that has changed since; None where it is gone.

    Looked for in every file: first with the same function, kind, change and statement; then with another statement, as
    happens where what it calls was renamed, if that is still alike and has the same number in its function. Of several,
    as of a function that is copied, the one in the former file counts, then one in a file of that name, then the one
    whose path has most in common with the former.
    """
    there = [place for place in places if place.change.function == sketch.function]
    same = [place for place in there if _signature(place.sketch) == _signature(sketch)]
    exact = [place for place in same if place.change.statement == sketch.statement]
    alike = [place for place in same if place.number == sketch.number and _likeness(place, sketch) >= ALIKE]
    for candidates in (exact, alike):
        if candidates:
            return max(
                candidates, key=lambda place: (_nearness(place.path, sketch.path), place.number == sketch.number)
            )
    return None


def _signature(sketch: Sketch) -> tuple[str, ...]:
    """Where a whole statement or expression is replaced, its wording is the statement's, and compared with that."""
    of_word = sketch.kind in ("comparison", "logic", "arithmetic", "constant")
    return (sketch.function, sketch.kind, *((sketch.old, sketch.new) if of_word else ()))


def _likeness(place: Place, sketch: Sketch) -> float:
    return SequenceMatcher(None, place.change.statement, sketch.statement, autojunk=False).ratio()


def _nearness(path: str, former: str) -> tuple[bool, bool, float]:
    """The same file before any other, then one of the same name, then the one with the most alike path."""
    same_name = path.rpartition("/")[2] == former.rpartition("/")[2]
    return path == former, same_name, SequenceMatcher(None, path, former, autojunk=False).ratio()
