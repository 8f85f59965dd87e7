"""OpenDocument text, sheets and slides (ISO/IEC 26300): paragraphs, headings, cells and notes of ``content.xml``."""

from __future__ import annotations

from typing import IO

from adapters.extraction.outcome import Budget, Refused, extracted
from adapters.extraction.package import Package, local
from domain.ports.texts import ExtractedText

_MANIFEST = "META-INF/manifest.xml"
_SIGNS = {"tab": "\t", "line-break": "\n", "s": " "}


def extract(stream: IO[bytes]) -> ExtractedText:
    """Raises `Refused`."""
    package = Package(stream)
    if _MANIFEST in package.names and b"encryption-data" in package.read(_MANIFEST):
        raise Refused("encrypted", "protected with a password")
    if "content.xml" not in package.names:
        raise Refused("damaged", "there is no content in the package")
    target = _Paragraphs(Budget())
    package.walk("content.xml", target)
    return extracted(["".join(target.pieces)], paged=False)


class _Paragraphs:
    """A parser target. Text counts only inside ``text:p`` and ``text:h``; elsewhere it is layout of the XML."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._depth = 0
        self.pieces: list[str] = []

    def start(self, tag: str, _attributes: object) -> None:
        name = local(tag)
        if name in ("p", "h"):
            self._depth += 1
        elif self._depth and name in _SIGNS:
            self.pieces.append(_SIGNS[name])

    def end(self, tag: str) -> None:
        name = local(tag)
        if name in ("p", "h"):
            self._depth -= 1
            self.pieces.append("\n")
        elif name in ("table-cell", "table-row"):
            sign = "\t" if name == "table-cell" else "\n"
            if self.pieces and self.pieces[-1] in ("\n", "\t"):
                self.pieces[-1] = sign

    def data(self, data: str) -> None:
        if self._depth:
            self._budget.spend(len(data))
            self.pieces.append(data)

    def close(self) -> None: ...
