"""Nobody learns what exists where they may not look: not from error texts, nor from counting codes through."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from io import BytesIO

import pytest

from adapters.blobs.s3_inventory import key_of
from adapters.home import parts
from api.http.auth import CSRF_HEADER
from tests.behind import kept_as
from tests.cli_world import BACK_ENDS, servers
from tests.http_world import HERE, THERE, World, make_world, record
from tests.servers.own import s3_client


@pytest.fixture(scope="module", params=BACK_ENDS)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Embedded and on servers."""
    with servers(request.param, request) as named:
        made = make_world(tmp_path_factory.mktemp("archive") / "home", named)
        made.bucket = named.get("JIANZHENG_BLOBS", "")
        yield made
        made.house.close()


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
    mend = overwritten(world, digest)
    try:
        pages = checked(world)
    finally:
        mend()
    assert code in pages["admin"]
    assert code in pages["secretary-there"]
    assert code not in pages["secretary-here"]
    assert "secret-list" not in pages["secretary-here"]
    assert "您无权查看的记录" in pages["secretary-here"]


def test_what_it_found_in_the_index_neither(world: World) -> None:
    """An entry of a record is as private as the record."""
    answer = world.program("clerk-there").post("/api/v1/records", json=record(THERE, title="not for others"))
    code = answer.json()["code"]
    world.catch_up()
    stream = str(world.house.archive.find(code).id)
    with closing(parts.index(world.house.settings).open()) as index:
        [entry] = [each.name for each in index.entries(0, 1) if each.name.startswith(stream)]
        [document] = next(index.named([entry])).documents
    world.house.engine.write([replace(document, text="something else")], (), world.house.ledger.size())
    pages = checked(world)
    world.house.engine.write([document], (), world.house.ledger.size())
    for name, page in pages.items():
        assert (code in page, stream in page) == (name != "secretary-here",) * 2


def checked(world: World) -> dict[str, str]:
    """The page after a check that each of these asked for."""
    pages = {}
    for name in ("admin", "secretary-there", "secretary-here"):
        page = world.signed_in(name)
        assert page.post("/verify/run", data={"csrf": page.headers[CSRF_HEADER]}).status_code == 200
        while 'data-running="yes"' in (answer := page.get("/verify")).text:
            time.sleep(0.1)
        assert answer.status_code == 200
        pages[name] = answer.text
    return pages


def overwritten(world: World, digest: str) -> Callable[[], object]:
    """Put other bytes in a kept file's place; returns what puts the right ones back."""
    bucket = world.house.settings.bucket
    if bucket is None:
        [kept] = world.house.settings.blobs_folder.rglob(digest)
        sound = kept.read_bytes()
        kept.chmod(0o600)
        kept.write_bytes(b"who was absent")
        return lambda: kept.write_bytes(sound)
    client, key = s3_client(world.bucket), key_of(kept_as(world.house.settings, digest))
    made = client.put_object(bucket.bucket, key, BytesIO(b"who was absent"), 14)
    return lambda: client.remove_object(bucket.bucket, key, made.version_id)
