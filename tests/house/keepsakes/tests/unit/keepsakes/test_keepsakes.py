"""A keepsake is kept, found, shown, lost and verified."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from domain.keepsakes.keeping import Keepsakes
from domain.keepsakes.keepsake import AlreadyLost

from domain.errors import NotAllowed
from domain.ports.search import SearchRequest
from operations.verification import verify_archive
from tests.http_world import HERE, THERE, World, make_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = make_world(tmp_path / "home")
    yield made
    made.house.close()


def test_a_keepsake_from_end_to_end(world: World) -> None:
    """Search finds it for those who may read in its school, its page shows it, `verify` has no objection."""
    house = world.house
    keepsakes = Keepsakes(house.events, house.archive.policy, house.clock, house.entropy)
    clerk, stranger = (house.directory().account(name).actor() for name in ("clerk-here", "clerk-there"))
    with pytest.raises(NotAllowed):
        keepsakes.keep(clerk, THERE, "校徽")
    stream = keepsakes.keep(clerk, HERE, "建校五十周年校徽")
    world.catch_up()
    asked = SearchRequest(query="五十周年")
    assert [hit.shown.title for hit in house.searching.search(clerk, asked).hits] == ["建校五十周年校徽"]
    assert house.searching.search(stranger, asked).hits == ()
    mine, theirs = world.signed_in("clerk-here"), world.signed_in("clerk-there")
    assert f'href="/keepsakes/{stream}"' in mine.get("/search?q=五十周年").text
    assert "学校1收存的纪念物" in mine.get(f"/keepsakes/{stream}").text
    assert theirs.get(f"/keepsakes/{stream}").status_code == 403
    keepsakes.lose(clerk, stream, "搬迁时遗失")
    with pytest.raises(AlreadyLost):
        keepsakes.lose(clerk, stream, "又丢了")
    assert "已登记丢失：搬迁时遗失" in mine.get(f"/keepsakes/{stream}").text
    checked = verify_archive(house)
    assert (checked.findings, checked.events) == ([], house.ledger.size())
