"""The suites of the command line run on both back ends, and no command is missing from them."""

from __future__ import annotations

import ast
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from api.cli.command import Command
from api.cli.commands import COMMANDS

TESTS = Path(__file__).resolve().parents[2]
SUITES = [TESTS / "cli_world.py", *TESTS.glob("integration/test_*.py"), *TESTS.glob("faults/test_*.py")]


def words(path: Path) -> set[tuple[str, ...]]:
    """Each literal word of a call or of a list, and each with the one behind it."""
    found: set[tuple[str, ...]] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        said = node.args if isinstance(node, ast.Call) else node.elts if isinstance(node, ast.Tuple | ast.List) else []
        literal = [str(each.value) if isinstance(each, ast.Constant) else "" for each in said]
        found |= {(word,) for word in literal} | set(pairwise(literal))
    return found


@cache
def tried() -> set[tuple[str, ...]]:
    both = [path for path in SUITES if "BACK_ENDS" in (text := path.read_text("utf-8")) and "Shell" in text]
    return set().union(*map(words, both))


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: "-".join(command.path))
def test_every_command_is_tried_by_a_suite_of_both_back_ends(command: Command) -> None:
    """A command that nobody runs on servers may do there what it likes."""
    assert command.path in tried()
