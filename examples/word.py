"""Minutes and manuscripts as Word files (ECMA-376, WordprocessingML): the few parts that such a text needs.

A library that writes such files is no part of what the program runs with, and the demonstration needs nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from io import BytesIO
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile

_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_DOCUMENT = "http://schemas.openxmlformats.org/officeDocument/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml"
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'

_TYPES = (
    f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/word/document.xml" ContentType="{_TYPE}.document.main+xml"/>'
    f'<Override PartName="/word/styles.xml" ContentType="{_TYPE}.styles+xml"/>'
    '<Override PartName="/docProps/core.xml"'
    ' ContentType="application/vnd.openxmlformats-package.core-properties+xml"/></Types>'
)
_PARTS = (
    f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_DOCUMENT}/relationships/officeDocument" Target="word/document.xml"/>'
    f'<Relationship Id="rId2" Type="{_PACKAGE}/relationships/metadata/core-properties" Target="docProps/core.xml"/>'
    "</Relationships>"
)
_DOCUMENT_PARTS = (
    f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_DOCUMENT}/relationships/styles" Target="styles.xml"/></Relationships>'
)


def _style(key: str, name: str, font: str, points: int, more: str = "") -> str:
    look = (
        f'<w:rPr><w:rFonts w:ascii="{font}" w:hAnsi="{font}" w:eastAsia="{font}"/><w:sz w:val="{2 * points}"/></w:rPr>'
    )
    default = ' w:default="1"' if key == "Normal" else ""
    return f'<w:style w:type="paragraph"{default} w:styleId="{key}"><w:name w:val="{name}"/>{more}{look}</w:style>'


_STYLES = (
    f'{_XML}<w:styles xmlns:w="{_W}">'
    + _style("Normal", "Normal", "仿宋", 14)
    + _style("Heading1", "heading 1", "黑体", 15)
    + _style("Title", "Title", "宋体", 20, '<w:pPr><w:jc w:val="center"/></w:pPr>')
    + "</w:styles>"
)
_BORDERS = "".join(
    f'<w:{side} w:val="single" w:sz="4"/>' for side in ("top", "left", "bottom", "right", "insideH", "insideV")
)


def _paragraph(text: str, style: str = "Normal", indent: int = 0) -> str:
    """``indent``: of the first line, in points."""
    first = f'<w:ind w:firstLine="{20 * indent}"/>' if indent else ""
    said = f'<w:r><w:t xml:space="preserve">{escape(text)}</w:t></w:r>' if text else ""
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/>{first}</w:pPr>{said}</w:p>'


def _table(rows: Sequence[tuple[str, str]]) -> str:
    cells = (f"<w:tc>{_paragraph(a)}</w:tc><w:tc>{_paragraph(b)}</w:tc>" for a, b in rows)
    body = "".join(f"<w:tr>{each}</w:tr>" for each in cells)
    grid = '<w:tblGrid><w:gridCol w:w="2400"/><w:gridCol w:w="6400"/></w:tblGrid>'
    return f"<w:tbl><w:tblPr><w:tblBorders>{_BORDERS}</w:tblBorders></w:tblPr>{grid}{body}</w:tbl>"


def word(
    title: str,
    head: Sequence[tuple[str, str]],
    sections: Sequence[tuple[str, Sequence[str]]],
    author: str,
    made: datetime,
) -> bytes:
    """A title, a table of facts, and headed paragraphs; ``made`` is what the file says of its making, in UTC."""
    body = [_paragraph(title, "Title"), *([_table(head), _paragraph("")] if head else [])]
    for heading, paragraphs in sections:
        body += [_paragraph(heading, "Heading1")] if heading else []
        body += [_paragraph(each, indent=28) for each in paragraphs]
    when = f'xsi:type="dcterms:W3CDTF">{made:%Y-%m-%dT%H:%M:%SZ}<'
    parts = {
        "[Content_Types].xml": _TYPES,
        "_rels/.rels": _PARTS,
        "word/document.xml": (
            f'{_XML}<w:document xmlns:w="{_W}"><w:body>{"".join(body)}<w:sectPr/></w:body></w:document>'
        ),
        "word/_rels/document.xml.rels": _DOCUMENT_PARTS,
        "word/styles.xml": _STYLES,
        "docProps/core.xml": (
            f'{_XML}<cp:coreProperties xmlns:cp="{_PACKAGE}/metadata/core-properties"'
            ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/"'
            ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
            f"<dc:title>{escape(title)}</dc:title><dc:creator>{escape(author)}</dc:creator>"
            f"<cp:lastModifiedBy>{escape(author)}</cp:lastModifiedBy>"
            f"<dcterms:created {when}/dcterms:created><dcterms:modified {when}/dcterms:modified></cp:coreProperties>"
        ),
    }
    out = BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as package:
        for name, text in parts.items():
            package.writestr(name, text)
    return out.getvalue()
