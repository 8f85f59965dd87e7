"""A report as a page in one language: the report's JSON with every cell turned into the words that are shown.

HTML and PDF are both made of this, so they say the same. Nothing here depends on the machine: numbers and dates are
spelt by our own rules, not by a locale's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.errors import Lang
from domain.reports.annual import CHINA
from domain.reports.figures import UNITS

Json = dict[str, Any]

WORDS: dict[str, tuple[str, str]] = {
    "title": ("{year} 年度报告", "Annual report {year}"),
    "as_of": ("截至 {day}，账本第 {size} 条", "As of {day}, {size} entries of the ledger"),
    "last": ("其中最后一条记录于 {time}（北京时间）", "The last of them was recorded at {time} (UTC+8)"),
    "root": ("账本根", "Root of the ledger"),
    "fold": ("算法版本", "Version of the fold"),
    "folded": ("依据事件", "Events counted"),
    "nothing": ("全年没有可报告的内容。", "Nothing to report."),
    "sources": ("数字来源", "Where the figures come from"),
    "sources_note": (
        "每个数字后面是它所依据的事件在账本中的序号。任何人都可以据此逐条核对。",
        "Behind each figure stand the leaf indices of the events it rests on; anyone can check them one by one.",
    ),
    "figure": ("数字", "Figure"),
    "value": ("值", "Value"),
    "events": ("事件（账本序号）", "Events (leaf indices)"),
    "more": ("……另有 {n} 条，全部列在 JSON 版中", "… and {n} more, all of them in the JSON file"),
    "verify": (
        "本报告由档案库中的事件按固定算法生成，同一检查点得出的内容逐字节相同；可用 jianzheng report verify 核对。",
        "This report is computed from the archive's events; the same checkpoint gives the same bytes. Check it with"
        " jianzheng report verify.",
    ),
}

MAX_RUNS = 40
"""Runs of leaf indices shown behind one figure; the JSON has them all."""


@dataclass(frozen=True)
class Shown:
    """A cell: its words, and the figure they come from."""

    text: str
    figure: str | None = None
    number: bool = False


@dataclass(frozen=True)
class Page:
    lang: Lang
    title: str
    organisation: str
    facts: tuple[tuple[str, str], ...]
    as_of: str
    sections: tuple[Json, ...]
    sources: tuple[tuple[str, str, str], ...]  # figure, value, events
    words: dict[str, str]


def page(report: Json, lang: Lang) -> Page:
    """``report`` is `domain.reports.annual.Report.as_json`."""
    figures: dict[str, Json] = report["figures"]
    at = report["generated_from"]["last_recorded_at"]
    facts = [(word("folded", lang), grouped(report["generated_from"]["events"]))]
    facts.append((word("root", lang), report["as_of"]["root"]))
    facts.append((word("fold", lang), str(report["fold_version"])))
    as_of = word("as_of", lang).format(day=_day(report["day"], lang), size=grouped(report["as_of"]["tree_size"]))
    if at is not None:
        stop = "；" if lang == "zh" else ". "
        as_of += stop + word("last", lang).format(time=_minute(at))
    sections = tuple(_section(section, figures, lang) for section in report["sections"])
    return Page(
        lang=lang,
        title=word("title", lang).format(year=report["year"]),
        organisation=report["organisation_name"],
        facts=tuple(facts),
        as_of=as_of + ("。" if lang == "zh" else "."),
        sections=tuple(section for section in sections if section["leads"] or section["tables"]),
        sources=tuple(
            (name, value(figure, lang), runs(figure["events"], lang))
            for name, figure in sorted(figures.items())
            if figure["events"]
        ),
        words={key: word(key, lang) for key in WORDS},
    )


def word(key: str, lang: Lang) -> str:
    """What the page says there. Raises `KeyError` for a key that is not in `WORDS`."""
    return WORDS[key][lang == "en"]


def value(figure: Json, lang: Lang, *, unit: bool = True) -> str:
    """A figure as it is read: ``1,234 条``, ``91.7 %``, ``2.4 MB``."""
    number, kind = figure["value"], figure["unit"]
    if kind == "ratio":
        return f"{number * 100:.1f} %"
    if kind == "bytes":
        return size(number)
    said = UNITS[kind].said(lang) if unit and kind in UNITS else ""
    return f"{grouped(number)} {said}".strip()


def grouped(number: int | float) -> str:
    """With a comma at every third digit: ``12,345.6``."""
    return f"{number:,}"


def size(number: int | float) -> str:
    """Bytes in the decimal units of the SI."""
    if number < 1_000:
        return f"{number} B"
    for unit in ("kB", "MB", "GB"):
        number /= 1_000
        if number < 999.95:
            return f"{number:.1f} {unit}"
    return f"{number / 1_000:.1f} TB"


def runs(leaves: Iterable[int], lang: Lang) -> str:
    """Ascending leaf indices with neighbours drawn together: ``3–7, 12``."""
    spans: list[list[int]] = []
    for leaf in leaves:
        if spans and leaf == spans[-1][1] + 1:
            spans[-1][1] = leaf
        else:
            spans.append([leaf, leaf])
    shown = ", ".join(str(a) if a == b else f"{a}–{b}" for a, b in spans[:MAX_RUNS])
    rest = sum(b - a + 1 for a, b in spans[MAX_RUNS:])
    return shown + (word("more", lang).format(n=rest) if rest else "")


def _section(section: Json, figures: dict[str, Json], lang: Lang) -> Json:
    return {
        "key": section["key"],
        "title": section["title"][lang],
        "leads": [
            {"label": lead["label"][lang], "figure": lead["figure"], "text": value(figures[lead["figure"]], lang)}
            for lead in section["leads"]
        ],
        "remarks": [{"tone": remark["tone"], "text": remark["text"][lang]} for remark in section["remarks"]],
        "tables": [_table(table, figures, lang) for table in section["tables"]],
    }


def _table(table: Json, figures: dict[str, Json], lang: Lang) -> Json:
    columns = [{"label": column["label"][lang], "number": column["kind"] == "number"} for column in table["columns"]]
    return {
        "title": table["title"][lang],
        "columns": columns,
        "wide": len(columns) > 8,
        "rows": [
            {
                "total": row["total"],
                "cells": [
                    vars(_cell(cell, figures, lang, column["number"]))
                    for cell, column in zip(row["cells"], columns, strict=True)
                ],
            }
            for row in table["rows"]
        ],
    }


def _cell(cell: Json, figures: dict[str, Json], lang: Lang, number: bool) -> Shown:
    if "figure" in cell:
        return Shown(value(figures[cell["figure"]], lang, unit=False), cell["figure"], number)
    return Shown(cell["text"][lang], None, number)


def _day(iso: str, lang: Lang) -> str:
    if lang == "en":
        return iso
    year, month, day = iso.split("-")
    return f"{int(year)} 年 {int(month)} 月 {int(day)} 日"


def _minute(iso: str) -> str:
    return datetime.fromisoformat(iso).astimezone(CHINA).strftime("%Y-%m-%d %H:%M")
