"""The access matrix over HTTP: every role against every endpoint, generated from the policy itself.

For each action of `domain.access` there is a request; whoever the policy allows it gets through, everyone else is
told no, and outsiders learn nothing about what is there.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from domain.access import MAY, ROLES
from tests.http_world import HERE, THERE, World, record

Request = Callable[[TestClient, World, str], Response]
"""Who asks, where, and for which organisation."""


def file_as(client: TestClient, said: dict[str, Any]) -> str:
    answer = client.post("/api/v1/records", json=said)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["code"])


def item(organisation: str) -> dict[str, Any]:
    return record(organisation, family="rectification", form="problem_item", title="食堂台账补齐")


def confidential(organisation: str) -> dict[str, Any]:
    return record(organisation, family="self_analysis", form="party_spirit_analysis", title="党性分析材料")


def act(path: str, **body: Any) -> Request:
    """An act on a fresh item of the organisation."""

    def request(client: TestClient, world: World, organisation: str) -> Response:
        code = file_as(admin_of(world), item(organisation))
        return client.post(f"/api/v1/records/{code}/{path}", json=body)

    return request


@cache
def _clients() -> dict[tuple[int, str], TestClient]:
    return {}


def client_of(world: World, username: str) -> TestClient:
    return _clients().setdefault((id(world), username), world.signed_in(username))


def admin_of(world: World) -> TestClient:
    return client_of(world, "admin")


def read_confidential(client: TestClient, world: World, organisation: str) -> Response:
    code = file_as(admin_of(world), confidential(organisation))
    return client.get(f"/api/v1/records/{code}")


def read(client: TestClient, world: World, organisation: str) -> Response:
    return client.get(f"/api/v1/records/{file_as(admin_of(world), record(organisation))}")


def attach(client: TestClient, world: World, organisation: str) -> Response:
    code = file_as(admin_of(world), record(organisation))
    sent = client.post("/api/v1/uploads", content=b"evidence")
    if not sent.is_success:
        return sent
    digest = sent.json()["sha256"]
    return client.post(f"/api/v1/records/{code}/attach", json={"files": [{"name": "a.txt", "sha256": digest}]})


def correct(client: TestClient, world: World, organisation: str) -> Response:
    code = file_as(admin_of(world), record(organisation))
    said = {"record": record(organisation, title="改正后的题名"), "reason": "写错了"}
    return client.post(f"/api/v1/records/{code}/correct", json=said)


def proposed(client: TestClient, code: str) -> Response:
    return client.post(f"/api/v1/records/{code}/erasure", json={"ground": "privacy", "basis": "教党〔2024〕7号"})


def propose_erasure(client: TestClient, world: World, organisation: str) -> Response:
    return proposed(client, file_as(admin_of(world), record(organisation)))


def approve_erasure(client: TestClient, world: World, organisation: str) -> Response:
    """Of a confidential record, too: who approves need not be able to read it, and is told nothing of it."""
    code = file_as(admin_of(world), confidential(organisation))
    assert proposed(admin_of(world), code).is_success
    answer = client.post(f"/api/v1/records/{code}/erasure/approve")
    assert "党性分析材料" not in answer.text
    return answer


REQUESTS: dict[str, Request] = {
    "record.read": read,
    "record.read_confidential": read_confidential,
    "record.file": lambda c, w, org: c.post("/api/v1/records", json=record(org)),
    "record.attach": attach,
    "record.correct": correct,
    "record.withdraw": act("withdraw", reason="重复"),
    "record.sign_off": act("sign-off", remark="同意"),
    "record.return": act("return", reason="缺签到表"),
    "item.progress": act("progress", note="已购台账本"),
    "item.close": act("close", note="已完成"),
    "report.read": lambda c, w, org: c.get(f"/api/v1/reports/annual?organisation={org}&year=2023"),
    "report.issue": lambda c, w, org: c.post(
        "/api/v1/reports/issue", json={"organisation": org, "year": 2023, "endings": ["json"]}
    ),
    "directory.manage": lambda c, w, org: c.patch(f"/api/v1/organisations/{org}", json={"name": "改了名"}),
    "account.manage": lambda c, w, org: c.post(
        "/api/v1/users/nobody/roles", json={"role": "reader", "organisation": org, "until": "1901-01-01"}
    ),
}
REQUESTS |= {"erasure.propose": propose_erasure, "erasure.approve": approve_erasure}
AT_THE_TOP = {"index.manage", "archive.verify", "directory.read"}
"""Actions on the archive as a whole, or whose answer is filtered; they have tests of their own."""

AT_THE_MACHINE = {"key.manage"}
"""Actions for which there is a command and no request: they need the key folder. `test_keys` tries who may not."""


@pytest.mark.parametrize("action", ["index.manage", "archive.verify"])
@pytest.mark.parametrize("role", ROLES)
def test_what_concerns_the_whole_archive_needs_a_role_at_its_top(world: World, role: str, action: str) -> None:
    """The same role in one school is not enough: the answers speak of every organisation."""

    def ask(client: TestClient) -> Response:
        if action == "index.manage":
            return client.get("/api/v1/index/status")
        return client.post("/api/v1/verify", json={"sample": 0})

    assert ask(client_of(world, f"{role}-here")).json()["code"] == "not_allowed"
    top = f"{role}-top-{action.replace('.', '-')}"
    house = world.house
    house.administration.open_account(house.operator(), top)
    house.administration.grant(house.operator(), top, role, "top")
    answer = ask(world.program(top))
    assert answer.status_code == (200 if action in MAY[role] else 403), answer.text
    if action == "archive.verify" and action in MAY[role]:
        assert answer.json()["ok"], answer.json()["findings"]


def test_every_action_of_the_policy_has_a_request() -> None:
    """A new action cannot be forgotten here."""
    known = set().union(*MAY.values())
    assert known == set(REQUESTS) | AT_THE_TOP | AT_THE_MACHINE


@pytest.mark.parametrize("action", REQUESTS)
@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_do_what_the_policy_says_at_home_only(world: World, role: str, action: str) -> None:
    """At home the policy's table decides; in the other school the same role may do nothing at all."""
    client = client_of(world, f"{role}-here")
    world.catch_up()
    answer = REQUESTS[action](client, world, HERE)
    if action in MAY[role]:
        assert answer.is_success, answer.text
    else:
        assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    elsewhere = REQUESTS[action](client, world, THERE)
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (403, "not_allowed")


@pytest.mark.parametrize("action", REQUESTS)
def test_an_account_without_a_role_may_do_nothing(world: World, action: str) -> None:
    """To be signed in is not to be allowed."""
    answer = REQUESTS[action](client_of(world, "nobody"), world, HERE)
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


@pytest.mark.parametrize("action", REQUESTS)
def test_a_stranger_may_do_nothing(world: World, action: str) -> None:
    """Whoever is not signed in is asked to, whatever the request."""
    stranger = world.client()
    answer = REQUESTS[action](stranger, world, HERE)
    assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")
