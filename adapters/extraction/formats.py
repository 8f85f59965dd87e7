"""Which module reads which media type, and in which version: where a new format is entered."""

from __future__ import annotations

from typing import NamedTuple

from domain.ports.texts import ExtractedText

_OOXML = "application/vnd.openxmlformats-officedocument"
_MS = "application/vnd.ms"
_ODF = "application/vnd.oasis.opendocument"


class Reader(NamedTuple):
    """``version`` is to be raised whenever the module would give another text of the same file: files of its types, and
    of no others, are then read again, and what was read before is shown until they are."""

    version: int
    media_types: tuple[str, ...]  # lower case, without parameters


READERS: dict[str, Reader] = {
    "txt": Reader(1, ("text/plain", "text/csv")),
    "markdown": Reader(1, ("text/markdown",)),
    "html": Reader(1, ("text/html", "application/xhtml+xml")),
    "xml": Reader(1, ("text/xml", "application/xml")),
    "pdf": Reader(1, ("application/pdf",)),
    "ofd": Reader(1, ("application/ofd",)),
    "docx": Reader(1, (f"{_OOXML}.wordprocessingml.document", f"{_MS}-word.document.macroenabled.12")),
    "xlsx": Reader(1, (f"{_OOXML}.spreadsheetml.sheet", f"{_MS}-excel.sheet.macroenabled.12")),
    "pptx": Reader(1, (f"{_OOXML}.presentationml.presentation", f"{_MS}-powerpoint.presentation.macroenabled.12")),
    "odf": Reader(1, (f"{_ODF}.text", f"{_ODF}.spreadsheet", f"{_ODF}.presentation")),
}
"""Module of this package with ``extract(stream) -> ExtractedText`` → what it reads."""

MODULES: dict[str, str] = {kind: module for module, reader in READERS.items() for kind in reader.media_types}
"""Media type → module."""

UNREAD = "none"
"""The reader of what no module reads."""

ENCRYPTED = "application/encrypted"
"""An Office file behind a password: known from the outside, so no reader is needed."""


def essence(media_type: str) -> str:
    """``Text/HTML; charset=gbk`` → ``text/html``."""
    return media_type.partition(";")[0].strip().lower()


def reader(media_type: str) -> str:
    """``pdf-1``: the module and its version; `UNREAD` for a type that nobody reads."""
    module = MODULES.get(essence(media_type))
    return UNREAD if module is None else f"{module}-{READERS[module].version}"


def readers() -> dict[str, str]:
    """The reader of each media type."""
    return {media_type: reader(media_type) for media_type in MODULES}


def is_current(text: ExtractedText, media_type: str) -> bool:
    """Whether the text was made by today's reader of that type.

    Texts from before readers had versions are those of the first; what nobody could read then may have a reader since.
    """
    wanted = reader(media_type)
    if text.reader:
        return text.reader == wanted
    return wanted == UNREAD or (wanted.endswith("-1") and text.status != "unsupported")
