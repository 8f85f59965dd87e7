"""A date that somebody typed, and the one error of a word that cannot be what it was given for."""

from __future__ import annotations

from datetime import date

from domain.errors import InputError

SHOWN = 40
"""Characters of a wrong word that its error repeats."""


class BadFilter(InputError):
    code = "bad_filter"
    zh = "{option} 不能是“{value}”；可用的有：{accepted}。"
    en = "{option} cannot be “{value}”; accepted: {accepted}."


def refused(name: str, said: str, accepted: str) -> BadFilter:
    """The error of ``said`` under the name that every door knows it by."""
    return BadFilter(option=name, value=said[:SHOWN], accepted=accepted, field=name)


def day(said: str, name: str) -> str:
    """A date as YYYY-MM-DD. Raises `BadFilter`."""
    try:
        return date.fromisoformat(said.strip()).isoformat()
    except ValueError:
        raise refused(name, said, "2023-04-21") from None
