"""Which module reads which media type, and in which version: the one place to extend for a new format."""

from __future__ import annotations

from domain.ports import ExtractedText

_OOXML = "application/vnd.openxmlformats-officedocument"
_MS = "application/vnd.ms"
_ODF = "application/vnd.oasis.opendocument"

MODULES: dict[str, str] = {
    "text/plain": "txt",
    "text/csv": "txt",
    "text/markdown": "markdown",
    "text/html": "html",
    "application/xhtml+xml": "html",
    "text/xml": "xml",
    "application/xml": "xml",
    "application/pdf": "pdf",
    "application/ofd": "ofd",
    f"{_OOXML}.wordprocessingml.document": "docx",
    f"{_MS}-word.document.macroenabled.12": "docx",
    f"{_OOXML}.spreadsheetml.sheet": "xlsx",
    f"{_MS}-excel.sheet.macroenabled.12": "xlsx",
    f"{_OOXML}.presentationml.presentation": "pptx",
    f"{_MS}-powerpoint.presentation.macroenabled.12": "pptx",
    f"{_ODF}.text": "odf",
    f"{_ODF}.spreadsheet": "odf",
    f"{_ODF}.presentation": "odf",
}
"""Media type (lower case, without parameters) → module of this package with ``extract(stream) -> ExtractedText``."""

VERSIONS: dict[str, int] = {
    "txt": 1,
    "markdown": 1,
    "html": 1,
    "xml": 1,
    "pdf": 1,
    "ofd": 1,
    "docx": 1,
    "xlsx": 1,
    "pptx": 1,
    "odf": 1,
}
"""Of each module. To be raised whenever it would give another text of the same file: files of its types, and of no
others, are then read again, and what was read before is shown until they are."""

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
    return UNREAD if module is None else f"{module}-{VERSIONS[module]}"


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
