"""Files with Chinese text, made by other programs than those that read them here."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime
from functools import cache
from typing import Any

import docx
import pptx
import typst
import xlsxwriter

SENTENCE = "党委会议讨论了整改落实情况，要求立行立改。"
TRADITIONAL = "黨委會議討論了整改落實情況，要求立行立改。"
W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
MC = "http://schemas.openxmlformats.org/markup-compatibility/2006"

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
PDF = "application/pdf"
OFD = "application/ofd"
ODT = "application/vnd.oasis.opendocument.text"


@cache
def word() -> bytes:
    """Body, table, header and footer by python-docx."""
    document = docx.Document()
    document.add_heading("专题党课记录")
    document.add_paragraph(SENTENCE)
    table = document.add_table(2, 2)
    for cell, text in zip((c for row in table.rows for c in row.cells), ("姓名", "签到", "张敏", "已到"), strict=True):
        cell.text = text
    section = document.sections[0]
    section.header.paragraphs[0].text = "页眉：第三中学"
    section.footer.paragraphs[0].text = "页脚：内部资料"
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def word_around(body: str, **parts: str) -> bytes:
    """A package with this body, and further parts such as ``comments=…``, by hand."""
    root = f'xmlns:w="{W}" xmlns:mc="{MC}"'
    content = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "word/document.xml": f"<w:document {root}><w:body>{body}</w:body></w:document>",
        **{f"word/{name}.xml": f"<w:{name} {root}>{text}</w:{name}>" for name, text in parts.items()},
    }
    return zipped(content)


def run(text: str) -> str:
    return f"<w:r><w:t>{text}</w:t></w:r>"


def paragraph(text: str) -> str:
    return f"<w:p>{run(text)}</w:p>"


def zipped(content: dict[str, str | bytes] | dict[str, str], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as package:
        for name, data in content.items():
            package.writestr(name, data)
    return out.getvalue()


@cache
def sheet() -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    first, second = book.add_worksheet("签到表"), book.add_worksheet("统计")
    first.write_row(0, 0, ["姓名", "出席", "日期"])
    first.write_row(1, 0, ["张敏", True])
    first.write_datetime(1, 2, datetime(2023, 4, 21), book.add_format({"num_format": "yyyy-mm-dd"}))  # noqa: DTZ001
    second.write(99, 3, SENTENCE)
    second.write(100, 3, 24.0)
    book.close()
    return out.getvalue()


@cache
def slides() -> bytes:
    deck = pptx.Presentation()
    first = deck.slides.add_slide(deck.slide_layouts[1])
    first.shapes.title.text = "专题学习"
    first.placeholders[1].text = SENTENCE
    first.notes_slide.notes_text_frame.text = "备注：请李强记录"
    second = deck.slides.add_slide(deck.slide_layouts[6])
    table = second.shapes.add_table(1, 2, 0, 0, 9_000_000, 900_000).table
    table.cell(0, 0).text, table.cell(0, 1).text = "应到", "24人"
    group: Any = second.shapes.add_group_shape()
    group.shapes.add_textbox(0, 0, 100, 100).text_frame.text = "组合里的文字"
    out = io.BytesIO()
    deck.save(out)
    return out.getvalue()


@cache
def pdf() -> bytes:
    source = f'#set text(font: "Noto Sans CJK SC", lang: "zh")\n{SENTENCE}\n#pagebreak()\n第二页：签到表'
    return bytes(typst.compile(source.encode(), format="pdf"))


@cache
def ofd() -> bytes:
    def page(text: str) -> str:
        return (
            '<ofd:Page xmlns:ofd="http://www.ofdspec.org/2016"><ofd:Content><ofd:Layer><ofd:TextObject>'
            f"<ofd:TextCode>{text[:3]}</ofd:TextCode><ofd:TextCode>{text[3:]}</ofd:TextCode>"
            "</ofd:TextObject></ofd:Layer></ofd:Content></ofd:Page>"
        )

    pages = {f"Doc_0/Pages/Page_{n}/Content.xml": page(f"第{n}页：{SENTENCE}") for n in range(12)}
    return zipped({"OFD.xml": '<ofd:OFD xmlns:ofd="http://www.ofdspec.org/2016"/>', **pages})


@cache
def odt() -> bytes:
    content = (
        '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:text>\n'
        f"<text:h>标题</text:h>\n<text:p>{SENTENCE[:5]}<text:span>{SENTENCE[5:]}</text:span></text:p>"
        "</office:text></office:body></office:document-content>"
    )
    return zipped({"mimetype": ODT, "content.xml": content}, zipfile.ZIP_STORED)
