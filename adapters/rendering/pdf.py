"""A report as PDF/A-2b, set by Typst after GB/T 9704 (``templates/annual.typ``).

Typst's wheel holds Latin fonts only. The fonts are Noto CJK from the system, or the operator's own from
``JIANZHENG_FONTS``; where none covers the text, rendering refuses. PDF/A forbids glyphs that are not there, so Typst
itself reports the first character without one: empty boxes are never printed.

The same report, fonts and version of Typst give the same bytes: the date in the file is that of the last event.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal

import typst

from adapters.rendering.page import page
from domain.errors import IntegrityFault, Lang, Unavailable

SERIF = ("Noto Serif CJK SC", "Source Han Serif SC", "Source Han Serif CN", "Noto Serif SC")
SANS = ("Noto Sans CJK SC", "Source Han Sans SC", "Source Han Sans CN", "Noto Sans SC")
KNOWN = (*SERIF, *SANS)
"""Families that cover the text of a report, best first. The operator's own come before them."""

Standard = Literal["a-2b", "a-3b"]
"""PDF/A-3 may hold other files."""

TEMPLATE = Path(__file__).parent / "templates" / "annual.typ"


class FontMissing(Unavailable):
    code = "font_missing"
    zh = "没有能排出报告文字的中文字体（{why}），PDF 没有生成。"
    en = "No font covers the text of the report ({why}); the PDF was not made."
    next_zh = "请安装字体（Debian：apt install fonts-noto-cjk），或把字体所在目录写进 JIANZHENG_FONTS。"
    next_en = "Install one (Debian: apt install fonts-noto-cjk), or name its folder in JIANZHENG_FONTS."


class TypesettingFailed(IntegrityFault):
    """Typst refuses for another reason: what it was given is not a report."""

    code = "typesetting_failed"
    zh = "PDF 排版失败：{why}。"
    en = "The PDF could not be set: {why}."


class PdfRenderer:
    """`domain.ports.reports.ReportRenderer` for PDF."""

    def __init__(self, fonts: Sequence[Path] = (), *, system_fonts: bool = True) -> None:
        """``fonts`` are files or folders; ``system_fonts`` says whether those of the machine may be used too."""
        self._folders = tuple(dict.fromkeys(str(path if path.is_dir() else path.parent) for path in fonts))
        self._system = system_fonts

    def families(self) -> list[str]:
        """Fonts that can set a report, best first; raises `FontMissing` where there is none."""
        own = _installed(self._folders, False) if self._folders else ()
        there = {*own, *(_installed((), True) if self._system else ())}
        families = [*(family for family in own if family not in KNOWN), *(known for known in KNOWN if known in there)]
        if not families:
            raise FontMissing(why="Noto Serif CJK SC, Noto Sans CJK SC")
        return families

    def __call__(self, report: dict[str, Any], lang: Lang) -> bytes:
        shown = json.dumps(asdict(page(report, lang)), ensure_ascii=False, sort_keys=True)
        return self.typeset(TEMPLATE, {"page": shown}, _timestamp(report))

    def typeset(
        self, template: Path, inputs: dict[str, str], timestamp: datetime, *, standard: Standard = "a-2b"
    ) -> bytes:
        """A template of ours with what it prints; raises `FontMissing` and `TypesettingFailed`."""
        fonts = json.dumps(self.families(), ensure_ascii=False)
        try:
            return typst.compile(
                template.read_bytes(),
                sys_inputs={**inputs, "fonts": fonts},
                font_paths=_fonts(self._folders, self._system),
                pdf_standards=standard,
                timestamp=timestamp,
            )
        except typst.TypstError as error:
            if "font" in error.message or "glyph" in error.message:
                raise FontMissing(why=error.message) from error
            raise TypesettingFailed(why=error.message) from error


def _timestamp(report: dict[str, Any]) -> datetime:
    """When the last event was recorded, in whole seconds; the year's first instant for a report of nothing."""
    at = report["generated_from"]["last_recorded_at"]
    instant = datetime(report["year"], 1, 1, tzinfo=UTC) if at is None else datetime.fromisoformat(at)
    return instant.astimezone(UTC).replace(microsecond=0)


@cache
def _fonts(folders: tuple[str, ...], system: bool) -> typst.Fonts:
    """Reading the folders of fonts takes longer than setting a report, so it is done once a process."""
    return typst.Fonts(include_system_fonts=system, include_embedded_fonts=False, font_paths=list(folders))


def _installed(folders: tuple[str, ...], system: bool) -> Iterable[str]:
    return sorted(set(_fonts(folders, system).families()))
