"""The sentences of the pages in two languages: JSON catalogues, the same keys in each language.

``zh.json`` has those of all pages; pages of a subject of its own may bring ``<subject>.zh.json`` beside it.

A key that is asked for with a number may have a sibling ending in ``.one`` for languages that tell one from many.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Protocol

from domain.errors import Lang

LANGUAGES: tuple[Lang, ...] = ("zh", "en")


class Named(Protocol):
    """Families, forms, fields, acts and `domain.words.Words` carry their names in both languages."""

    @property
    def zh(self) -> str:
        """Its name in Chinese."""
        ...

    @property
    def en(self) -> str:
        """Its name in English."""
        ...


@cache
def catalogue(lang: Lang) -> Mapping[str, str]:
    """Key → sentence, a `str.format` template. Raises `ValueError` where two catalogues have one key."""
    sentences: dict[str, str] = {}
    for each in sorted(files("api.locales").iterdir(), key=lambda each: each.name):
        if each.name == f"{lang}.json" or each.name.endswith(f".{lang}.json"):
            more: dict[str, str] = json.loads(each.read_text(encoding="utf-8"))
            if twice := sentences.keys() & more.keys():
                raise ValueError(f"{each.name}: {', '.join(sorted(twice))} stands in another catalogue")
            sentences |= more
    return sentences


class Speaker:
    """Says things in one language."""

    def __init__(self, lang: Lang) -> None:
        self.lang = lang
        self._sentences = catalogue(lang)

    def __call__(self, key: str, **values: Any) -> str:
        """The sentence of ``key``. A number given as ``n`` chooses between the plural and the ``.one`` form."""
        if values.get("n") == 1 and f"{key}.one" in self._sentences:
            key = f"{key}.one"
        shown = {name: number(value) if isinstance(value, int | float) else value for name, value in values.items()}
        return self._sentences[key].format(**shown)

    def raw(self, key: str) -> str:
        """The template itself, for a script that fills it in."""
        return self._sentences[key]

    def name(self, thing: Named | None, fallback: str = "") -> str:
        """What a form, a field, a state is called; English names begin with a capital as labels do."""
        if thing is None:
            return fallback
        return thing.zh if self.lang == "zh" else thing.en[:1].upper() + thing.en[1:]

    def has(self, key: str) -> bool:
        return key in self._sentences

    def listed(self, items: list[str]) -> str:
        return ("、" if self.lang == "zh" else ", ").join(items)


def number(value: float) -> str:
    """With thousands marked: 18,402; fractions without needless zeros."""
    return f"{value:,}" if isinstance(value, int) else f"{value:,.10g}"


@cache
def speaker(lang: Lang) -> Speaker:
    """One for each language, kept."""
    return Speaker(lang)
