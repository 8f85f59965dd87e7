"""Each row of the benchmarks runs on real servers, at a size too small to measure."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from benchmarks import run, table
from benchmarks.servers import Servers
from benchmarks.world import World


@pytest.fixture(scope="module")
def world(
    tmp_path_factory: pytest.TempPathFactory, postgres_url: str, s3_url: str, elasticsearch_url: str
) -> Iterator[World]:
    found = Servers({"postgres": postgres_url, "s3": s3_url, "elasticsearch": elasticsearch_url})
    with World(tmp_path_factory.mktemp("bench"), rounds=1, servers=found) as made:
        yield made


@pytest.mark.nightly
@pytest.mark.parametrize("row", run.rows(on_servers=True), ids=lambda row: row.NAME)
def test_row_runs_on_servers(row: run.Row, world: World) -> None:
    """A row compares something with something on servers too, and can be written as lines of the table."""
    said = json.loads(json.dumps(row.run(world, 40).as_json()))
    assert said["row"] == row.ROW
    assert said["comparisons"]
    for comparison in said["comparisons"]:
        for spread in (comparison["ours"], comparison["theirs"], comparison["ratio"]):
            assert 0 < spread["min"] <= spread["median"] <= spread["max"]
    assert len(list(table.lines(said))) == len(said["comparisons"])


@pytest.mark.nightly
def test_filled_archives_are_shared_between_processes(tmp_path_factory: pytest.TempPathFactory, world: World) -> None:
    """An archive that one process filled is opened by the next one, and removed from the servers in the end."""
    shared = tmp_path_factory.mktemp("shared")
    for _ in range(2):
        with World(tmp_path_factory.mktemp("bench"), rounds=1, servers=world.servers, shared=shared) as one:
            house = one.archive(20)
            assert house.ledger.size() > 40
            environment = one.environment(house)
    assert len(list(shared.glob("archive-*.json"))) == 1
    assert world.servers is not None
    world.servers.remove(environment)
