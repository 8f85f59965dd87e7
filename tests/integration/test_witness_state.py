"""What people see of witnesses: the page of the check, `check`, readiness and the index's status, in every state."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.home.settings import read
from adapters.witness.store import Asked, Witnessed
from adapters.work.log import Fault
from api.cli.check_answers import Answer, Look
from api.cli.check_witnesses import witnesses as asked_by_check
from api.cli.context import Context
from domain.ledger.note import COSIGNATURE_ED25519, VerifierKey
from indexers.loop import witness_status
from indexers.pipeline import Pipeline
from tests.http_world import World, make_world

URL = "https://w.example/one"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """An archive whose policy names one witness, which was never asked."""
    policy = tmp_path / "policy"
    made = make_world(tmp_path / "home", {"JIANZHENG_POLICY": str(policy)})
    key = VerifierKey("w.example/one", COSIGNATURE_ED25519, bytes(range(32))).encode()
    policy.write_text(f"log {made.house.signer.vkey()}\nwitness 局里 {key} {URL}\nquorum 局里\n", "utf-8")
    # A command does not wait for witnesses, nor does this: the address is never asked.
    Pipeline(made.house).catch_up()
    yield made
    made.house.close()


def witnesses(world: World) -> dict[str, Any]:
    return witness_status.witnesses(world.house.trust, world.house.cosignatures, world.house.ledger)


def page(world: World) -> str:
    answer = world.signed_in("admin").get("/verify")
    assert answer.status_code == 200
    return answer.text


def check(world: World) -> Answer:
    settings = world.house.settings
    context = Context(settings, {}, json=True)
    context.own(world.house)
    return asked_by_check(Look(context, settings, world.house.servers, there=True))


def ready(world: World) -> tuple[int, str]:
    answer = world.client().get("/readyz")
    return answer.status_code, answer.json()["parts"]["witnesses"]


def test_nobody_cosigned_yet(world: World) -> None:
    """Since when is told; the archive works; a witness that is away for long is worth a warning, a moment is not."""
    found = witnesses(world)
    began = world.house.ledger.batch_time(0)
    assert began is not None
    assert (found["state"], found["since"]) == ("unwitnessed", began.isoformat(timespec="seconds"))
    assert f"{began + timedelta(hours=8):%Y-%m-%d %H:%M}" in page(world) and "还没有见证过" in page(world)
    assert ready(world) == (200, "unwitnessed")
    assert (check(world).state, check(world).unsafe) == ("warning", [])  # the world's clock is years behind


def test_enough_cosigned(world: World) -> None:
    """The last one that met the quorum covers all that is published; when something new comes, it does no more."""
    house, size = world.house, world.house.ledger.size()
    house.cosignatures.keep(Witnessed(size, 1_700_000_000.0, "note\n"))
    house.cosignatures.remember(Asked(URL, size, 1_700_000_000.0))
    assert witnesses(world)["state"] == "witnessed"
    assert "已有足够的见证" in page(world) and f"见证到第 {size} 条" in page(world)
    assert ready(world) == (200, "witnessed") and check(world).state == "ok"
    world.clock.forward(hours=1)
    house.administration.open_account(house.operator(), "somebody")
    Pipeline(house).catch_up()
    found = witnesses(world)
    assert (found["state"], found["tree_size"]) == ("unwitnessed", size)
    assert found["since"] == world.clock().isoformat(timespec="seconds")


def test_an_alarm_is_seen_everywhere(world: World) -> None:
    """Also where enough cosigned."""
    house = world.house
    house.cosignatures.keep(Witnessed(house.ledger.size(), 1_700_000_000.0, "note\n"))
    fault = Fault("witness_saw_another", "警报：接不上。", "ALARM: not continued.")
    house.cosignatures.remember(Asked(URL, 99, 1_700_000_000.0, 1, 0.0, fault, alarm=True))
    assert "警报" in page(world) and 'class="notice bad" role="alert"' in page(world)
    assert ready(world) == (200, "alarm")
    assert (check(world).state, [each.code for each in check(world).unsafe]) == ("warning", ["witness_alarm"])
    status = world.signed_in("admin").get("/api/v1/index/status").json()["witnesses"]
    assert (status["state"], status["witnesses"][0]["fault"]["code"]) == ("alarm", "witness_saw_another")


def test_a_policy_that_cannot_be_read(world: World) -> None:
    """Every page still works, and says what is wrong."""
    policy = world.house.settings.policy
    assert policy is not None
    policy.write_text("quorum nobody\n", "utf-8")
    assert (witnesses(world)["state"], ready(world)) == ("unknown", (200, "unknown"))
    assert "信任策略不对" in page(world) and check(world).state == "warning"
    assert world.client().get("/ledger/policy").json()["code"] == "policy_unusable"
    assert world.client().get("/ledger/checkpoint").status_code == 200


def test_without_a_policy_nothing_is_said(tmp_path: Path) -> None:
    """Who asks for no witness is not told of any."""
    world = make_world(tmp_path / "home")
    Pipeline(world.house).catch_up()
    assert 'id="witnesses"' not in page(world)
    assert (witnesses(world)["state"], check(world).state) == ("off", "ok")
    assert not (world.house.settings.home / "witnesses.sqlite").exists()
    assert read({}).policy is None
    world.house.close()
