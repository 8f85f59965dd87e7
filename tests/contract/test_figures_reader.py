"""What every figures index promises: the events of an organisation's year below a tree size, and issued files."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest

from adapters.figures import FiguresIndex, Home, Row
from domain.ports import Concerned


@pytest.fixture(params=["sqlite"])
def figures(request: pytest.FixtureRequest, tmp_path) -> Iterator[FiguresIndex]:
    made = FiguresIndex(tmp_path / "views.sqlite")
    yield made
    made.close()


def test_an_empty_index_knows_nothing(figures: FiguresIndex) -> None:
    """Size 0, no events, no files."""
    assert figures.size() == 0
    assert figures.concerned(["a"], 2023, 10) == []
    assert figures.issued("00") == []


def test_events_are_given_by_organisation_and_year_below_a_size(figures: FiguresIndex) -> None:
    """In leaf order; others are not among them."""
    rows = [Row("a", 2023, 3, 13), Row("a", 2023, 1, 11), Row("b", 2023, 2, 12), Row("a", 2022, 0, 10)]
    assert figures.write(0, 4, rows, [(UUID(int=1), Home("a", 2023))], [("ff", 2)])
    assert figures.size() == 4
    assert figures.concerned(["a"], 2023, 4) == [Concerned(1, 11), Concerned(3, 13)]
    assert figures.concerned(["a"], 2023, 3) == [Concerned(1, 11)]
    assert figures.concerned(["b", "a"], 2023, 9) == [Concerned(1, 11), Concerned(2, 12), Concerned(3, 13)]
    assert figures.issued("ff") == [2]


def test_a_batch_is_taken_once(figures: FiguresIndex) -> None:
    """Two indexers at once: the slower one's batch changes nothing."""
    assert figures.write(0, 2, [Row("a", 2023, 0, 1)], [], [])
    assert not figures.write(0, 2, [Row("a", 2023, 1, 2)], [], [])
    assert figures.concerned(["a"], 2023, 9) == [Concerned(0, 1)]


def test_it_can_be_cleared_and_filled_again(figures: FiguresIndex) -> None:
    """Nothing in it is needed to make it again."""
    figures.write(0, 2, [Row("a", 2023, 0, 1)], [], [("ff", 1)])
    figures.clear()
    assert (figures.size(), figures.concerned(["a"], 2023, 9), figures.issued("ff")) == (0, [], [])
