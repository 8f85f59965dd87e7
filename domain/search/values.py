"""What is written for a field that is no text, in the keys of the index: families, forms, states, places, years.

Filters and queries read it alike: ``形式:党课``, ``--form 党课`` and ``form=party_lecture`` are one question.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from domain.organisations.directory import Directory
from domain.records.acts import STATUSES
from domain.records.families import FAMILIES
from domain.text.query import typed_tags

_YEAR = re.compile(r"([0-9]{4})\s*年?度?")
TRUTH = {"true": "true", "1": "true", "yes": "true", "是": "true",
         "false": "false", "0": "false", "no": "false", "否": "false"}  # fmt: skip


def families_called(word: str) -> tuple[str, ...]:
    """Keys of the families of that key, Chinese or English name."""
    return tuple(each.key for each in FAMILIES if word in (each.key, each.zh, each.en))


def forms_called(word: str, families: Iterable[str] = ()) -> tuple[str, ...]:
    """Keys of the forms of that key or name, in these families only where some are given."""
    among = set(families)
    forms = (each.form(word) for each in FAMILIES if not among or each.key in among)
    return tuple(dict.fromkeys(form.key for form in forms if form is not None))


def states_called(word: str) -> tuple[str, ...]:
    """Keys of the state of a record of that key, Chinese or English name."""
    return tuple(key for key, words in STATUSES.items() if word in (key, words.zh, words.en))


def organisations_called(word: str, directory: Directory) -> tuple[str, ...]:
    """Codes of those of that code or name."""
    if word in directory.organisations:
        return (word,)
    return tuple(each.code for each in directory.organisations.values() if each.name == word)


def keys(name: str, word: str, directory: Directory) -> tuple[str, ...]:
    """All that ``word`` may mean as a value of the field ``name``; none where it is no value of it."""
    match name:
        case "family":
            return families_called(word)
        case "form":
            return forms_called(word)
        case "status":
            return states_called(word)
        case "organisation":
            return organisations_called(word, directory)
        case "year":
            return (year[1],) if (year := _YEAR.fullmatch(word)) else ()
        case "late" | "gaps":
            return (truth,) if (truth := TRUTH.get(word.lower())) else ()
        case _:
            return (word,)


def typed(query: str, directory: Directory) -> dict[tuple[str, str], tuple[str, ...]]:
    """What each value typed for such a field in a query means, for `domain.text.query.parse`. Raises `InvalidQuery`."""
    tags = {tag: keys(*tag, directory) for tag in typed_tags(query)}
    return {tag: meant for tag, meant in tags.items() if meant}
