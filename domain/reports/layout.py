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
    """Words in both languages; without ``en`` the same in both."""
    return {"zh": zh, "en": zh if en is None else en}


def text(zh: str, en: str | None = None) -> Json:
    """A cell of words; without ``en`` the same in both languages."""
    return {"text": words(zh, en)}


def figure(name: str) -> Json:
    """A cell that shows the figure of that name."""
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
    """The head of a column. ``number``: its cells hold figures and are set to the right."""
    return {"label": words(zh, en), "kind": "number" if number else "text"}


def row(*cells: Json, total: bool = False) -> Json:
    """As many cells as the table has columns. ``total``: it sums up those above it."""
    return {"cells": list(cells), "total": total}


def table(title: Labels, columns: list[Json], rows: list[Json]) -> Json:
    """A titled table; each row has a cell for each column."""
    return {"title": title, "columns": columns, "rows": rows}


def section(
    key: str,
    title: Labels,
    *,
    leads: list[Json] | None = None,
    remarks: list[Json] | None = None,
    tables: list[Json] | None = None,
) -> Json:
    """``key`` is its name in the JSON. Tables without rows are left out."""
    return {
        "key": key,
        "title": title,
        "leads": leads or [],
        "remarks": remarks or [],
        "tables": [each for each in tables or [] if each["rows"]],
    }


def cell(label: Labels) -> Json:
    """A cell of words that are there in both languages."""
    return {"text": label}
