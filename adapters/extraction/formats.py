"""Which module reads which media type: the one table to extend for a new format."""

from __future__ import annotations

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

ENCRYPTED = "application/encrypted"
"""An Office file behind a password: known from the outside, so no reader is needed."""


def essence(media_type: str) -> str:
    """``Text/HTML; charset=gbk`` → ``text/html``."""
    return media_type.partition(";")[0].strip().lower()
