"""The same account rules at every door: a page, HTTP and the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from api.cli.main import main
from tests.http_world import HERE, PASSWORD, World, make_world

Door = Callable[[str, str], bool]
"""Opens the account with that password; whether it said that it did."""


@pytest.fixture
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = make_world(tmp_path_factory.mktemp("home") / "archive")
    yield made
    made.house.close()


@pytest.fixture(params=["page", "http", "command"])
def door(request: pytest.FixtureRequest, world: World, monkeypatch: pytest.MonkeyPatch) -> Door:
    def page(username: str, password: str) -> bool:
        said = {"username": username, "password": password}
        answer = world.signed_in("admin").post("/admin/accounts/open", data=said, follow_redirects=False)
        return answer.status_code == 303

    def http(username: str, password: str) -> bool:
        said = {"username": username, "password": password, "role": "clerk", "organisation": HERE}
        return world.signed_in("admin").post("/api/v1/users", json=said).status_code == 201

    def command(username: str, password: str) -> bool:
        monkeypatch.setenv("JIANZHENG_HOME", str(world.house.settings.home))
        monkeypatch.setenv("JIANZHENG_PASSWORD", password)
        return main(["user", "add", username, "--role", "clerk", "--org", HERE]) == 0

    return {"page": page, "http": http, "command": command}[request.param]


def test_a_weak_password_leaves_no_account(world: World, door: Door) -> None:
    """Refused; the next try, with a better one, opens the account, and one signs in with it."""
    assert not door("li-na", "123")
    assert "li-na" not in world.house.directory().accounts
    assert not world.house.accounts.has_password("li-na")
    assert door("li-na", "six quiet words in a row")
    world.signed_in("li-na", "six quiet words in a row")


def test_a_name_that_is_taken_keeps_its_password(world: World, door: Door) -> None:
    """Refused, and its owner signs in as before."""
    assert not door("clerk-here", "six quiet words in a row")
    world.signed_in("clerk-here", PASSWORD)
