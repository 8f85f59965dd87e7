"""Somebody else writes to the index on Elasticsearch: the indexer says so, and goes on safely."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from adapters.search.elastic.position import MOST
from indexers.pipeline import Pipeline
from tests.index_world import Indexed, indexed


@pytest.fixture(scope="module")
def archive(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Indexed]:
    with indexed("servers", request, tmp_path_factory.mktemp("altered") / "home") as made:
        yield made


def put(archive: Indexed, name: str, source: object, version: int) -> None:
    assert archive.raw is not None
    archive.raw.index(index=archive.index, id=name, document=source, version=version, version_type="external")


def faults(archive: Indexed) -> list[tuple[str, str]]:
    return [(each["part"], each["code"]) for each in Pipeline(archive.house).status("en")["faults"]]


@pytest.mark.parametrize(("said", "version"), [(0, 10**6), (10_000, 10**9), (-5, 10**12), (3, 10**15)])
def test_the_indexer_goes_on_behind_a_position_of_another_hand(archive: Indexed, said: int, version: int) -> None:
    """Whatever it says, and under whatever version: all leaves are gone through again, new ones are taken in, and the
    trouble is shown until the index is made anew."""
    put(archive, "@position", {"position": said}, version)
    archive.correct(archive.codes[0], f"进度之后 {said}")
    archive.catch_up()
    house = archive.house
    assert house.engine.position() == house.ledger.size()
    assert archive.named() == set()
    assert faults(archive) == [("search-altered", "index_position_altered")]
    Pipeline(house).rebuild()
    assert faults(archive) == []


def test_an_entry_of_another_hand_is_replaced(archive: Indexed) -> None:
    """Also one under a version far above ours: when its record is next taken in, ours goes above it."""
    name = archive.record(4) + ":1"
    put(archive, name, {"title": "别 的"}, 10**15)
    assert archive.named() == {("stale", archive.codes[4], f"{archive.record(4)}/1", f"elasticsearch:{name}")}
    archive.correct(archive.codes[4], "又一版")
    archive.catch_up()
    assert (archive.named(), faults(archive)) == (set(), [])


def test_an_entry_that_nothing_can_replace_is_set_aside(archive: Indexed) -> None:
    """It has the highest version there is: the record waits in quarantine and is shown, the others go on."""
    assert archive.raw is not None
    name = archive.record(2) + ":1"
    put(archive, name, {"title": "别 的"}, MOST + 1)
    archive.correct(archive.codes[2], "又一版")
    archive.correct(archive.codes[6], "另一条的又一版")
    archive.catch_up()
    status = Pipeline(archive.house).status()
    waiting = [each["event"]["id"] for each in (*status["failing"], *status["aside"])]
    assert (waiting, status["search"]["behind"]) == ([archive.record(2)], 0)
    Pipeline(archive.house).rebuild()
    status = Pipeline(archive.house).status()
    assert (status["failing"], status["aside"], archive.named()) == ([], [], set())
