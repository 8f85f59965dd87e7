"""What a format module may say instead of text, and the limits that all of them share."""

from __future__ import annotations

import re
from collections.abc import Iterable

from domain.ports.texts import ExtractedText, TextStatus

MAX_CHARACTERS = 20_000_000
"""Text taken from one file; ten times the longest novel. More is a bomb or a database dump: `too_large`."""

MAX_PAGES = 20_000
"""Pages, slides or sheets of one file."""

# C0 and C1 controls, lone surrogates and non-characters: never text, and JSON or an index may choke on them.
_NOT_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_SPACE_AT_LINE_END = re.compile(r"[ \t]+\n")
_MANY_BLANK_LINES = re.compile(r"\n{3,}")


class Refused(Exception):
    """Ends an extraction with a typed outcome. ``detail`` is a few plain words, never a path or a traceback."""

    def __init__(self, status: TextStatus, detail: str = "") -> None:
        super().__init__(status, detail)
        self.status, self.detail = status, detail


class Budget:
    """Counts characters while they are found, so that a bomb is refused before it fills memory."""

    def __init__(self, characters: int = MAX_CHARACTERS) -> None:
        self._left = characters

    def spend(self, characters: int) -> None:
        """Raises `Refused` (too_large) when the file holds more text than `MAX_CHARACTERS`."""
        self._left -= characters
        if self._left < 0:
            raise Refused("too_large", "more text than one file may hold")


def tidy(text: str) -> str:
    """The text with one kind of line end, without control characters, and without stacks of blank lines."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x0b", "\n").replace("\x0c", "\n")
    text = _NOT_TEXT.sub("", text)
    return _MANY_BLANK_LINES.sub("\n\n", _SPACE_AT_LINE_END.sub("\n", text)).strip("\n")


def extracted(pages: Iterable[str], paged: bool) -> ExtractedText:
    """`extracted` with tidy pages, or `empty` when no page has a visible character."""
    tidied = tuple(tidy(page) for page in pages)
    if not any(page.strip() for page in tidied):
        return ExtractedText("empty", paged=paged)
    return ExtractedText("extracted", tidied, paged)
