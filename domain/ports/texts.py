"""The text that is read out of files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO, Literal, Protocol

from domain.words import Words

TextStatus = Literal["extracted", "empty", "pending", "encrypted", "damaged", "too_large", "unsupported", "timed_out"]
TextState = TextStatus | Literal["erased", "unknown"]
"""What is said of a file's text: ``erased`` with the file, ``unknown`` while its store does not answer."""

TEXT_STATES: dict[str, Words] = {
    "extracted": Words("已提取文字", "text extracted"),
    "empty": Words("没有文字", "no text in it"),
    "pending": Words("正在提取文字", "its text is being read"),
    "encrypted": Words("已加密，读不出文字", "encrypted: no text could be read"),
    "damaged": Words("文件损坏，读不出文字", "damaged: no text could be read"),
    "too_large": Words("文件太大，没有提取文字", "too large for its text to be read"),
    "unsupported": Words("这种格式不提取文字", "no text is read from this format"),
    "timed_out": Words("提取文字超时", "reading its text took too long"),
    "erased": Words("已销毁", "erased"),
    "unknown": Words("文件存储连不上，暂时不知道有没有文字", "the file server is away: whether it has text is unknown"),
}


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
