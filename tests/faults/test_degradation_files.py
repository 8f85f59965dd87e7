"""MinIO away: what needs files says 503 and leaves nothing half done; the rest goes on, the ledger when it is back."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from uuid import uuid4

import pytest

from tests.cli_world import LECTURE
from tests.faults.degraded import Archive, archive_on, checked, eventually, soon
from tests.servers import own
from tests.servers.local import Server
from tests.servers.plugin import private_server

pytestmark = pytest.mark.nightly

DATA = "签到表 一份".encode() * 100

FORM = "/file/study_session/party_lecture"


@pytest.fixture(scope="module")
def file_server() -> Iterator[Server]:
    """One for these tests; each brings it back."""
    with private_server("s3") as made:
        yield made


@pytest.fixture(scope="module")
def archive(
    file_server: Server, postgres_url: str, elasticsearch_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Archive]:
    """Its file server is the tests' own."""
    with (
        own.own_database(postgres_url) as database,
        own.own_bucket(file_server.url) as bucket,
        own.own_prefix(elasticsearch_url) as prefix,
    ):
        settings = {"JIANZHENG_DATABASE": database, "JIANZHENG_BLOBS": bucket, "JIANZHENG_SEARCH": prefix}
        with archive_on(settings, tmp_path_factory.mktemp("office")) as made:
            yield made


@pytest.mark.parametrize("fault", ["stop", "pause", "kill"])
def test_nothing_is_half_done_without_the_file_server(archive: Archive, file_server: Server, fault: str) -> None:
    """Uploads, filings with files and downloads are told to come again; then the very same requests work."""
    data, title = DATA + fault.encode(), f"带附件{fault}"
    kept = archive.filed(f"之前{fault}", data + b"!")
    eventually(lambda: archive.in_ledger(kept))
    uploaded, key = archive.server.sent(data), uuid4().hex
    written = {
        "organisation": "school-01", "title": f"写了很久{fault}", "occurred.from.date": "2023-04-21",
        "_id": str(uuid4()), "_upload.0.name": "附件.txt", "_upload.0.sha256": archive.upload(data),
        "_upload.0.role": "other",
    }  # fmt: skip
    size = archive.published()
    getattr(file_server, fault)()
    try:
        refused = archive.file(title, [("附件.txt", uploaded)], key)
        assert (refused.status, refused.json["code"]) == (503, "file_store_unreachable"), refused
        assert (refused.retry_after or "").isdecimal()
        soon(archive.unavailable, "file_store_unreachable", "POST", "/uploads", b"never kept")
        name = archive.shown(kept)["files"][0]["name"]
        assert name == "附件.txt"
        path = f"/records/{kept}/files/%E9%99%84%E4%BB%B6.txt"
        soon(archive.unavailable, "file_store_unreachable", "GET", path)
        goes_on(archive, kept)
        form = soon(archive.send, FORM, written)  # of a person in a browser, who has written for an hour
        assert (form.status, (form.retry_after or "").isdecimal()) == (503, True), form
        assert f"写了很久{fault}" in form.text and "连不上文件存储服务器" in form.text
        without = soon(archive.filed, f"没有附件{fault}")  # names no file, so it needs no file server
        assert soon(archive.shown, without)["history"][0]["version"] == 1
        says_so(archive, kept)
        assert archive.published() == 0  # cannot be read; what was published is as it was
    finally:
        file_server.resume()
        file_server.start()
    eventually(lambda: archive.in_ledger(without))
    assert archive.published() == size + 2  # an event for the record, one for its code: the refused one left none
    done = archive.file(title, [("附件.txt", uploaded)], key)
    assert done.status == 201, done
    assert [archive.send(FORM, written).status for _ in range(2)] == [303, 303]
    eventually(lambda: archive.found(f"“写了很久{fault}”") == 1)
    archive.downloads(done.json["code"], data)
    archive.downloads(kept, data + b"!")
    for code in (done.json["code"], kept):
        eventually(partial(archive.is_read, code))
    eventually(lambda: archive.found(title) == 1 and archive.found(f"没有附件{fault}") == 1)
    assert archive.ready()[0] == 200
    assert archive.office("index", "status", "--json").json["text"]["aside"] == []


def test_nothing_is_left_over(archive: Archive) -> None:
    """After all that the archive verifies: each file once, no leftovers, no version too many."""
    found = archive.verifies()
    assert found["checked"]["events"] == archive.published()


def goes_on(archive: Archive, code: str) -> None:
    """What a record says of itself needs no file server; what is known of its texts does, and is not made up."""
    record = soon(archive.shown, code)
    assert [file["text_status"] for file in record["files"]] == ["unknown"]
    assert soon(archive.found, "专题党课") >= 1
    page = soon(archive.page, f"/records/{code}")
    assert page.status == 200 and "附件.txt" in page.text and "暂时不知道有没有文字" in page.text
    stamp = soon(archive.page, f"/records/{code}/stamp", "en")
    assert (stamp.status, "Cannot be checked now" in stamp.text) == (503, True)
    for path in ("/", "/search?q=x", "/reports", "/verify", "/file", f"/records/{LECTURE}"):
        assert soon(archive.page, path).status == 200, path
    report = archive.page("/api/v1/reports/annual?organisation=school-01&year=2023")
    assert report.status == 200


def says_so(archive: Archive, code: str) -> None:
    """To operators, and to whoever wants a file."""
    status, parts = soon(archive.ready)
    assert (status, parts) == (503, {"events": "ok", "ledger": "ok", "files": "file_store_unreachable", "search": "ok"})
    assert archive.page("/healthz").status == 200
    answer = soon(archive.office, "check", "--json")
    states = checked(answer.json)
    assert (answer.code, states.pop("files")) == (3, "missing")
    assert "missing" not in states.values()
    for lang, title in (("zh", "暂时不可用"), ("en", "Not available just now")):
        page = soon(archive.page, f"/records/{code}/text/0", lang)
        assert page.status == 503 and (page.retry_after or "").isdecimal() and "file_store_unreachable" in page.text
        assert title in page.text
    shown = soon(archive.office, "show", code, "--json")
    assert (shown.code, shown.json["files"][0]["text_status"]) == (0, "unknown")
