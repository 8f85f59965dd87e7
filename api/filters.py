"""What may be asked of a search, from the words of a request to the filters of the port: Chinese names become keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from domain import days
from domain.errors import InputError
from domain.records.families import FAMILIES, family

FACETS = (
    "organisation", "family", "form", "plan", "phase", "person", "year", "status", "file_type", "late", "gaps",
)  # fmt: skip

MOST = 1000
"""Hits in one answer; more come with the cursor."""


class BadFilter(InputError):
    code = "bad_filter"
    zh = "{option} 不能是“{value}”；可用的有：{accepted}。"
    en = "{option} cannot be “{value}”; accepted: {accepted}."


def filters(asked: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    """``asked`` maps facets to the words given; empty ones are left out. Raises `BadFilter`."""
    words = {name: tuple(word for word in asked.get(name, ()) if word) for name in FACETS}
    words["family"] = tuple(_family(word) for word in words["family"])
    words["form"] = tuple(_form(word, words["family"]) for word in words["form"])
    for name in ("late", "gaps"):
        words[name] = tuple(_truth(name, word) for word in words[name])
    return {name: values for name, values in words.items() if values}


def day(word: str | None, option: str) -> str | None:
    """A date as YYYY-MM-DD, None where none is given. Raises `BadDate`."""
    return days.day(word, option) if word else None


def _family(word: str) -> str:
    found = family(word)
    if found is None:
        accepted = "、".join(f"{f.zh}({f.key})" for f in FAMILIES)
        raise BadFilter(option="family", value=word[:40], accepted=accepted, field="family")
    return found.key


def _form(word: str, families: tuple[str, ...]) -> str:
    among = [found for found in FAMILIES if not families or found.key in families]
    for found in among:
        if (form := found.form(word)) is not None:
            return form.key
    accepted = "、".join(f"{form.zh}({form.key})" for found in among for form in found.forms)
    raise BadFilter(option="form", value=word[:40], accepted=accepted, field="form")


def _truth(name: str, word: str) -> str:
    said = {"true": "true", "1": "true", "yes": "true", "是": "true"} | {
        "false": "false", "0": "false", "no": "false", "否": "false"
    }  # fmt: skip
    if word.lower() not in said:
        raise BadFilter(option=name, value=word[:40], accepted="true、false", field=name)
    return said[word.lower()]
