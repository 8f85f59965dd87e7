"""A list of verdicts as a file: JSON, a line each, written at once, so that a run that was ended goes on where it was.

The first line says what was chosen; every other one a place, its change as one line of a diff, and what became of it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from tests.mutation.places import Place, Sketch
from tests.mutation.trial import DEAD, Verdict

GONE = "gone"
"""The verdict on a place of a former list that the code does not have any more."""
COLUMNS = ("killed", "timed out", "survived", "survived within the time", "no test", GONE)


@dataclass(frozen=True)
class Line:
    """One place and its verdict; ``former`` is its path in the list that it was taken from, if it has moved since."""

    sketch: Sketch
    diff: str
    word: str
    by: str = ""
    ran: int = 0
    seconds: float = 0.0
    former: Sketch | None = None

    @property
    def known_as(self) -> Sketch:
        """The place as the list that it was taken from has it."""
        return self.former or self.sketch

    @property
    def layer(self) -> str:
        return self.sketch.path.partition("/")[0]

    def encode(self) -> str:
        said = {
            "verdict": self.word,
            "diff": self.diff,
            "by": self.by,
            "ran": self.ran,
            "seconds": round(self.seconds, 1),
        }
        former = {} if self.former is None else {"former": asdict(self.former)}
        return json.dumps({"path": self.sketch.path, **said, **asdict(self.sketch), **former}, ensure_ascii=False)

    @classmethod
    def decode(cls, said: dict[str, Any]) -> Line:
        former = _sketch(said["former"]) if "former" in said else None
        return cls(_sketch(said), said["diff"], said["verdict"], said["by"], said["ran"], said["seconds"], former)


def _sketch(said: dict[str, Any]) -> Sketch:
    return Sketch(**{each.name: said[each.name] for each in fields(Sketch)})


class VerdictList:
    """The file. Raises `SystemExit` where it was begun with another choice."""

    def __init__(self, path: Path, choice: dict[str, Any]) -> None:
        self._path = path
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(choice) + "\n", "utf-8")
        begun, self.lines = read(path)
        if begun != choice:
            raise SystemExit(f"{path} was begun with {begun}: go on with that, or name another file")

    def add(self, line: Line) -> None:
        self.lines = _latest([*self.lines, line])
        with self._path.open("a", encoding="utf-8") as out:
            out.write(line.encode() + "\n")


def read(path: Path) -> tuple[dict[str, Any], list[Line]]:
    """What was chosen, and the verdicts so far; of a place that was tried again, the last one."""
    first, *rest = path.read_text("utf-8").splitlines()
    return json.loads(first), _latest([Line.decode(json.loads(line)) for line in rest])


def _latest(lines: list[Line]) -> list[Line]:
    return list({line.known_as: line for line in lines}.values())


def judged(place: Place, source: bytes, verdict: Verdict, former: Sketch | None) -> Line:
    moved = former if former not in (None, place.sketch) else None
    return Line(
        place.sketch,
        place.change.shown(source),
        verdict.word,
        verdict.by,
        verdict.ran,
        round(verdict.seconds, 1),
        moved,
    )


def table(lines: Iterable[Line]) -> str:
    """How many ended how, a row a layer."""
    counts: dict[str, Counter[str]] = {}
    for line in lines:
        counts.setdefault(line.layer, Counter())[line.word] += 1
    rows = [("", list(COLUMNS))]
    for name, count in (*counts.items(), ("all", sum(counts.values(), Counter[str]()))):
        rows.append((name, [str(count[word]) for word in COLUMNS]))
    return "\n".join(
        f"{name:<12}" + "".join(f"{cell:>{len(word) + 3}}" for cell, word in zip(cells, COLUMNS, strict=True))
        for name, cells in rows
    )


def compared(before: Iterable[Line], after: Iterable[Line]) -> str:
    """How many of the places died before and after, and each one that ended otherwise."""
    ends = {line.known_as: line for line in after}
    both = [(old, ends[old.sketch]) for old in before if old.sketch in ends]
    died = [sum(pair[side].word in DEAD for pair in both) for side in (0, 1)]
    other = [(old, new) for old, new in both if (old.word in DEAD) != (new.word in DEAD)]
    rows = [f"{old.sketch.path} {old.sketch.function}: {old.diff}\n  {old.word} → {new.word}" for old, new in other]
    return "\n".join([f"of {len(both)} places in both lists {died[0]} died before and {died[1]} die now", *rows])
