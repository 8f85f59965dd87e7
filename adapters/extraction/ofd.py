"""OFD, the national layout format (GB/T 33190-2016): the text codes of each page, in the order they are drawn."""

from __future__ import annotations

from typing import IO

from adapters.extraction.outcome import MAX_PAGES, Budget, Refused, extracted
from adapters.extraction.package import Package, local
from domain.ports.texts import ExtractedText

_PAGES = r"(?:.*/)?Pages/Page_\d+/Content\.xml"


def extract(stream: IO[bytes]) -> ExtractedText:
    """Raises `Refused`."""
    package = Package(stream)
    names = package.matching(_PAGES)
    if not names:
        raise Refused("damaged", "there are no pages in the package")
    if len(names) > MAX_PAGES:
        raise Refused("too_large", "more pages than one file may hold")
    budget = Budget()
    pages = []
    for name in names:
        target = _TextCodes(budget)
        package.walk(name, target)
        pages.append("\n".join(target.lines))
    return extracted(pages, paged=True)


class _TextCodes:
    """A parser target: each ``TextObject`` is a line, its ``TextCode`` runs joined."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._taking = False
        self.lines: list[str] = []

    def start(self, tag: str, _attributes: object) -> None:
        name = local(tag)
        if name == "TextObject":
            self.lines.append("")
        self._taking = name == "TextCode" and bool(self.lines)

    def end(self, _tag: str) -> None:
        self._taking = False

    def data(self, data: str) -> None:
        if self._taking:
            self._budget.spend(len(data))
            self.lines[-1] += data

    def close(self) -> None: ...
