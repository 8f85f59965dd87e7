"""DOCX: everything a reader can see, and what was struck out.

Our own walk over WordprocessingML (ECMA-376 part 1, clause 17): body, headers, footers, footnotes, endnotes and
comments, tables, insertions *and* deletions (a struck sentence is evidence too), text boxes. Page numbers are not in
the file (they arise in layout), so the text is one entry.
"""

from __future__ import annotations

from typing import IO

from adapters.extraction.outcome import Budget, Refused, extracted
from adapters.extraction.package import Package, local
from domain.ports.texts import ExtractedText

_PARTS = (
    r"word/document\d*\.xml",
    r"word/header\d*\.xml",
    r"word/footer\d*\.xml",
    r"word/footnotes\d*\.xml",
    r"word/endnotes\d*\.xml",
    r"word/comments\d*\.xml",
)
_TEXT = frozenset({"t", "delText"})
_SPACES = frozenset(
    {
        "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
        "http://schemas.openxmlformats.org/drawingml/2006/main",
        "http://schemas.openxmlformats.org/officeDocument/2006/math",
        "http://purl.oclc.org/ooxml/wordprocessingml/main",  # the strict variant of the standard
        "http://purl.oclc.org/ooxml/drawingml/main",
        "http://purl.oclc.org/ooxml/officeDocument/math",
    }
)
_SIGNS = {"tab": "\t", "ptab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}


def extract(stream: IO[bytes]) -> ExtractedText:
    """Raises `Refused`."""
    package = Package(stream)
    names = [name for pattern in _PARTS for name in package.matching(pattern)]
    if not any(name.startswith("word/document") for name in names):
        raise Refused("damaged", "there is no document in the package")
    budget = Budget()
    texts = []
    for name in names:
        walker = WordWalker(budget)
        package.walk(name, walker)
        texts.append(walker.text())
    return extracted(["\n".join(text.strip("\n") for text in texts if text.strip())], paged=False)


class WordWalker:
    """A parser target. ``_buffers`` is a stack: a text box inside a sentence gets its own, so that the sentence
    around it stays whole, and is put after the outermost paragraph that holds it."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._buffers: list[list[str]] = [[]]
        self._boxes: list[str] = []
        self._taking = False
        self._skipped = 0  # depth inside an mc:Fallback, which repeats its mc:Choice for old programs

    def start(self, tag: str, _attributes: object) -> None:
        name = local(tag)
        if self._skipped or name == "Fallback":
            self._skipped += 1
        elif name in _TEXT:
            self._taking = tag[1:].partition("}")[0] in _SPACES
        elif name == "txbxContent":
            self._buffers.append([])
        elif sign := _SIGNS.get(name):
            if name != "tab" or not self._in_tab_stops:
                self._add(sign)
        elif name == "tabs":
            self._in_tab_stops = True

    _in_tab_stops = False  # inside w:tabs, where w:tab defines a stop and is no character

    def end(self, tag: str) -> None:
        name = local(tag)
        if self._skipped:
            self._skipped -= 1
        elif name in _TEXT:
            self._taking = False
        elif name == "tabs":
            self._in_tab_stops = False
        elif name == "p":
            self._add("\n")
            if len(self._buffers) == 1 and self._boxes:
                boxes, self._boxes = self._boxes, []
                for box in boxes:
                    self._add(box)
        elif name == "tc":
            self._close_with("\t")
        elif name == "tr":
            self._close_with("\n")
        elif name == "txbxContent" and len(self._buffers) > 1:
            self._boxes.append("".join(self._buffers.pop()))

    def data(self, data: str) -> None:
        if self._taking and not self._skipped:
            self._budget.spend(len(data))
            self._add(data)

    def close(self) -> None: ...

    def text(self) -> str:
        return "".join([*(piece for buffer in self._buffers for piece in buffer), *self._boxes])

    def _add(self, piece: str) -> None:
        self._buffers[-1].append(piece)

    def _close_with(self, sign: str) -> None:
        """End a cell with a tab, a row with a line: in place of the sign that its last content ended with."""
        buffer = self._buffers[-1]
        if buffer and buffer[-1] in ("\n", "\t"):
            buffer[-1] = sign
        else:
            buffer.append(sign)
