"""What every figures index promises: the events of an organisation's year below a tree size, and issued files."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest

from adapters.figures.index import FiguresIndex, FiguresTables, Home, Row
from adapters.figures.postgres import PostgresFiguresIndex
from adapters.postgres.database import Database
from domain.ports.reports import Concerned
from tests.postgres_world import prepare


@pytest.fixture(params=["sqlite", "postgres"])
def figures(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FiguresTables]:
    """In a file, or in a database of a real server with the rights of the application."""
    if request.param == "sqlite":
        with closing(FiguresIndex(tmp_path / "views.sqlite")) as made:
            yield made
        return
    with closing(Database(prepare(request.getfixturevalue("postgres_database")))) as database:
        yield PostgresFiguresIndex(database)


def test_an_empty_index_knows_nothing(figures: FiguresTables) -> None:
    """Size 0, no events, no files."""
    assert figures.size() == 0
    assert figures.concerned(["a"], 2023, 10) == []
    assert figures.concerned([], 2023, 10) == []
    assert figures.issued("00") == []
    assert (figures.years(["a"]), figures.homes([UUID(int=1)]), figures.homes([]), list(figures.rows())) == (
        [],
        {},
        {},
        [],
    )


def test_events_are_given_by_organisation_and_year_below_a_size(figures: FiguresTables) -> None:
    """In leaf order; others are not among them."""
    rows = [Row("a", 2023, 3, 13), Row("a", 2023, 1, 11), Row("b", 2023, 2, 12), Row("a", 2022, 0, 10)]
    assert figures.write(0, 4, rows, [(UUID(int=1), Home("a", 2023))], [("ff", 2)])
    assert figures.size() == 4
    assert figures.concerned(["a"], 2023, 4) == [Concerned(1, 11), Concerned(3, 13)]
    assert figures.concerned(["a"], 2023, 3) == [Concerned(1, 11)]
    assert figures.concerned(["b", "a"], 2023, 9) == [Concerned(1, 11), Concerned(2, 12), Concerned(3, 13)]
    assert figures.issued("ff") == [2]


def test_years_are_those_with_something_to_report(figures: FiguresTables) -> None:
    """Of the organisations asked for, each once, in order."""
    figures.write(
        0, 3, [Row("a", 2023, 1, 1), Row("a", 2021, 0, 0), Row("b", 2023, 2, 2), Row("c", 2020, 3, 3)], [], []
    )
    assert figures.years(["a", "b"]) == [2021, 2023]
    assert figures.years(iter(["c"])) == [2020]


def test_records_are_where_they_were_put(figures: FiguresTables) -> None:
    """Under every year that they ever belonged to, by year; the first organisation of a year stays."""
    one, two = UUID(int=1), UUID(int=2)
    figures.write(0, 1, [], [(one, Home("a", 2024)), (two, Home("b", 2023))], [])
    figures.write(1, 2, [], [(one, Home("a", 2023)), (two, Home("z", 2023))], [])
    found = figures.homes([two, one, UUID(int=3)])
    assert found == {one: [Home("a", 2023), Home("a", 2024)], two: [Home("b", 2023)]}


def test_everything_is_given_in_order(figures: FiguresTables, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the characters' numbers, whatever the language: capitals first, Chinese last; in pages of any size."""
    monkeypatch.setattr("adapters.figures.index.PAGE", 3)
    rows = [
        Row(name, year, leaf, leaf) for leaf, name in enumerate(["乙", "b", "A", "a-1", "a", "B"]) for year in (1, 2)
    ]
    figures.write(0, 6, rows, [], [])
    assert list(figures.rows()) == sorted(rows)


def test_files_that_were_issued_several_times(figures: FiguresTables) -> None:
    """Oldest first, each leaf once."""
    figures.write(0, 9, [], [], [("ff", 8), ("ff", 3), ("ff", 8), ("ee", 4)])
    assert figures.issued("ff") == [3, 8]


def test_a_batch_is_taken_once(figures: FiguresTables) -> None:
    """Two indexers at once: the slower one's batch changes nothing."""
    assert figures.write(0, 2, [Row("a", 2023, 0, 1)], [], [])
    assert not figures.write(0, 2, [Row("a", 2023, 1, 2)], [], [])
    assert figures.concerned(["a"], 2023, 9) == [Concerned(0, 1)]


def test_of_many_writers_one_wins(figures: FiguresTables) -> None:
    """However many come with the same batch at the same moment."""
    with ThreadPoolExecutor(6) as pool:
        won = list(pool.map(lambda n: figures.write(0, 1, [Row("a", 2023, 0, n)], [], []), range(6)))
    assert sorted(won) == [False] * 5 + [True]
    assert figures.concerned(["a"], 2023, 9) == [Concerned(0, won.index(True))]


def test_a_batch_that_fails_leaves_nothing(figures: FiguresTables) -> None:
    """Rows and position are one transaction."""
    with pytest.raises(Exception):  # noqa: B017  (each database says it in its own words; what counts is what is left)
        figures.write(0, 2, [Row("a", 2023, 0, 1)], [], [("ff", 2**70)])
    assert (figures.size(), figures.concerned(["a"], 2023, 9)) == (0, [])
    assert figures.write(0, 2, [Row("a", 2023, 0, 1)], [], [])


def test_it_can_be_cleared_and_filled_again(figures: FiguresTables) -> None:
    """Nothing in it is needed to make it again."""
    figures.write(0, 2, [Row("a", 2023, 0, 1)], [(UUID(int=1), Home("a", 2023))], [("ff", 1)])
    figures.clear()
    assert (figures.size(), figures.concerned(["a"], 2023, 9), figures.issued("ff")) == (0, [], [])
    assert figures.homes([UUID(int=1)]) == {}
    assert figures.write(0, 2, [Row("a", 2023, 0, 7)], [], [])
    assert figures.concerned(["a"], 2023, 9) == [Concerned(0, 7)]
