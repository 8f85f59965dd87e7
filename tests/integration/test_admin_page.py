"""The page of organisations: the whole tree is there, each below the one it belongs to."""

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
