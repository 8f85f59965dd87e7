"""How long something will take yet, and how that is said."""

from __future__ import annotations

import ast

import pytest

from api.common.remaining import TOO_EARLY, Remaining, in_words
from operations.verify.findings import STAGES
from tests.unit.test_house import python_files, text_of


class Time:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_what_went_tells_what_is_left() -> None:
    """A quarter in 10 seconds leaves 30; a stage begins anew; one that goes back does too."""
    time = Time()
    left = Remaining(time)
    assert left("files", 0, 100) is None
    time.now += 10
    assert left("files", 25, 100) == pytest.approx(30)
    assert left("index", 50, 100) is None
    time.now += 10
    assert left("index", 60, 100) == pytest.approx(40)
    assert left("index", 5, 100) is None


def test_what_cannot_be_told_is_not() -> None:
    """Not at once, not where nothing moved, and not where there is more done than there was to do."""
    time = Time()
    left = Remaining(time)
    left("files", 0, 100)
    time.now += TOO_EARLY / 2
    assert left("files", 50, 100) is None
    time.now += TOO_EARLY
    assert left("files", 0, 100) is None
    assert left("files", 200, 100) is None


@pytest.mark.parametrize(
    ("seconds", "zh", "en"),
    [
        (None, "", ""),
        (3, "还需不到 1 分钟", "less than a minute left"),
        (59.9, "还需不到 1 分钟", "less than a minute left"),
        (60, "约还需 1 分钟", "about 1 minute left"),
        (5000, "约还需 83 分钟", "about 83 minutes left"),
        (7300, "约还需 2 小时", "about 2 hours left"),
    ],
)
def test_in_words(seconds: float | None, zh: str, en: str) -> None:
    """In minutes, and in hours when it takes long."""
    assert (in_words(seconds, "zh"), in_words(seconds, "en")) == (zh, en)


def test_every_stage_that_a_check_tells_has_words() -> None:
    """Pages and commands name what the check is at by one table; nothing in it is never told."""
    told = {
        node.args[0].value
        for path in python_files()
        if "verify" in path.parts
        for node in ast.walk(ast.parse(text_of(path)))
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "progress"
        if node.args and isinstance(node.args[0], ast.Constant)
    }
    assert told == STAGES.keys()
