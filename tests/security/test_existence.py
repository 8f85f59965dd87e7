"""Nobody learns what exists where they may not look: not from error texts, nor from counting codes through."""

from __future__ import annotations

import pytest

from api.http.auth import CSRF_HEADER
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


def test_what_a_check_found_names_only_what_its_reader_may_see(world: World) -> None:
    """Anyone may ask whether all is sound; records of another house that are not are counted, not named."""
    client = world.program("clerk-there")
    digest = client.post("/api/v1/uploads", content=b"who was there").json()["sha256"]
    filed = record(THERE, title="not for others", files=[{"name": "secret-list.txt", "sha256": digest}])
    answer = client.post("/api/v1/records", json=filed)
    assert answer.status_code == 201, answer.text
    code = answer.json()["code"]
    [kept] = world.house.settings.blobs_folder.rglob(digest)
    kept.chmod(0o600)
    sound = kept.read_bytes()
    try:
        kept.write_bytes(b"who was absent")
        pages = {}
        for name in ("admin", "secretary-there", "secretary-here"):
            page = world.signed_in(name)
            assert page.post("/verify/run", data={"csrf": page.headers[CSRF_HEADER]}).status_code == 200
            while 'data-running="yes"' in (text := page.get("/verify").text):
                pass
            pages[name] = text
    finally:
        kept.write_bytes(sound)
    assert code in pages["admin"]
    assert code in pages["secretary-there"]
    assert code not in pages["secretary-here"]
    assert "secret-list" not in pages["secretary-here"]
    assert "您无权查看的记录" in pages["secretary-here"]
