"""The catalogue of errors: one code each, two languages, and a tree that shows them all."""

from __future__ import annotations

import re
import string

import pytest

from docs.generate import below
from domain import errors
from domain.errors import JianzhengError

CATALOGUE = [JianzhengError, *below(JianzhengError)]
HAN = re.compile(r"[\u4e00-\u9fff]")


def placeholders(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def test_the_tree_shows_every_error_in_its_place() -> None:
    """The tree at the head of `domain/errors.py` names each error once, behind its parent."""
    drawn = re.findall(r"^ *[│├└─ ]*([A-Z]\w+) ", errors.__doc__ or "", re.MULTILINE)
    drawn = [name for name in drawn if isinstance(getattr(errors, name, None), type)]
    assert sorted(drawn) == sorted(error.__name__ for error in CATALOGUE)


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


@pytest.mark.parametrize("error", CATALOGUE, ids=lambda error: error.__name__)
def test_the_exit_code_is_one_of_the_contract(error: type[JianzhengError]) -> None:
    """Exit codes are those that scripts know; the HTTP status is an error's."""
    assert error.exit_code in {1, 2, 3, 4}
    assert 400 <= error.http_status < 600
