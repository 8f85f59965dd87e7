"""Nobody learns what exists where they may not look: not from error texts, nor from counting codes through."""

from __future__ import annotations

import pytest

from tests.http_world import HERE, THERE, World, record


@pytest.mark.parametrize("path", ["", "/files/a.txt", "?version=2", "?as_of=1"])
def test_a_record_of_another_house_is_answered_like_one_that_is_not(world: World, path: str) -> None:
    """Word for word, for every way of asking."""
    there = world.program("clerk-there").post("/api/v1/records", json=record(THERE))
    assert there.status_code == 201
    client = world.program("clerk-here")
    answers = {client.get(f"/api/v1/records/{THERE}-2023-{n}{path}").content for n in ("0001", "0777")}
    assert len(answers) == 1
    assert b"not_allowed" in answers.pop()


@pytest.mark.parametrize("act", ["sign-off", "return", "withdraw", "progress", "close"])
def test_acts_tell_as_little(world: World, act: str) -> None:
    """What may not be read cannot be told apart by trying to change it."""
    world.program("clerk-there").post("/api/v1/records", json=record(THERE))
    client = world.program("secretary-here")
    body = {"reason": "x", "note": "x"}
    answers = {client.post(f"/api/v1/records/{THERE}-2023-{n}/{act}", json=body).content for n in ("0001", "0777")}
    assert len(answers) == 1


def test_people_of_another_house_are_not_linked_or_listed(world: World) -> None:
    """The live check of a form does not say who is on whose roll to those who may not file there."""
    said = record(THERE, chair="张敏")
    answer = world.program("clerk-here").post("/api/v1/records/check", json=said)
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    assert world.program("clerk-here").post("/api/v1/records/check", json=record(HERE)).status_code == 200
