"""XML of no known kind: its character data, element by element. External entities are not looked at."""

from __future__ import annotations

from typing import IO

from adapters.extraction.outcome import Budget, extracted
from adapters.extraction.package import walk
from domain.ports.texts import ExtractedText


def extract(stream: IO[bytes]) -> ExtractedText:
    """Raises `Refused`."""
    target = _CharacterData(Budget())
    walk(stream, target)
    return extracted(["\n".join(line for line in map(str.strip, target.pieces) if line)], paged=False)


class _CharacterData:
    """A parser target: runs of text between tags."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self.pieces: list[str] = [""]

    def start(self, _tag: str, _attributes: object) -> None:
        self.pieces.append("")

    def end(self, _tag: str) -> None:
        self.pieces.append("")

    def data(self, data: str) -> None:
        self._budget.spend(len(data))
        self.pieces[-1] += data

    def close(self) -> None: ...
