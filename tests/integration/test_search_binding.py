"""A prefix of indices on Elasticsearch is one archive's: another one is refused before it reads or writes there; and
nobody needs more rights than those on its indices."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.home.founding import create_archive
from adapters.home.house import open_archive
from adapters.home.settings import Settings
from adapters.search.elastic.address import SearchAddress
from adapters.search.elastic.connection import Connection
from adapters.search.elastic.faults import SearchUnreachable
from adapters.search.elastic.server import server
from adapters.servers.binding import OtherArchive, PlaceInUse
from domain.ports.search import SearchRequest
from domain.search.errors import IndexDamaged
from indexers.pipeline import Pipeline
from operations.verification import verify_archive
from tests.migration_world import make_archive, settings_of
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


def rights() -> dict[str, Any]:
    """What the production guide says that a key needs."""
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "production.md").read_text("utf-8")
    block = page.partition("## 检索 · Elasticsearch")[2].partition("```json\n")[2].partition("```")[0]
    found: dict[str, Any] = json.loads(block)
    return found


def test_the_rights_of_the_guide_suffice(elasticsearch_prefix: str, tmp_path: Path) -> None:
    """For everything that the program does with an index, from making it to checking it; and they are not too many,
    as the superuser's are."""
    prefix = SearchAddress.parse(elasticsearch_prefix).prefix
    role = json.loads(json.dumps(rights()["role_descriptors"]).replace("jianzheng-*", f"{prefix}-*"))
    with elasticsearch_client(elasticsearch_prefix) as raw:
        key = raw.security.create_api_key(name=prefix, expiration="1h", role_descriptors=role)["encoded"]
    login = elasticsearch_prefix.partition("://")[2].partition("@")[0]
    settings = settings_of(
        tmp_path / "home",
        {"JIANZHENG_SEARCH": elasticsearch_prefix.replace(login + "@", ""), "JIANZHENG_SEARCH_PASSWORD": key},
    )
    make_archive(settings)
    with closing(open_archive(settings)) as house:
        pipeline = Pipeline(house)
        pipeline.catch_up()
        assert house.searching.search(house.operator(), SearchRequest()).total > 0
        assert pipeline.rebuild() == house.ledger.size()
        house.engine.clear()
        pipeline.catch_up()
        found = verify_archive(house)
        assert (found.findings, found.not_checked) == ([], [])
        assert house.servers.search is not None
        about = server(house.servers.search)
    assert about.version and about.health in ("green", "yellow")
    assert "key_of_administrator" not in [each.code for each in about.unsafe]
    with closing(Connection(SearchAddress.parse(elasticsearch_prefix))) as powerful:
        assert "key_of_administrator" in [each.code for each in server(powerful).unsafe]
