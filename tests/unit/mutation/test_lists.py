"""The file of verdicts: written, read, gone on with, compared."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.mutation.lists import Line, VerdictList, compared, read, table
from tests.mutation.places import Sketch

PLACE = Sketch("low/sums.py", "Sum.of", "constant", 0, "return 0", "0", "1")
KILLED = Line(PLACE, "return [-0-]{+1+}", "killed", "tests/test_sums.py::test_of", 3, 1.5)
SURVIVED = Line(replace(PLACE, path="top/pages.py"), "return [-0-]{+1+}", "survived", "", 40, 9.0)


def test_a_list_is_gone_on_with(tmp_path: Path) -> None:
    """Each verdict is written at once; who begins again with the same choice finds it, another choice is refused."""
    path = tmp_path / "lists" / "a.jsonl"
    VerdictList(path, {"seed": 1}).add(KILLED)
    again = VerdictList(path, {"seed": 1})
    assert again.lines == [KILLED]
    again.add(SURVIVED)
    assert read(path) == ({"seed": 1}, [KILLED, SURVIVED])
    again.add(replace(SURVIVED, word="killed"))  # it was tried anew
    assert [line.word for line in read(path)[1]] == [line.word for line in again.lines] == ["killed", "killed"]
    with pytest.raises(SystemExit, match="was begun with"):
        VerdictList(path, {"seed": 2})


def test_what_a_list_comes_to() -> None:
    """A row a layer, a column a verdict."""
    assert [row.split()[:4] for row in table([KILLED, SURVIVED]).splitlines()[1:]] == [
        ["low", "1", "0", "0"], ["top", "0", "0", "1"], ["all", "1", "0", "1"],
    ]  # fmt: skip


def test_two_lists_are_compared_place_by_place() -> None:
    """A place that has moved is the same one; what died before and lives now is named."""
    moved = replace(PLACE, path="under/sums.py")
    now = [Line(moved, KILLED.diff, "survived", former=PLACE), replace(SURVIVED, word="timed out")]
    said = compared([KILLED, SURVIVED], now)
    assert said.startswith(
        "of 2 places in both lists 1 died before and 1 die now\nlow/sums.py Sum.of: return [-0-]{+1+}"
    )
    assert "killed → survived" in said and "survived → timed out" in said
