"""Uploads over HTTP: sending bytes, under a digest or not, and naming them in records."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import json
import tracemalloc
import zipfile
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.http.auth import CSRF_HEADER
from api.http.errors import UploadMissing
from api.http.receiving import FIRST_BYTES
from api.http.uploads import FileNamed, Uploads
from tests.behind import remove
from tests.cli_world import BACK_ENDS
from tests.http_world import PDF, World, file_with, record, send, sha, world_on

Receive = Callable[[], Awaitable[dict[str, Any]]]


@pytest.fixture(scope="module", params=BACK_ENDS)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world_on(request.param, request, tmp_path_factory.mktemp("archive") / "home") as made:
        yield made


def staged(world: World) -> list[str]:
    return sorted(path.name for path in world.house.settings.staging_folder.iterdir())


# ── sending ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_digest_that_is_sent_along_is_verified(world: World) -> None:
    """In each of the three headers; a mismatch says what arrived and leaves nothing."""
    client = world.signed_in("clerk-here")
    coded = base64.b64encode(hashlib.sha256(PDF).digest()).decode()
    for headers in (
        {"x-checksum-sha256": sha(PDF).upper()},
        {"content-digest": f"sha-256=:{coded}:"},
        {"digest": f"md5=abc, SHA-256={coded}"},
    ):
        assert send(client, PDF, **headers)["media_type"] == "application/pdf"
        before = staged(world)
        answer = client.post("/api/v1/uploads", content=b"other bytes", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (422, "checksum_mismatch")
        assert sha(b"other bytes") in answer.json()["detail"]
        assert staged(world) == before


@pytest.mark.parametrize("value", ["sha-256=:!!:", "sha-256=:YWJj:", "sha-256=é"])
def test_a_digest_that_cannot_be_read_is_refused(world: World, value: str) -> None:
    """Rather than ignored: the sender meant it."""
    answer = world.signed_in("clerk-here").post(
        "/api/v1/uploads", content=b"x", headers={"content-digest": value.encode()}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "digest_invalid")


def upload_raw(world: World, client: TestClient, receive: Receive, declared: int | None = None) -> list[dict[str, Any]]:
    """An upload whose body arrives as ``receive`` says, below any client library; the messages that were answered."""
    cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    said = {"host": "localhost", "cookie": cookies, CSRF_HEADER: client.headers[CSRF_HEADER]}
    if declared is not None:
        said["content-length"] = str(declared)
    path = "/api/v1/uploads"
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": path, "raw_path": path.encode(), "root_path": "", "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in said.items()],
        "client": ("127.0.0.1", 5000), "server": ("localhost", 80),
    }  # fmt: skip
    sent: list[dict[str, Any]] = []

    async def reply(message: Any) -> None:
        sent.append(message)

    asyncio.run(world.app(scope, receive, reply))
    return sent


def arriving(pieces: Iterable[bytes], last: dict[str, Any]) -> Receive:
    left = iter(pieces)

    async def receive() -> dict[str, Any]:
        piece = next(left, None)
        return last if piece is None else {"type": "http.request", "body": piece, "more_body": True}

    return receive


END = {"type": "http.request", "body": b"", "more_body": False}
GONE = {"type": "http.disconnect"}


@pytest.mark.parametrize("last", [END, GONE], ids=["short", "gone"])
def test_a_truncated_upload_leaves_nothing(world: World, last: dict[str, Any]) -> None:
    """Fewer bytes come than were declared, or the connection ends in the middle: no file, no claim."""
    client = world.signed_in("clerk-here")
    before = staged(world)
    sent = upload_raw(world, client, arriving([b"half of it"], last), 1000)
    assert sent[0]["status"] == 400
    assert b"upload_interrupted" in sent[1]["body"]
    assert staged(world) == before
    assert world.house.accounts.upload("clerk-here", sha(b"half of it"), world.clock()) is None


def test_an_upload_of_any_size_takes_little_memory(world: World) -> None:
    """200 MB go through the application with a few megabytes of Python memory."""
    client = world.signed_in("clerk-here")
    piece, count = b"\x00\xff" * (1 << 17), 800
    tracemalloc.start()
    try:
        sent = upload_raw(world, client, arriving((piece for _ in range(count)), END))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sent[0]["status"] == 201
    assert peak < 16 << 20
    answer = json.loads(sent[1]["body"])
    assert answer["size"] == len(piece) * count
    found = world.house.blobs.find_staged(answer["sha256"])
    assert found is not None
    found.discard()


def test_the_kind_of_a_large_file_is_known_from_its_end(world: World) -> None:
    """What a package is stands behind its contents: the beginning that came first is not all there is to look at."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as package:
        package.writestr("media.bin", bytes(3 * FIRST_BYTES))
        package.writestr("[Content_Types].xml", "<Types/>")
        package.writestr("word/document.xml", "<document/>")
    answer = send(world.signed_in("clerk-here"), packed.getvalue())
    assert answer["media_type"].endswith("wordprocessingml.document")
    assert answer["sha256"] == sha(packed.getvalue())


@pytest.mark.parametrize("size", [10, 3 * FIRST_BYTES])
def test_nobody_uploads_from_another_site_or_without_signing_in(world: World, size: int) -> None:
    """A cookie alone is no proof, whether the file fits into the first bytes or not; nothing is left in staging."""
    client, before = world.signed_in("clerk-here"), staged(world)
    del client.headers[CSRF_HEADER]
    answer = client.post("/api/v1/uploads", content=bytes(size))
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf_failed")
    client.cookies.clear()
    answer = client.post("/api/v1/uploads", content=bytes(size))
    assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")
    assert staged(world) == before


def test_a_body_that_is_no_upload_is_bounded(world: World) -> None:
    """Declared too large, or growing too large: 413 either way."""
    client = world.signed_in("clerk-here")
    huge = b'{"title":"' + b"x" * (9 << 20) + b'"}'
    for content in (huge, iter([huge])):
        answer = client.post("/api/v1/records", content=content, headers={"content-type": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


# ── naming ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_nobody_claims_what_another_uploaded(world: World) -> None:
    """Knowing a digest is not having the file: neither while it waits in staging nor when it is kept."""
    data = "只有录入员手里有的文件".encode()
    send(world.signed_in("clerk-here"), data)
    other = world.signed_in("clerk-there")
    said = record("school-02", files=[{"name": "a.txt", "sha256": sha(data)}])
    assert other.post("/api/v1/records", json=said).json()["code"] == "upload_missing"
    code = file_with(world.signed_in("clerk-here"), ("a.txt", data))
    assert other.post("/api/v1/records", json=said).json()["code"] == "upload_missing"
    said["files"][0]["record"] = code
    assert other.post("/api/v1/records", json=said).json()["code"] == "not_allowed"


def test_a_file_of_a_record_that_one_may_read_is_named_with_it(world: World) -> None:
    """No need to send it again; the record must really hold it."""
    client = world.signed_in("clerk-here")
    data = "已经在库里的附件".encode()
    code = file_with(client, ("a.txt", data))
    named = {"name": "b.txt", "sha256": sha(data), "record": code}
    again = world.signed_in("secretary-here").post("/api/v1/records", json=record(files=[named]))
    assert again.status_code == 201, again.text
    assert again.json()["files"][0]["media_type"] == "text/plain"
    named["sha256"] = sha(b"something else")
    assert client.post("/api/v1/records", json=record(files=[named])).json()["code"] == "upload_missing"


def test_an_upload_is_forgotten_after_a_day(world: World) -> None:
    """As staging forgets the bytes."""
    client = world.program("clerk-here")
    send(client, b"too late")
    world.clock.forward(hours=25)
    said = record(files=[{"name": "a.txt", "sha256": sha(b"too late")}])
    assert client.post("/api/v1/records", json=said).json()["code"] == "upload_missing"
    world.clock.forward(hours=-25)


@pytest.mark.parametrize("kept", [False, True])
def test_an_upload_that_goes_at_the_last_moment_is_asked_for_again(world: World, kept: bool) -> None:
    """It expires, or was kept by a filing that died and goes with its clean-up: no record is to name what is gone."""
    data = f"等不到记录的文件 {kept}".encode()
    send(world.signed_in("clerk-here"), data)
    staged = world.house.blobs.find_staged(sha(data))
    assert staged is not None
    if kept:
        staged.commit()
    actor = world.house.directory().account("clerk-here").actor()
    house = world.house
    uploads = Uploads(house.archive, house.blobs, house.accounts, house.clock, house.archive.policy)
    [claimed] = uploads.named(actor, [FileNamed(name="a.txt", sha256=sha(data))])
    if kept:
        remove(world.house.settings, sha(data))
    else:
        staged.discard()
    with pytest.raises(UploadMissing):
        claimed.staged.commit()


def test_a_retry_files_nothing_twice(world: World) -> None:
    """The same Idempotency-Key again answers the same record; of other contents it is refused; of others' it is new."""
    client = world.signed_in("clerk-here")
    send(client, b"retried")
    said = record(files=[{"name": "a.txt", "sha256": sha(b"retried")}], title="重试的记录")
    first, second = (client.post("/api/v1/records", json=said, headers={"idempotency-key": "k-1"}) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["record"] == second.json()["record"]
    assert (first.json()["changed"], second.json()["changed"]) == (True, False)
    other = client.post("/api/v1/records", json=record(title="别的"), headers={"idempotency-key": "k-1"})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")
    theirs = world.signed_in("secretary-here").post(
        "/api/v1/records", json=record(title="别的"), headers={"idempotency-key": "k-1"}
    )
    assert theirs.status_code == 201


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b.txt", "a\\b.txt", "..", "", "a\nb", "x" * 256, "a\u0000b"])
def test_a_name_that_is_no_file_name_is_refused(world: World, name: str) -> None:
    """Before anything is stored."""
    client = world.signed_in("clerk-here")
    send(client, b"named badly")
    said = record(files=[{"name": name, "sha256": sha(b"named badly")}])
    assert client.post("/api/v1/records", json=said).status_code == 422
