"""What stores rely on, wherever their tables are: transactions, the number of rows, and statements for many values."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from adapters.disk import tables
from adapters.disk.sqlite_tables import SQLiteTables
from adapters.disk.tables import Store
from adapters.postgres.database import Database
from adapters.postgres.tables import DatabaseTables
from tests.postgres_world import prepare
from tests.queue_world import BACK_ENDS

SCHEMA = ("CREATE TABLE IF NOT EXISTS jobs (name TEXT PRIMARY KEY, last REAL NOT NULL)",)
ADD = "INSERT INTO jobs (name, last) VALUES (?, ?)"


@pytest.fixture(params=BACK_ENDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """With one table, of names and numbers."""
    if request.param == "sqlite":
        with closing(Store(SQLiteTables(tmp_path / "views.sqlite", SCHEMA))) as made:
            yield made
        return
    with closing(Database(prepare(request.getfixturevalue("postgres_database")))) as database:
        yield Store(DatabaseTables(database))


def test_rows_of_many_statements_are_counted_together(store: Store) -> None:
    """Each value has its turn; none at all is no statement."""
    assert store._each(ADD, []) == 0
    assert store._each(ADD, [("a", 1.0), ("b", 2.0), ("c", 2.0)], durable=True) == 3
    assert store._each("UPDATE jobs SET last = 5 WHERE last = ?", [(2.0,), (7.0,), (1.0,)]) == 3
    assert store._run("DELETE FROM jobs WHERE last = ?", 5) == 3


def test_what_raises_is_taken_back(store: Store) -> None:
    """All of the transaction, and the next one works."""
    with pytest.raises(ZeroDivisionError), store._tables.writing() as db:
        db.execute(ADD, ("a", 1.0))
        _ = 1 / 0
    assert store._all("SELECT name FROM jobs") == []
    assert store._run(ADD, "a", 1.0) == 1


def test_more_values_than_a_statement_has_room_for(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are asked for in several; every row comes once."""
    monkeypatch.setattr(tables, "AT_ONCE", 2)
    store._each(ADD, [(name, float(number)) for number, name in enumerate("abcdefg")])
    rows = store._among("SELECT name FROM jobs WHERE last < ? AND name", ["g", "a", "c", "x", "e"], 5)
    assert sorted(name for (name,) in rows) == ["a", "c", "e"]
    assert list(store._among("SELECT name FROM jobs WHERE name", [])) == []


def test_what_is_no_text_for_a_database(store: Store) -> None:
    """Whatever somebody typed is nobody's name, and no error."""
    assert store._all("SELECT name FROM jobs WHERE name = ?", "a\0b") == []
