"""How a report is laid out, as data: sections of lead figures, remarks and tables whose cells name figures.

Plain JSON, so that the same sections make the JSON, the HTML, the PDF and the live page. A text is always given in
both languages; what is a name or a code is the same in both.
"""

from __future__ import annotations

from typing import Any, Literal

from domain.reports.figures import Labels

Json = dict[str, Any]
Tone = Literal["ok", "due", "bad", "plain"]


def words(zh: str, en: str | None = None) -> Labels:
    return {"zh": zh, "en": zh if en is None else en}


def text(zh: str, en: str | None = None) -> Json:
    return {"text": words(zh, en)}


def figure(name: str) -> Json:
    return {"figure": name}


NONE: Json = {"text": {"zh": "—", "en": "—"}}
"""A cell without a figure: it was not held, or not said."""


def lead(label: Labels, name: str) -> Json:
    """A figure that stands at the head of its section."""
    return {"label": label, "figure": name}


def remark(tone: Tone, label: Labels, *names: str) -> Json:
    """A sentence about figures, and how grave it is."""
    return {"tone": tone, "text": label, "figures": list(names)}


def column(zh: str, en: str, *, number: bool = False) -> Json:
    return {"label": words(zh, en), "kind": "number" if number else "text"}


def row(*cells: Json, total: bool = False) -> Json:
    return {"cells": list(cells), "total": total}


def table(title: Labels, columns: list[Json], rows: list[Json]) -> Json:
    return {"title": title, "columns": columns, "rows": rows}


def section(
    key: str,
    title: Labels,
    *,
    leads: list[Json] | None = None,
    remarks: list[Json] | None = None,
    tables: list[Json] | None = None,
) -> Json:
    return {
        "key": key,
        "title": title,
        "leads": leads or [],
        "remarks": remarks or [],
        "tables": [each for each in tables or [] if each["rows"]],
    }


def cell(label: Labels) -> Json:
    return {"text": label}
