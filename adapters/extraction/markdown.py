"""Markdown: its text, without the marks that would part a phrase or clutter a snippet."""

from __future__ import annotations

import re
from typing import IO

from adapters.extraction.outcome import extracted
from adapters.extraction.txt import read_text
from domain.ports.texts import ExtractedText

_RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.MULTILINE), by)
    for pattern, by in (
        (r"\A---[ \t]*$", ""),  # front matter keeps its lines and loses its fences
        (r"^(?:---+|\*\*\*+|___+|===+)[ \t]*$", ""),
        (r"^[ \t]*(?:```|~~~)[^\n`]{0,100}$", ""),
        (r"^[ \t]{0,3}#{1,6}[ \t]+", ""),
        (r"^[ \t]{0,3}(?:>[ \t]?)+", ""),
        (r"^([ \t]*)[-*+][ \t]+(?:\[[ xX]\][ \t]+)?", r"\1"),
        (r"!?\[([^\[\]\n]{0,500})\]\([^()\n]{0,2000}\)", r"\1"),
        (r"(\*\*|__|~~)(?=\S)([^\n]{1,2000}?)(?<=\S)\1", r"\2"),
        (r"(?<![\w*])\*(?=[^\s*])([^*\n]{1,1000})\*(?![\w*])", r"\1"),
        (r"`([^`\n]{1,1000})`", r"\1"),
        (r"^[ \t]*\|?(?:[ \t]{0,20}:?-{1,200}:?[ \t]{0,20}\|){1,100}[ \t:-]{0,200}$", ""),
    )
)
"""Bounded repeats throughout: no text can make one of these run for long."""


def extract(stream: IO[bytes]) -> ExtractedText:
    """Raises `Refused`."""
    text = read_text(stream).replace("\r\n", "\n")
    for pattern, by in _RULES:
        text = pattern.sub(by, text)
    return extracted([text], paged=False)
