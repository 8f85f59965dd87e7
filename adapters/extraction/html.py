"""HTML: the text that a browser would show, with a line for each block. Nothing is run and nothing is fetched."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import IO

from adapters.extraction.outcome import Budget, extracted
from adapters.extraction.txt import read_text
from domain.ports.texts import ExtractedText

_HIDDEN = frozenset({"script", "style", "template", "noscript", "svg", "math", "iframe", "object"})
_BLOCKS = frozenset(
    re.findall(
        r"\w+",
        """address article aside blockquote body br caption center dd details dialog div dl dt fieldset figcaption
        figure footer form h1 h2 h3 h4 h5 h6 header hr html li main nav ol option p pre section select summary table
        tbody tfoot thead title tr ul""",
    )
)
_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]{2,40})", re.IGNORECASE)
_SPACE = re.compile(r"[ \t\r\n\f]+")
_DECLARED_WITHIN = 4096


def extract(stream: IO[bytes]) -> ExtractedText:
    """Raises `Refused`."""
    declared = _CHARSET.search(stream.read(_DECLARED_WITHIN))
    stream.seek(0)
    reader = _VisibleText(Budget())
    reader.feed(_without_comments(read_text(stream, declared.group(1).decode("ascii") if declared else None)))
    reader.close()
    return extracted([reader.text()], paged=False)


def _without_comments(text: str) -> str:
    """Taken out beforehand: over thousands of comments that nobody closed the library's parser takes quadratic time.
    One that is never closed hides nothing here, since a slip must not swallow the rest of a document."""
    pieces, at = [], 0
    while (start := text.find("<!--", at)) >= 0 and (end := text.find("-->", start + 4)) >= 0:
        pieces.append(text[at:start])
        at = end + 3
    return "".join([*pieces, text[at:].replace("<!--", "")])


class _VisibleText(HTMLParser):
    """Events only, no tree: nesting of any depth is just a longer text."""

    def __init__(self, budget: Budget) -> None:
        super().__init__(convert_charrefs=True)
        self._budget = budget
        self._pieces: list[str] = []
        self._hidden: str | None = None
        self._depth = 0  # of elements named like the hidden one, inside it

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._hidden:
            self._depth += tag == self._hidden
        elif tag in _HIDDEN:
            self._hidden, self._depth = tag, 1
        elif tag in _BLOCKS:
            self._pieces.append("\n")
        elif tag in ("td", "th"):
            self._pieces.append("\t")
        elif tag == "img":
            self._add(dict(attrs).get("alt") or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _HIDDEN:  # <svg/> hides nothing
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if self._hidden:
            if tag == self._hidden:
                self._depth -= 1
                if self._depth == 0:
                    self._hidden = None
        elif tag in _BLOCKS:
            self._pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if self._hidden is None:
            self._add(_SPACE.sub(" ", data))

    def text(self) -> str:
        lines = "".join(self._pieces).split("\n")
        return "\n".join(line for line in (line.strip(" \t") for line in lines) if line)

    def _add(self, data: str) -> None:
        self._budget.spend(len(data))
        self._pieces.append(data)
