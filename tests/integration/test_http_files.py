"""Files over HTTP: reading them back in whole and in part, and what a browser may do with them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import IO, Any
from urllib.parse import quote, unquote

import pytest
from fastapi.testclient import TestClient

from tests.behind import remove, write_over
from tests.cli_world import BACK_ENDS
from tests.http_world import PDF, World, file_with, record, send, sha, world_on


@pytest.fixture(scope="module", params=BACK_ENDS)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world_on(request.param, request, tmp_path_factory.mktemp("archive") / "home") as made:
        yield made


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
