"""How values are shown to a person: dates, sizes, names behind codes. Nothing here decides anything."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, tzinfo
from typing import Any

from api.web.locale import Speaker, number
from domain.records.families import FILE_ROLES
from domain.records.fields import FLAG, Field
from domain.records.gaps import describe

KINDS = {
    "application/pdf": "PDF",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "DOCX",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "XLSX",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "PPTX",
    "text/plain": "TXT",
    "text/markdown": "MD",
    "application/zip": "ZIP",
}

PICTURES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
"""What every browser draws, and what cannot carry a script."""

OPENED = PICTURES | {"application/pdf", "text/plain"}
"""What the browser may show by itself; everything else is saved."""


def size(count: int) -> str:
    """1,234 B · 56 KB · 3.2 MB."""
    if count < 1000:
        return f"{count} B"
    amount = float(count)
    for unit in ("KB", "MB", "GB", "TB"):
        amount /= 1000
        if amount < 999.5 or unit == "TB":
            return f"{amount:.1f} {unit}" if amount < 10 else f"{amount:.0f} {unit}"
    raise AssertionError("the last unit always fits")


def kind(media_type: str, name: str) -> str:
    """Up to four letters for the sheet that stands for a file."""
    known = KINDS.get(media_type)
    if known:
        return known
    if media_type.startswith("image/"):
        return media_type.removeprefix("image/").partition("+")[0].upper().replace("JPEG", "JPG")[:4]
    return name.rpartition(".")[2].upper()[:4] if "." in name else "—"


def at(t: Speaker, instant: str | datetime, zone: tzinfo) -> str:
    """An instant in the archive's zone, to the minute."""
    when = datetime.fromisoformat(instant) if isinstance(instant, str) else instant
    return f"{day(t, when.astimezone(zone).date())} {when.astimezone(zone):%H:%M}"


def brief(instant: datetime, now: datetime, zone: tzinfo) -> str:
    """An instant in as few signs as say it: the clock for today, else the date, with the year where it is another."""
    when, today = instant.astimezone(zone), now.astimezone(zone)
    if when.date() == today.date():
        return f"{when:%H:%M}"
    return f"{when:%m-%d %H:%M}" if when.year == today.year else f"{when:%Y-%m-%d}"


YEAR_ALONE = 4
"""Characters of all that is left of the time of an erased record."""


def day(t: Speaker, value: str | date) -> str:
    """A date in the reader's language, of ``YYYY-MM-DD…``; a year alone stays as it is."""
    if isinstance(value, str) and len(value) == YEAR_ALONE:
        return value
    when = date.fromisoformat(value[:10]) if isinstance(value, str) else value
    if t.lang == "zh":
        return f"{when.year} 年 {when.month} 月 {when.day} 日"
    return f"{when.day} {when:%b} {when.year}"


def occurred(t: Speaker, value: dict[str, Any]) -> str:
    """From–to as people write it: the date once where both are on one day."""
    start, end = str(value.get("from", "")), str(value.get("to", ""))
    if not start:
        return ""
    shown = day(t, start) + _clock(start)
    if not end or end == start:
        return shown
    if end[:10] == start[:10]:
        return f"{shown} – {_clock(end).strip()}" if _clock(end) else shown
    return f"{shown} – {day(t, end)}{_clock(end)}"


def value(t: Speaker, field: Field, stored: Any) -> str:
    """A stored value as text; tables are shown by the page itself."""
    match field.kind:
        case "choice":
            return t.name(next((c for c in field.choices if c.key == stored), None), str(stored))
        case "person":
            return str(stored.get("name", ""))
        case "people":
            return t.listed([str(p.get("name", "")) for p in stored])
        case "texts":
            return "\n".join(str(item) for item in stored)
        case "flag":
            return t.name(FLAG[bool(stored)])
        case "int" | "number":
            return number(stored)
        case "date":
            return day(t, stored)
        case _:
            return str(stored)


def gap(t: Speaker, missing: Mapping[str, str], content: Mapping[str, Any] | None) -> str:
    """What is missing, as a sentence of its own."""
    said = describe(missing, t.lang, content)
    return said[:1].upper() + said[1:]


def role(t: Speaker, key: str) -> str:
    """What a file's role is called; the key itself for an unknown one."""
    return t.name(next((r for r in FILE_ROLES if r.key == key), None), key)


def _clock(instant: str) -> str:
    return f" {instant[11:16]}" if len(instant) > 10 else ""


def local_date(instant: str, zone: tzinfo) -> str:
    """The day, YYYY-MM-DD, of an ISO 8601 instant in the zone."""
    return datetime.fromisoformat(instant).astimezone(zone).date().isoformat()
