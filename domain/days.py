"""A day as somebody wrote it, in a search, an act or a form; and the one error for what is none."""

from __future__ import annotations

from datetime import date

from domain.errors import InputError


class BadDate(InputError):
    code = "bad_date"
    zh = "日期“{value}”应写成 2023-04-21 的样子。"
    en = "“{value}” is no date such as 2023-04-21."


def day(text: str, field: str) -> str:
    """As ``YYYY-MM-DD``. ``field`` names the place for whoever wrote it. Raises `BadDate`."""
    try:
        return date.fromisoformat(text.strip()).isoformat()
    except ValueError:
        raise BadDate(value=text[:40], field=field) from None
