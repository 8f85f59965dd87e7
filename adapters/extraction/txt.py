"""Plain text and CSV: as they are, in whatever encoding."""

from __future__ import annotations

from typing import IO

from adapters.extraction.outcome import MAX_CHARACTERS, Budget, Refused, extracted
from adapters.formats.charset import decode
from domain.ports.texts import ExtractedText

MAX_BYTES = 4 * MAX_CHARACTERS
"""No encoding takes more for one character."""


def read_text(stream: IO[bytes], declared: str | None = None) -> str:
    """The decoded file. Raises `Refused`: too_large, or damaged when it is no text."""
    data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise Refused("too_large", "more text than one file may hold")
    decoded = decode(data, declared)
    if decoded is None:
        raise Refused("damaged", "not text in any known encoding")
    Budget().spend(len(decoded.text))
    return decoded.text


def extract(stream: IO[bytes]) -> ExtractedText:
    """Raises `Refused`."""
    return extracted([read_text(stream)], paged=False)
