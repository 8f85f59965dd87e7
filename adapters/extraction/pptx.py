"""PPTX by python-pptx: each slide is a page with its shapes, groups and tables in their order, then its notes."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from typing import IO

import pptx
from lxml import etree
from pptx.exc import PythonPptxError

from adapters.extraction.outcome import MAX_PAGES, Budget, Refused, extracted
from adapters.extraction.package import Package, local
from domain.ports.texts import ExtractedText

_DRAWING = ("{http://schemas.openxmlformats.org/drawingml/", "{http://purl.oclc.org/ooxml/drawingml/")


def extract(stream: IO[bytes]) -> ExtractedText:
    """Raises `Refused`."""
    package = Package(stream)
    if not package.matching(r"ppt/presentation\d*\.xml"):
        raise Refused("damaged", "there is no presentation in the package")
    stream.seek(0)
    budget = Budget()
    pages = []
    try:
        slides = pptx.Presentation(stream).slides
        if len(slides) > MAX_PAGES:
            raise Refused("too_large", "more slides than one file may hold")
        for slide in slides:
            lines = list(_lines(slide.element))
            if slide.has_notes_slide:
                lines += _lines(slide.notes_slide.element)
            page = "\n".join(lines)
            budget.spend(len(page))
            pages.append(page)
    except (PythonPptxError, zipfile.BadZipFile, KeyError, ValueError, AttributeError, etree.LxmlError) as error:
        raise Refused("damaged", "the presentation cannot be read") from error
    return extracted(pages, paged=True)


def _lines(root: etree._Element) -> Iterator[str]:
    """Paragraphs as lines, a table row as one line. From the XML rather than from python-pptx's shapes, which leave
    out what it has no class for (groups in groups, alternate content)."""
    for element in _visible(root):
        if local(str(element.tag)) == "tr":
            cells = ["\n".join(_paragraphs(cell)) for cell in element if local(str(cell.tag)) == "tc"]
            yield "\t".join(cells)
        else:
            yield _paragraph(element)


def _visible(root: etree._Element) -> Iterator[etree._Element]:
    """Table rows, and paragraphs outside of tables, without a mc:Fallback; a stack of our own, so depth is no risk."""
    stack = [root]
    while stack:
        element = stack.pop()
        tag = str(element.tag)  # a comment's is a function
        name = local(tag)
        if name in ("tr", "p") and tag.startswith(_DRAWING):
            yield element
        elif name != "Fallback" and not _is_slide_number(element):
            stack.extend(reversed(element))


def _is_slide_number(element: etree._Element) -> bool:
    """A shape that only repeats the slide's number is no text of the slide."""
    return local(str(element.tag)) == "sp" and any(
        local(str(each.tag)) == "ph" and each.get("type") == "sldNum" for each in element.iterdescendants()
    )


def _paragraphs(cell: etree._Element) -> list[str]:
    return [_paragraph(each) for each in cell.iterdescendants() if local(str(each.tag)) == "p"]


def _paragraph(paragraph: etree._Element) -> str:
    pieces = []
    for each in paragraph.iterdescendants():
        name = local(str(each.tag))
        if name == "t":
            pieces.append(each.text or "")
        elif name == "br":
            pieces.append("\n")
    return "".join(pieces)
