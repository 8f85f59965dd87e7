"""The files that come with records: minutes, sign-in sheets, reports, slides, notes, manuscripts.

The same arguments give the same bytes: no clock is read, and the parts of a package all carry one date. PDF files also
depend on the version of the installed font. Photographs are in `examples.photographs`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import cache
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import typst
import xlsxwriter
from pptx import Presentation

from examples.word import word

AUTHOR = "青禾区教育局"
_FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts", "/Library/Fonts")


class FontMissing(Exception):
    """No font that covers Chinese was found; the sentence for people is `FONT_SENTENCE`."""


FONT_SENTENCE = (
    "没有找到中文字体：请安装 fonts-noto-cjk（sudo apt-get install fonts-noto-cjk），"
    "或用 JIANZHENG_FONTS 指定字体目录。\n"
    "No Chinese font was found: install fonts-noto-cjk, or name a folder with Noto CJK fonts in JIANZHENG_FONTS."
)


@cache
def font_file() -> Path:
    """The sans-serif Noto CJK font for photographs' captions. Raises `FontMissing`."""
    folders = [*os.environ.get("JIANZHENG_FONTS", "").split(os.pathsep), *_FONT_FOLDERS]
    for folder in folders:
        if folder:
            for pattern in ("NotoSansCJK-Regular.ttc", "NotoSansCJK*.ttc", "NotoSansCJK*.otf", "NotoSansSC*.?tf"):
                fonts = sorted(Path(folder).expanduser().rglob(pattern))
                if fonts:
                    return fonts[0]
    raise FontMissing


def _evening(day: date) -> datetime:
    """What documents say of when they were made."""
    return datetime(day.year, day.month, day.day, 9, tzinfo=UTC)


# ── DOCX ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def make_docx(
    title: str, head: Sequence[tuple[str, str]], sections: Sequence[tuple[str, Sequence[str]]], day: date, author: str
) -> bytes:
    """Minutes and manuscripts: a title, a table of facts, and headed paragraphs."""
    return _settled(word(title, head, sections, author, _evening(day)), day)


# ── XLSX ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def make_xlsx(title: str, columns: Sequence[str], rows: Sequence[Sequence[str | float]], day: date) -> bytes:
    """A sheet with a title line, a header and rows: sign-in sheets, scores, tallies."""
    out = BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    book.set_properties({"title": title, "author": AUTHOR, "created": _evening(day)})
    heading = book.add_format({"bold": True, "font_size": 16, "align": "center", "font_name": "宋体"})
    head = book.add_format({"bold": True, "border": 1, "align": "center", "bg_color": "#EDEDED", "font_name": "宋体"})
    cell = book.add_format({"border": 1, "font_name": "宋体"})
    sheet = book.add_worksheet("签到表" if "签到" in title else "表")
    sheet.merge_range(0, 0, 0, max(1, len(columns) - 1), title, heading)
    sheet.write_row(1, 0, columns, head)
    for number, row in enumerate(rows, 2):
        sheet.write_row(number, 0, row, cell)
    sheet.set_column(0, len(columns) - 1, 16)
    book.close()
    return out.getvalue()


# ── PPTX ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def make_pptx(title: str, subtitle: str, slides: Sequence[tuple[str, Sequence[str]]], day: date) -> bytes:
    deck = Presentation()
    first = deck.slides.add_slide(deck.slide_layouts[0])
    first.shapes.title.text, first.placeholders[1].text = title, subtitle
    for heading, lines in slides:
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text = heading
        slide.placeholders[1].text = "\n".join(lines)
    properties = deck.core_properties
    properties.title, properties.author, properties.last_modified_by = title, AUTHOR, AUTHOR
    properties.created = properties.modified = _evening(day)
    out = BytesIO()
    deck.save(out)
    return _settled(out.getvalue(), day)


def _settled(package: bytes, day: date) -> bytes:
    """The same parts in the same order, all dated that day."""
    out = BytesIO()
    with ZipFile(BytesIO(package)) as source, ZipFile(out, "w", ZIP_DEFLATED) as target:
        for part in source.infolist():
            info = ZipInfo(part.filename, (day.year, day.month, day.day, 17, 0, 0))
            info.compress_type, info.create_system, info.external_attr = ZIP_DEFLATED, 3, 0o600 << 16
            target.writestr(info, source.read(part))
    return out.getvalue()


# ── PDF ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

_TYPST = """
#let doc = json(bytes(sys.inputs.document))
#let day = datetime(year: doc.day.at(0), month: doc.day.at(1), day: doc.day.at(2))
#set document(title: doc.title, author: doc.author, date: day)
#set page(paper: "a4", margin: (top: 37mm, bottom: 35mm, left: 28mm, right: 26mm), numbering: "— 1 —")
#set text(font: ("Noto Serif CJK SC", "Noto Serif SC", "Noto Sans CJK SC"), size: 16pt, lang: "zh", region: "cn")
#set par(first-line-indent: (amount: 2em, all: true), leading: 0.9em, spacing: 0.9em, justify: true)
#if doc.mark != "" {
  align(center, text(fill: rgb("#c8102e"), size: 30pt, weight: "bold", doc.mark))
  align(center, text(size: 14pt, doc.number))
  line(length: 100%, stroke: 1.2pt + rgb("#c8102e"))
}
#v(0.6em)
#align(center, text(font: ("Noto Sans CJK SC", "Noto Sans SC"), size: 22pt, weight: "bold", doc.title))
#v(0.6em)
#if doc.addressee != "" { par(first-line-indent: 0em, doc.addressee + "：") }
#for section in doc.sections {
  if section.at(0) != "" { par(text(font: ("Noto Sans CJK SC", "Noto Sans SC"), section.at(0))) }
  for paragraph in section.at(1) { par(paragraph) }
}
#v(1.2em)
#align(right, [#doc.author \\ #doc.signed])
"""


@cache
def _compiler() -> typst.Compiler:
    fonts = [folder for folder in os.environ.get("JIANZHENG_FONTS", "").split(os.pathsep) if folder]
    return typst.Compiler(font_paths=fonts)


def make_pdf(
    title: str,
    sections: Sequence[tuple[str, Sequence[str]]],
    day: date,
    author: str,
    addressee: str = "",
    mark: str = "",
    number: str = "",
) -> bytes:
    """A report or an official letter. Raises `FontMissing` instead of printing empty boxes."""
    font_file()
    document = {
        "title": title,
        "sections": sections,
        "day": [day.year, day.month, day.day],
        "signed": f"{day.year}年{day.month}月{day.day}日",
        "author": author,
        "addressee": addressee,
        "mark": mark,
        "number": number,
    }
    inputs = {"document": json.dumps(document, ensure_ascii=False)}
    made = _compiler().compile(_TYPST.encode(), format="pdf", sys_inputs=inputs)
    assert isinstance(made, bytes), "one output for the whole document"
    return made


# ── texts ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def make_gb18030(title: str, paragraphs: Sequence[str]) -> bytes:
    """A manuscript from an old word processor: GB18030, lines ended as on Windows."""
    return "\r\n\r\n".join([title, *(f"　　{p}" for p in paragraphs), ""]).encode("gb18030")


def make_markdown(title: str, sections: Sequence[tuple[str, Sequence[str]]]) -> bytes:
    lines = [f"# {title}", ""]
    for heading, paragraphs in sections:
        lines += [f"## {heading}", "", *(f"- {p}" for p in paragraphs), ""]
    return "\n".join(lines).encode()
