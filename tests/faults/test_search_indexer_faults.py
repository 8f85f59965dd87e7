"""The search indexer dies around the commit of the index: the files of what it took in are found all the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.home import settings
from adapters.home.founding import create_archive
from adapters.home.house import House
from domain.ports.search import SearchRequest
from domain.records.filing import IncomingFile
from indexers.pipeline import Pipeline
from tests.fakes import lecture


class Killed(BaseException):
    """In the place of ``kill -9``: nothing of ours handles it."""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = create_archive(
        settings.read({"JIANZHENG_HOME": str(tmp_path / "archive")}), name="青禾区教育局", origin="archive.example/test"
    )
    yield made
    made.close()


@pytest.mark.parametrize("persisted", [False, True])
def test_files_are_found_after_a_death_at_the_commit(
    house: House, monkeypatch: pytest.MonkeyPatch, persisted: bool
) -> None:
    """Just before the commit, and just after it."""
    staged = house.blobs.stage(iter(["等待提取的正文".encode()]))
    house.archive.file(house.operator(), lecture(organisation="top"), [IncomingFile("附件.txt", staged, "text/plain")])
    pipeline = Pipeline(house)
    pipeline.integrate()
    write = house.engine.write

    def dying(*arguments: object) -> None:
        if persisted:
            write(*arguments)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(house.engine, "write", dying)
        with pytest.raises(Killed):
            pipeline.search.run_once()
    assert house.engine.position() == (house.ledger.size() if persisted else 0)
    Pipeline(house).catch_up()
    assert house.searching.search(house.operator(), SearchRequest(query="等待提取")).total == 1
