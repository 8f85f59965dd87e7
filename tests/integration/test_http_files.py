"""Files over HTTP: uploads, naming them in records, and reading them back in whole and in part."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import json
import tracemalloc
import zipfile
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from typing import IO, Any
from urllib.parse import quote, unquote

import pytest
from fastapi.testclient import TestClient

from api.http.auth import CSRF_HEADER
from api.http.errors import UploadMissing
from api.http.receiving import FIRST_BYTES
from api.http.uploads import FileNamed, Uploads
from tests.behind import remove, write_over
from tests.cli_world import BACK_ENDS
from tests.http_world import World, record, world_on

PDF = b"%PDF-1.4\n" + bytes(range(256)) * 4000

Receive = Callable[[], Awaitable[dict[str, Any]]]


@pytest.fixture(scope="module", params=BACK_ENDS)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world_on(request.param, request, tmp_path_factory.mktemp("archive") / "home") as made:
        yield made


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def send(client: TestClient, data: bytes, **headers: str) -> dict[str, Any]:
    answer = client.post("/api/v1/uploads", content=data, headers=headers)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def file_with(client: TestClient, *files: tuple[str, bytes], **more: Any) -> str:
    for _, data in files:
        send(client, data)
    named = [{"name": name, "sha256": sha(data)} for name, data in files]
    answer = client.post("/api/v1/records", json=record(files=named, **more))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["code"])


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


# ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "name",
    ["签到表（四月）.pdf", 'a"b;c\'d.pdf', "<script>alert(1)</script>.pdf".replace("/", "∕"), "100%?c#d.pdf",
     "名" * 120 + ".pdf", "‮fdp.exe", "emoji 😀.pdf"],
)  # fmt: skip
def test_a_file_keeps_whatever_name_it_had(world: World, name: str) -> None:
    """The header stays one header, with the name in UTF-8 and an ASCII one beside it."""
    client = world.signed_in("clerk-here")
    code = file_with(client, (name, PDF), title=f"名称测试 {len(name)} {sha(name.encode())[:8]}")
    names = [f["name"] for f in client.get(f"/api/v1/records/{code}").json()["files"]]
    assert names == [name]
    answer = client.get(client.base_url.copy_with(raw_path=f"/api/v1/records/{code}/files/{quoted(name)}".encode()))
    assert answer.content == PDF
    said = answer.headers["content-disposition"]
    assert said.startswith('attachment; filename="')
    assert unquote(said.partition("filename*=UTF-8''")[2]) == name
    assert said.count('"') == 2
    assert said.isascii()


def quoted(name: str) -> str:
    return quote(name, safe="")


@pytest.mark.parametrize(
    ("asked", "status", "start", "end"),
    [
        ("bytes=0-0", 206, 0, 1),
        ("bytes=100-199", 206, 100, 200),
        ("bytes=1000000-", 206, 1_000_000, len(PDF)),
        ("bytes=-5", 206, len(PDF) - 5, len(PDF)),
        ("bytes=0-99999999", 206, 0, len(PDF)),
        ("bytes=-99999999", 206, 0, len(PDF)),
        ("bytes=5-2", 200, 0, len(PDF)),
        ("bytes=0-1,5-6", 200, 0, len(PDF)),
        ("lines=1-2", 200, 0, len(PDF)),
        ("bytes=-", 200, 0, len(PDF)),
        ("bytes=a-b", 200, 0, len(PDF)),
    ],
)
def test_part_of_a_file_is_read(world: World, asked: str, status: int, start: int, end: int) -> None:
    """One range of bytes (RFC 9110, 14); what cannot be understood gets the whole file."""
    client = world.signed_in("clerk-here")
    code = file_with(client, ("a.pdf", PDF), title=f"分段 {asked}")
    answer = client.get(f"/api/v1/records/{code}/files/a.pdf", headers={"range": asked})
    assert (answer.status_code, answer.content) == (status, PDF[start:end])
    if status == 206:
        assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{len(PDF)}"


def test_a_range_outside_the_file_and_a_file_that_did_not_change(world: World) -> None:
    """416 with our problem document; 304 for the same ETag; a stale If-Range gets the whole; HEAD has no body."""
    client = world.signed_in("clerk-here")
    path = f"/api/v1/records/{file_with(client, ('a.pdf', PDF), title='范围之外')}/files/a.pdf"
    outside = client.get(path, headers={"range": f"bytes={len(PDF)}-"})
    assert (outside.status_code, outside.json()["code"]) == (416, "range_not_satisfiable")
    etag = client.get(path).headers["etag"]
    assert etag == f'"{sha(PDF)}"'
    assert client.get(path, headers={"if-none-match": etag}).status_code == 304
    stale = client.get(path, headers={"if-range": '"old"', "range": "bytes=0-1"})
    assert (stale.status_code, stale.content) == (200, PDF)
    fresh = client.get(path, headers={"if-range": etag, "range": "bytes=0-1"})
    assert (fresh.status_code, fresh.content) == (206, PDF[:2])
    head = client.head(path)
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(PDF)))
    assert client.head(path, headers={"range": "bytes=0-1"}).status_code == 206


@pytest.fixture
def opened(world: World, monkeypatch: pytest.MonkeyPatch) -> list[IO[bytes]]:
    """Every kept file that is opened from here on."""
    files: list[IO[bytes]] = []
    really = world.house.blobs.open

    def opening(sha256: str) -> IO[bytes]:
        files.append(really(sha256))
        return files[-1]

    monkeypatch.setattr(world.house.blobs, "open", opening)
    return files


@pytest.mark.parametrize("headers", [{}, {"range": "bytes=0-"}], ids=["whole", "range"])
def test_who_asks_for_headers_opens_no_file(world: World, opened: list[IO[bytes]], headers: dict[str, str]) -> None:
    """A HEAD is answered from what is known of the file."""
    client = world.signed_in("clerk-here")
    path = f"/api/v1/records/{file_with(client, ('a.pdf', PDF), title=f'只问头部 {headers}')}/files/a.pdf"
    assert client.head(path, headers=headers).status_code in {200, 206}
    assert opened == []


@pytest.mark.parametrize("asked", [b"", b"bytes=1-"], ids=["whole", "range"])
@pytest.mark.parametrize("taken", [0, 1, 2], ids=["at once", "before the first piece", "in the middle"])
def test_the_file_of_a_reader_who_goes_away_is_closed(
    world: World, opened: list[IO[bytes]], asked: bytes, taken: int
) -> None:
    """At once, not when the garbage collector comes by: hundreds of broken downloads would use up all descriptors."""
    client = world.signed_in("clerk-here")
    path = f"/api/v1/records/{file_with(client, ('a.pdf', PDF), title=f'半途离开 {asked!r} {taken}')}/files/a.pdf"
    left = taken

    async def receive() -> dict[str, Any]:
        while left:
            await asyncio.sleep(0.001)
        return {"type": "http.disconnect"}

    async def send_one(message: dict[str, Any]) -> None:
        nonlocal left
        left = max(0, left - 1)
        if not left:
            await asyncio.sleep(60)  # cancelled by then

    asyncio.run(world.app(_get(path, client.cookies, asked), receive, send_one))  # type: ignore[arg-type]
    assert [file.closed for file in opened] == [True]


def _get(path: str, cookies: Mapping[str, str], asked: bytes) -> dict[str, Any]:
    """The scope of an ASGI request for one file."""
    sent = "; ".join(f"{name}={value}" for name, value in cookies.items()).encode()
    headers = [(b"host", b"localhost"), (b"cookie", sent)] + ([(b"range", asked)] if asked else [])
    return {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": "GET",
        "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": b"", "headers": headers,
        "client": ("127.0.0.1", 1), "server": ("localhost", 80), "root_path": "",
    }  # fmt: skip


ACTIVE = {
    "page.html": b"<html><script>alert(1)</script></html>",
    "picture.svg": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
    "data.xml": b"<?xml version='1.0'?><a/>",
    "photo.jpg": b"<!doctype html><script>alert(1)</script>",
}


@pytest.mark.parametrize("name", ACTIVE)
def test_what_could_run_in_a_browser_is_only_downloaded(world: World, name: str) -> None:
    """Whatever its name says, and although it was asked for in place."""
    client = world.signed_in("clerk-here")
    code = file_with(client, (name, ACTIVE[name]), title=f"活动内容 {name}")
    answer = client.get(f"/api/v1/records/{code}/files/{name}?inline=true")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_harmless_kinds_are_shown_in_place(world: World) -> None:
    """PDF without the sandbox that would stop the browser's viewer, but without scripts; text in a sandbox."""
    client = world.signed_in("clerk-here")
    code = file_with(client, ("a.pdf", PDF), ("b.txt", "正文\n".encode()), title="在线查看")
    pdf = client.get(f"/api/v1/records/{code}/files/a.pdf?inline=true").headers
    assert (pdf["content-type"], pdf["content-disposition"][:6]) == ("application/pdf", "inline")
    assert pdf["content-security-policy"].startswith("default-src 'none'")
    text = client.get(f"/api/v1/records/{code}/files/b.txt?inline=true").headers
    assert text["content-type"] == "text/plain; charset=utf-8"
    assert "sandbox" in text["content-security-policy"]


def test_a_file_that_was_altered_in_the_store_never_arrives_whole(world: World) -> None:
    """Of another length: refused at once. Of the same length: the download breaks off before its end."""
    client = world.signed_in("clerk-here")
    good = b"the true bytes of this evidence" * 20_000
    code = file_with(client, ("a.bin", good), title="被改动的附件")
    settings = world.house.settings
    write_over(settings, sha(good), b"X" + good[1:])
    lenient = TestClient(world.app, base_url="http://localhost", raise_server_exceptions=False)
    lenient.cookies, lenient.headers = client.cookies, client.headers
    assert lenient.get(f"/api/v1/records/{code}/files/a.bin").content != b"X" + good[1:]
    write_over(settings, sha(good), good[:-1])
    answer = client.get(f"/api/v1/records/{code}/files/a.bin")
    assert (answer.status_code, answer.json()["code"]) == (500, "blob_damaged")
    remove(settings, sha(good))
    assert client.get(f"/api/v1/records/{code}/files/a.bin").json()["code"] == "blob_missing"


def test_a_file_is_found_in_its_version_only(world: World) -> None:
    """A later attachment is not in the first version; a version or file that is not there is a clear 404."""
    client = world.signed_in("clerk-here")
    code = file_with(client, title="版本里的附件")
    send(client, b"later")
    said = {
        "record": record(title="版本里的附件（更正）"),
        "reason": "补附件",
        "files": [{"name": "later.txt", "sha256": sha(b"later")}],
    }
    assert client.post(f"/api/v1/records/{code}/correct", json=said).json()["version"] == 2
    path = f"/api/v1/records/{code}/files/later.txt"
    assert client.get(path).content == b"later"
    assert client.get(f"{path}?version=1").status_code == 404
    assert client.get(f"{path}?version=9").status_code == 404
