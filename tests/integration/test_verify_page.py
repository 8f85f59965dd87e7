"""The page of the check: it runs in the background, takes what somebody kept, and explains what it finds."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from operations.verify.findings import Finding
from operations.verify.meaning import advice, meaning
from tests.behind import write_over
from tests.http_world import HERE, World, make_world, record

PATIENCE = 600


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = make_world(tmp_path_factory.mktemp("archive") / "home")
    yield made
    made.house.close()


@pytest.fixture(scope="module")
def kept(world: World) -> str:
    """A file is filed, and somebody keeps the checkpoint of then."""
    clerk = world.program("clerk-here")
    sha256 = clerk.post("/api/v1/uploads", content="签到".encode()).json()["sha256"]
    answer = clerk.post("/api/v1/records", json=record(HERE, files=[{"name": "签到表.txt", "sha256": sha256}]))
    assert answer.status_code == 201
    world.catch_up()
    return world.client().get("/ledger/checkpoint").text


def page_after(client: TestClient, **said: str) -> str:
    """Start the check, and wait for what it comes to."""
    csrf = client.headers["x-csrf-token"]
    answer = client.post("/verify/run", data={"csrf": csrf, **said}, follow_redirects=False)
    assert answer.status_code == 303
    for _ in range(PATIENCE):
        page = client.get("/verify/progress").text
        if 'data-running="no"' in page:
            return page
        time.sleep(0.1)
    raise AssertionError(page)


def test_nothing_wrong(world: World, kept: str) -> None:
    """With and without what was kept, pasted as browsers send it."""
    client = world.signed_in("admin")
    assert "全部相符" in page_after(client)
    assert "全部相符" in page_after(client, since=kept.replace("\n", "\r\n"))


def test_what_was_kept_is_no_checkpoint(world: World) -> None:
    """The page says so; that is no finding."""
    page = page_after(world.signed_in("admin"), since="anything")
    assert 'role="alert"' in page and "发现的问题" not in page


def test_another_history(world: World, kept: str) -> None:
    """A checkpoint whose root the ledger does not continue, signed with its own key, is the gravest of all findings."""
    lines = kept.split("\n")
    forged = world.house.signer.sign_note("\n".join([*lines[:2], "A" * 43 + "="]) + "\n")
    page = page_after(world.signed_in("admin"), since=forged)
    told = Finding("forked", "checkpoint", "", "")
    assert meaning(told) in page and advice(told) in page


def test_a_file_that_was_changed(world: World, kept: str) -> None:
    """What it means and what to do, beside what it is."""
    [sha256] = world.house.blobs.digests()
    put_back = write_over(world.house.settings, sha256, b"other")
    try:
        page = page_after(world.signed_in("admin"))
    finally:
        put_back()
    told = Finding("altered", "file", "", "")
    assert meaning(told) in page and advice(told) in page and "签到表.txt" in page
