"""The words of every vocabulary: one table beside what it names, whole in both languages, with no copy in `api/`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal, get_args, get_origin

import pytest

from api.cli.erasing import COMMANDS as ERASURE
from api.cli.finding import COMMANDS as FINDING
from api.cli.people import COMMANDS as PEOPLE
from api.common.shapes.problems import TITLES
from api.web.locale import catalogue
from docs.reference_pages.errors import all_errors
from domain import access, erasing
from domain.ports import search, texts
from domain.records import acts, fields
from domain.records.erasure import GROUNDS
from domain.words import Words
from indexers.loop import status
from indexers.loop.quarantine import ALTERED
from operations import keys
from operations.verify import findings
from tests.unit.test_house import ROOT, python_files, text_of

HAN = re.compile(r"[\u4e00-\u9fff]")

VOCABULARIES: dict[str, tuple[Any, Mapping[Any, Words]]] = {
    "states of a record": (acts.Status, acts.STATUSES),
    "states of a rectification item": (acts.ItemState, acts.ITEM_STATES),
    "what is said of a file's text": (texts.TextState, texts.TEXT_STATES),
    "states of an erasure": (erasing.State, erasing.STATES),
    "roles": (access.Role, access.ROLES),
    "what somebody may do": (access.Action, access.ACTIONS),
    "orders of a search": (search.Sort, search.ORDERS),
    "classes of findings": (findings.Class, findings.CLASSES),
    "subjects of findings": (findings.Subject, findings.SUBJECTS),
    "states of a key": (keys.KeyState, keys.STATES),
    "what a flag says": (Literal[True, False], fields.FLAG),
}
TABLES = [table for _, table in VOCABULARIES.values()] + [findings.STAGES, status.PARTS, status.JOBS]


def members(kind: Any) -> Iterator[Any]:
    """Of a Literal, or of a union of them."""
    for each in get_args(kind):
        yield from members(each) if get_origin(each) is not None else (each,)


@pytest.mark.parametrize("name", VOCABULARIES)
def test_every_member_of_a_vocabulary_has_words(name: str) -> None:
    """The table names each member, in the order of the type, and nothing else."""
    kind, table = VOCABULARIES[name]
    assert list(table) == list(members(kind))


@pytest.mark.parametrize("table", TABLES, ids=lambda table: "-".join(map(str, table))[:40])
def test_words_are_in_both_languages(table: Mapping[Any, Words]) -> None:
    """Chinese in Chinese; English in English, with a small letter at the front: a label raises it itself."""
    assert [words for words in table.values() if not HAN.search(words.zh) or HAN.search(words.en)] == []
    assert [words.en for words in table.values() if not words.en[:1].islower()] == []
    assert all(words.said("zh") == words.zh and words.said("en") == words.en for words in table.values())


def test_every_follower_and_every_job_has_words() -> None:
    """What the page of background work may have to name, wherever the pipeline makes it."""
    made: dict[str, set[str]] = {"Follower": set(), "Job": set()}
    for node in ast.walk(ast.parse(text_of(ROOT / "indexers" / "pipeline.py"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in made:
            assert isinstance(node.args[0], ast.Constant)
            made[node.func.id].add(str(node.args[0].value))
    assert made == {"Follower": status.PARTS.keys() - {"search" + ALTERED}, "Job": set(status.JOBS)}
    assert status.part_name("of another version") == ("of another version", "of another version")


def test_every_status_of_http_that_an_error_has_is_named() -> None:
    """No page of an error is headed by less than what went wrong."""
    assert {error.http_status for error in all_errors()} <= TITLES.keys()


@pytest.mark.parametrize("table", TABLES, ids=lambda table: "-".join(map(str, table))[:40])
def test_no_catalogue_has_a_copy(table: Mapping[Any, Words]) -> None:
    """No family of keys in the catalogues of the pages ends in the members of a vocabulary."""
    ends: dict[str, set[str]] = {}
    for key in catalogue("zh"):
        family, _, end = key.rpartition(".")
        ends.setdefault(family, set()).add(end)
    assert [family for family, there in ends.items() if there.issuperset(map(str, table))] == []


def test_no_page_or_command_has_a_copy() -> None:
    """No table in `api/` gives Chinese words to members of a vocabulary."""
    assert list(copies()) == []


def copies() -> Iterator[str]:
    for path in python_files("api"):
        for node in ast.walk(ast.parse(text_of(path))):
            if isinstance(node, ast.Dict) and len(node.keys) > 1 and HAN.search(ast.unparse(node)):
                named = {str(key.value) for key in node.keys if isinstance(key, ast.Constant)}
                if len(named) == len(node.keys) and any(named <= {*map(str, table)} for table in TABLES):
                    yield f"{path.relative_to(ROOT)}:{node.lineno}"


@pytest.mark.parametrize(
    ("commands", "option", "words"),
    [
        (PEOPLE, "--role", access.ROLES),
        (FINDING, "--sort", search.ORDERS),
        (ERASURE, "--ground", {each.key: Words(each.zh, each.en) for each in GROUNDS}),
    ],
    ids=["roles", "orders", "grounds"],
)
def test_help_says_what_the_table_says(commands: Any, option: str, words: Mapping[str, Words]) -> None:
    """Help is written out, so that it waits for no table to load; its words are those of the table."""
    said = next(arg.zh for command in commands for arg in command.args if option in arg.names)
    assert [key for key, each in words.items() if not re.search(rf"{key}[ （]{each.zh}", said)] == []
