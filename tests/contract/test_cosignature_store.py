"""What every store of cosignatures promises, in a file and on a server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from adapters.postgres.database import Database
from adapters.witness.postgres import PostgresCosignatures
from adapters.witness.store import Asked, CosignatureStore, SQLiteCosignatures, Witnessed
from adapters.work.log import Fault
from domain.ledger.note import Signature
from tests.postgres_world import prepare

NOON = 1_700_049_600.0  # 12:00 UTC
DAY = 86_400.0
Opening = Callable[[], CosignatureStore]


@pytest.fixture(params=["sqlite", "postgres"])
def opening(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opening]:
    """Opens the same store again and again, with the rights of the application."""
    if request.param == "sqlite":
        yield lambda: SQLiteCosignatures(tmp_path / "witnesses.sqlite")
        return
    with closing(Database(prepare(request.getfixturevalue("postgres_database")))) as database:
        yield lambda: PostgresCosignatures(database)


def signature(n: int, time: int = 1) -> Signature:
    return Signature(f"witness.example/{n}", bytes([n]) * 4, bytes([time]) * 72)


def test_nothing_is_there_at_first(opening: Opening) -> None:
    """And nothing of it is an error."""
    store = opening()
    assert (store.asked(), store.signatures(5), store.witnessed(), store.days()) == ({}, [], None, [])


def test_how_a_witness_fares(opening: Opening) -> None:
    """The last word on each counts, and outlives the process."""
    store = opening()
    store.remember(Asked("http://a", 5, NOON, 3, NOON + 1, Fault("witness_refused", "没有签", "refused"), alarm=True))
    store.remember(Asked("http://b"))
    store.remember(Asked("http://b", 2**40, NOON))
    assert opening().asked() == {
        "http://a": Asked("http://a", 5, NOON, 3, NOON + 1, Fault("witness_refused", "没有签", "refused"), True),
        "http://b": Asked("http://b", 2**40, NOON),
    }


def test_cosignatures_of_the_newest_checkpoint_are_kept(opening: Opening) -> None:
    """A later one of the same key takes the place of the earlier; those of smaller trees go."""
    store = opening()
    store.add(5, [signature(1), signature(2)])
    store.add(5, [signature(1, 9), signature(3)])
    assert opening().signatures(5) == [signature(1, 9), signature(2), signature(3)]
    store.add(8, [signature(2)])
    assert (store.signatures(5), store.signatures(8)) == ([], [signature(2)])
    store.add(7, [signature(3)])  # of a witness that was slow
    assert (store.signatures(7), store.signatures(8)) == ([signature(3)], [signature(2)])


def test_the_last_that_met_the_quorum_is_kept_and_one_for_each_day(opening: Opening) -> None:
    """Days are those of UTC."""
    store = opening()
    found = [
        Witnessed(5, NOON, "five\n"), Witnessed(6, NOON + 60, "six\n"), Witnessed(7, NOON + DAY, "七\n"),
        Witnessed(8, NOON + DAY + 1, "eight\n"), Witnessed(8, NOON + DAY + 2, "eight again\n"),
    ]  # fmt: skip
    for each in found:
        store.keep(each)
        assert opening().witnessed() == each
    assert store.days() == [found[1], found[4]]
