"""Where one may go from a page, and the tree of organisations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.http_world import HERE, THERE, TOP, World, make_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = make_world(tmp_path / "archive")
    yield made
    made.house.close()


def test_the_tree_of_organisations_is_shown(world: World) -> None:
    """From the top downwards, by their codes, and one that is added appears below its own."""
    browser = world.signed_in("admin")
    token = re.search(r'name="csrf" value="([^"]+)"', browser.get("/admin/organisations").text)
    assert token
    said = {"csrf": token[1], "code": "branch-9", "name": "第九支部", "parent": HERE, "kind": "支部"}
    assert browser.post("/admin/organisations/add", data=said).status_code == 200
    tree = browser.get("/admin/organisations").text.partition('<ul class="tree">')[2].partition("</section>")[0]
    names = [world.house.directory().organisations[code].name for code in (TOP, HERE, "branch-9", THERE)]
    places = [tree.find(name) for name in names]
    assert -1 not in places and places == sorted(places)


PLACES = ("/", "/file", "/search", "/reports", "/verify", "/admin")


@pytest.mark.parametrize(
    ("who", "places"),
    [("clerk-here", PLACES[:5]), ("reader-here", ("/", *PLACES[2:5])), ("admin", PLACES)],
)
def test_one_is_led_only_where_one_may_go(world: World, who: str, places: tuple[str, ...]) -> None:
    """Filing is for who may file, administration for administrators, everything else for all; in one order."""
    page = world.signed_in(who).get("/search").text
    led = re.search(r"<nav.*?</nav>", page, re.DOTALL)
    assert led
    assert tuple(link for link in re.findall(r'href="([^"?]+)"', led[0]) if link in PLACES) == places
