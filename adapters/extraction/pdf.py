"""PDF by PDFium: text page by page. A scanned page has none."""

from __future__ import annotations

import ctypes
from typing import IO

import pypdfium2
import pypdfium2.raw

from adapters.extraction.outcome import MAX_PAGES, Budget, Refused, extracted
from domain.ports.texts import ExtractedText

_PASSWORD_ERRORS = frozenset({pypdfium2.raw.FPDF_ERR_PASSWORD, pypdfium2.raw.FPDF_ERR_SECURITY})
_BROKEN_WORD = "\ufffe"
"""PDFium's sign for a hyphen at a line's end: the word goes on below."""


def extract(stream: IO[bytes]) -> ExtractedText:
    """Raises `Refused`."""
    try:
        document = pypdfium2.PdfDocument(stream)
    except pypdfium2.PdfiumError as error:
        if error.err_code in _PASSWORD_ERRORS:
            raise Refused("encrypted", "protected with a password") from error
        raise Refused("damaged", "not a readable PDF") from error
    budget = Budget()
    pages: list[str] = []
    try:
        if len(document) > MAX_PAGES:
            raise Refused("too_large", "more pages than one file may hold")
        for index in range(len(document)):
            text = _page(document, index)
            budget.spend(len(text))
            pages.append(text)
    finally:
        document.close()
    if not pages:
        raise Refused("damaged", "the PDF has no pages")
    return extracted(pages, paged=True)


def _page(document: pypdfium2.PdfDocument, index: int) -> str:
    """One broken page leaves the others readable: it counts as a page without text."""
    try:
        page = document[index]
        try:
            text_page = page.get_textpage()
            try:
                text = str(text_page.get_text_range(errors="replace"))
            finally:
                text_page.close()
        finally:
            page.close()
    except (pypdfium2.PdfiumError, ctypes.ArgumentError):
        return ""
    return text.replace(f"{_BROKEN_WORD}\r\n", "").replace(_BROKEN_WORD, "")
