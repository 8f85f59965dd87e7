"""What somebody meets who comes without an account: a greeting, not a refusal."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.http_world import World, make_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = make_world(tmp_path_factory.mktemp("home") / "archive")
    made.catch_up()
    yield made
    made.house.close()


BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize("accept", [BROWSER, "*/*", "text/*", None])
def test_a_stranger_is_greeted(world: World, accept: str | None) -> None:
    """By the archive's name, with the form to sign in, whatever kind of program looks."""
    client = world.client(follow_redirects=False)
    client.headers.pop("accept")
    answer = client.get("/", headers={"accept": accept} if accept else {})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "示例教育局" in answer.text
    assert '<form class="sheet" method="post" action="/sign-in">' in answer.text
    assert "学校" not in answer.text, "nothing of what is in it"


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_what_needs_no_account_opens(world: World, lang: str) -> None:
    """Each thing that the greeting offers is there for everybody."""
    client = world.client()
    client.cookies.set("lang", lang)
    page = client.get("/").text
    offered = re.findall(r'<li><a href="([^"]+)">', page)
    assert offered == ["/receipt", "/ledger/checkpoint", "/api/docs"]
    assert [client.get(address).status_code for address in offered] == [200, 200, 200]


@pytest.mark.parametrize(
    "accept", ["application/json", "application/problem+json", "application/json, text/plain, */*"]
)
def test_a_program_that_wants_json_is_told_to_sign_in(world: World, accept: str) -> None:
    """With the problem document of every other route."""
    answer = world.client().get("/", headers={"accept": accept})
    assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_the_desk_is_behind_the_same_door(world: World) -> None:
    """Who signs in finds it at the same address; who comes for another page is led there afterwards."""
    assert 'action="/sign-in"' not in world.signed_in("clerk-here").get("/").text
    led = world.client(follow_redirects=False).get("/search?q=x", headers={"accept": BROWSER})
    assert (led.status_code, led.headers["location"]) == (303, "/sign-in?next=%2Fsearch%3Fq%3Dx")


def test_the_greeting_can_be_asked_for_without_its_text(world: World) -> None:
    """What watches a server asks with HEAD."""
    assert world.client().head("/").status_code == 200
