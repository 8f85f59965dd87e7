"""A prefix of indices on Elasticsearch is one archive's: another one is refused before it reads or writes there."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.binding import OtherArchive, PlaceInUse
from adapters.bootstrap import create_archive, open_archive
from adapters.search.elastic.address import SearchAddress
from adapters.search.elastic.faults import SearchUnreachable
from adapters.settings import Settings
from domain.errors import IndexDamaged
from indexers.pipeline import Pipeline
from tests.migration_world import settings_of
from tests.servers.own import elasticsearch_client


def made(home: Path, origin: str, search: str = "") -> Settings:
    """A new archive, embedded but for its index."""
    settings = settings_of(home, {"JIANZHENG_SEARCH": search} if search else None)
    create_archive(settings, name=origin, origin=origin).close()
    return settings


def on(settings: Settings, search: str) -> Settings:
    return replace(settings, search=SearchAddress.parse(search))


def test_two_archives_with_one_prefix(elasticsearch_prefix: str, tmp_path: Path) -> None:
    """The second is not made, and one that was made elsewhere does not open; the first goes on, with its records."""
    first = made(tmp_path / "first", "archive.example/first", elasticsearch_prefix)
    with pytest.raises(PlaceInUse):
        made(tmp_path / "second", "archive.example/second", elasticsearch_prefix)
    assert not (tmp_path / "second").exists()
    third = made(tmp_path / "third", "archive.example/third")
    with pytest.raises(OtherArchive) as refused:
        open_archive(on(third, elasticsearch_prefix))
    assert "archive.example/first" in str(refused.value)
    with closing(open_archive(first)) as house:
        Pipeline(house).catch_up()
        assert house.engine.position() == house.ledger.size() > 0
    with pytest.raises(PlaceInUse):
        made(tmp_path / "again", "archive.example/first", elasticsearch_prefix)


def test_an_index_from_before_is_bound_when_it_is_opened(elasticsearch_prefix: str, tmp_path: Path) -> None:
    """Without a note of whose it is, it is the one's who opens it first; a note that says nothing is told."""
    first, second = (made(tmp_path / name, f"archive.example/{name}") for name in ("first", "second"))
    open_archive(on(first, elasticsearch_prefix)).close()
    open_archive(on(first, elasticsearch_prefix)).close()
    with pytest.raises(OtherArchive):
        open_archive(on(second, elasticsearch_prefix))
    bound = SearchAddress.parse(elasticsearch_prefix).prefix + "-archive"
    with elasticsearch_client(elasticsearch_prefix) as raw:
        raw.index(index=bound, id="archive", document={"origin": "x"})
    with closing(open_archive(on(second, elasticsearch_prefix))) as house, pytest.raises(IndexDamaged):
        house.engine.position()


def test_a_server_that_is_away_keeps_nobody_out(tmp_path: Path) -> None:
    """An archive is made, and opens, without it; a search says why it cannot be."""
    away = made(tmp_path / "first", "archive.example/first", "http://127.0.0.1:9/prefix")
    with closing(open_archive(away)) as house, pytest.raises(SearchUnreachable):
        house.engine.position()
