"""The catalogue of errors: one code each, two languages, and a tree that shows them all."""

from __future__ import annotations

import re
import string

import pytest

from docs.reference_pages.errors import all_errors, categories
from domain import errors
from domain.errors import JianzhengError

CATALOGUE = all_errors()
EXITS = {
    "InputError": {2},
    "NotAllowed": {4},
    "Unavailable": {3},
    "IntegrityFault": {1},
    "ProgramFault": {70},
}
HAN = re.compile(r"[\u4e00-\u9fff]")


def placeholders(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def test_the_tree_shows_every_error_in_its_place() -> None:
    """The tree at the head of `domain/errors.py` names each error once, behind its parent."""
    drawn = re.findall(r"^ *[│├└─ ]*([A-Z]\w+) ", errors.__doc__ or "", re.MULTILINE)
    drawn = [name for name in drawn if isinstance(getattr(errors, name, None), type)]
    assert sorted(drawn) == sorted(error.__name__ for error in CATALOGUE if error.__module__ == errors.__name__)


def test_every_error_is_of_one_category() -> None:
    """Only the categories stand directly below the base: what a caller can do about an error is always known."""
    assert {error.__name__ for error in categories()} == set(EXITS)
    assert all(len(set(error.__mro__) & set(categories())) == 1 for error in CATALOGUE[1:])


def test_codes_are_unique() -> None:
    """Scripts can tell every error from every other by its code."""
    codes = [error.code for error in CATALOGUE]
    assert sorted(set(codes)) == sorted(codes)


@pytest.mark.parametrize("error", CATALOGUE, ids=lambda error: error.__name__)
def test_an_error_speaks_both_languages(error: type[JianzhengError]) -> None:
    """Message and next step exist in Chinese and in English, and the stable code is a plain word."""
    assert re.fullmatch(r"[a-z][a-z0-9_]*", error.code)
    assert HAN.search(error.zh) or placeholders(error.zh)
    assert error.en
    assert not HAN.search(error.en)
    assert bool(error.next_zh) == bool(error.next_en)


@pytest.mark.parametrize("error", CATALOGUE, ids=lambda error: error.__name__)
def test_both_languages_say_the_same_facts(error: type[JianzhengError]) -> None:
    """What is filled into the Chinese sentence is filled into the English one."""

    def facts(template: str) -> set[str]:
        return {re.sub(r"_(zh|en)$", "", name) for name in placeholders(template)}

    assert facts(error.zh) == facts(error.en)
    assert facts(error.next_zh) == facts(error.next_en)


@pytest.mark.parametrize("category", categories(), ids=lambda error: error.__name__)
def test_the_exit_code_is_that_of_the_category(category: type[JianzhengError]) -> None:
    """Scripts that know an exit code know what to do next; the HTTP status is an error's."""
    below = [error for error in CATALOGUE if issubclass(error, category)]
    assert {error.exit_code for error in below} == EXITS[category.__name__]
    assert {error.http_status // 100 for error in below} <= {4, 5}
