"""The text that is read out of files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO, Literal, Protocol

TextStatus = Literal["extracted", "empty", "pending", "encrypted", "damaged", "too_large", "unsupported", "timed_out"]


@dataclass(frozen=True)
class ExtractedText:
    """What an extractor found. ``pages[i]`` is page (slide, sheet) i+1; a format without pages has one entry.

    ``crashed``: it did not get through; another attempt, on a machine that is less busy, may.
    """

    status: TextStatus
    pages: tuple[str, ...] = ()
    paged: bool = False
    detail: str = ""
    crashed: bool = False
    reader: str = ""  # who made it, as `TextExtractor.reader` says; empty from before readers had versions


class TextExtractor(Protocol):
    """Reads the text of files, a reader for each format."""

    def reader(self, media_type: str) -> str:
        """Which reader, in which version, reads such a file now: another one might give another text."""
        ...

    def is_current(self, text: ExtractedText, media_type: str) -> bool:
        """Whether reading the file again would be done by the reader that made the text."""
        ...

    def extract(self, blob: IO[bytes], media_type: str) -> ExtractedText:
        """Never raises for what is in the file: a hostile or damaged file is an outcome."""
        ...
