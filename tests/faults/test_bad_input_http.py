"""What bad input gets over HTTP: a real server, RFC 9457 problems with our code in both languages, never a 500.

Every test also sees that the archive holds afterwards what it held before.
"""

from __future__ import annotations

import hashlib
import socket
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from domain.records.families import FAMILIES, form_fields
from tests.cli_world import LECTURE
from tests.faults.bad_input import Office, refused
from tests.faults.served import Server, serving
from tests.http_world import record

NEVER_SENT = hashlib.sha256(b"never sent").hexdigest()


@pytest.fixture(scope="module")
def server(office: Office, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests; the archive is sound when it has ended."""
    copy = office.copy(tmp_path_factory.mktemp("http") / "office")
    with serving(copy) as running:
        yield running
    copy.is_sound()


# ── uploads ─────────────────────────────────────────────────────────────────────────────────────────────────────


def cut_off(server: Server, head: str, body: bytes) -> bytes:
    """What comes back for bytes that no client library would send; empty where the connection is torn down."""
    with server.connected() as client:
        client.sendall(
            f"POST /api/v1/uploads HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {server.token}\r\n"
            f"Accept-Language: en\r\nConnection: close\r\n{head}\r\n\r\n".encode()
            + body
        )
        client.shutdown(socket.SHUT_WR)
        said = b""
        while piece := client.recv(1 << 16):
            said += piece
    return said


def test_a_truncated_upload_leaves_nothing(server: Server) -> None:
    """Cut off, cut in the middle of a chunk, or of lengths that are none: nothing is staged, nobody is told of success.

    Whoever is still there to hear it is told by the digest (`checksum_mismatch`).
    """
    with server.unchanged():
        for head, body in (
            ("Content-Length: 100000", b"half of it"),
            ("Transfer-Encoding: chunked", b"10000\r\nhalf of it"),
            ("Transfer-Encoding: chunked", b"zz\r\nhalf of it"),
            ("Content-Length: -5", b"half of it"),
            ("Content-Length: 1e3", b"half of it"),
        ):
            said = cut_off(server, head, body)
            assert said == b"" or said.startswith(b"HTTP/1.1 400 "), said
        digest = hashlib.sha256(b"half of it").hexdigest()
        server.refuses(422, "upload_missing", "POST", "/records", record(files=[{"name": "a", "sha256": digest}]))
        whole = hashlib.sha256(b"half of it, and the rest").hexdigest()
        server.refuses(422, "checksum_mismatch", "POST", "/uploads", b"half of it", X_Checksum_Sha256=whole)


def test_an_upload_of_someone_who_may_not_is_refused(server: Server) -> None:
    """A digest that is none, nobody's token, a reader's: nothing is staged."""
    with server.unchanged():
        server.refuses(422, "digest_invalid", "POST", "/uploads", b"damaged", X_Checksum_Sha256="abc")
        server.refuses(401, "not_signed_in", "POST", "/uploads", b"mine", Authorization="Bearer nobody")
    reader = server.office("user", "token", "reader-01", "--json").json["token"]
    with server.unchanged():
        server.refuses(403, "not_allowed", "POST", "/uploads", b"mine", Authorization=f"Bearer {reader}")
        server.refuses(403, "not_allowed", "POST", "/records", record(), Authorization=f"Bearer {reader}")


def test_a_file_without_a_byte_is_filed_and_said_to_be_empty(server: Server) -> None:
    """Under whatever name: it is evidence like any other, and its text has the outcome `empty`."""
    digest = server.sent(b"")
    assert digest == hashlib.sha256().hexdigest()
    filed = server.call("POST", "/records", record(title="空附件", files=[{"name": "空.pdf", "sha256": digest}]))
    assert filed.status == 201
    assert [(file["name"], file["size"]) for file in filed.json["files"]] == [("空.pdf", 0)]
    code = filed.json["code"]
    assert server.call("GET", f"/records/{code}/files/%E7%A9%BA.pdf").body == b""
    for _ in range(600):
        (file,) = server.call("GET", f"/records/{code}").json["files"]
        if file["text_status"] != "pending":
            break
        time.sleep(0.05)
    assert file["text_status"] == "empty"


# ── filing ──────────────────────────────────────────────────────────────────────────────────────────────────────

NAMES = ["../../etc/passwd", "..", "a/b.txt", "a\\b.txt", "", " ", "a\x00b.txt", "a\nb", "a\ud800b", "名" * 256]


def test_a_name_that_is_no_file_name_is_refused(server: Server) -> None:
    """Folders, NUL, line breaks, half characters, 256 characters."""
    digest = server.sent("名不正".encode())
    with server.unchanged():
        for name in NAMES:
            code = "request_invalid" if len(name) > 255 or "\ud800" in name else "record_invalid"
            zh, en = server.refuses(422, code, "POST", "/records", record(files=[{"name": name, "sha256": digest}]))
            assert zh["field"] == en["field"]
            assert str(zh["field"]).startswith("files") or code == "request_invalid"


def test_a_long_chinese_name_comes_back(server: Server) -> None:
    """255 characters are more bytes than a file system takes: kept whole, and shortened where it is written to one."""
    name = "长" * 251 + ".txt"
    digest = server.sent("长名字".encode())
    filed = server.call("POST", "/records", record(title="长名字", files=[{"name": name, "sha256": digest}]))
    assert (filed.status, filed.json["files"][0]["name"]) == (201, name), filed
    server.settled()
    answer = server.office("files", filed.json["code"], "-o", str(server.office.folder / "out"))
    assert answer.code == 0, answer
    (written,) = (server.office.folder / "out").iterdir()
    assert written.suffix == ".txt"
    assert len(written.name.encode()) <= 255
    assert written.read_text("utf-8") == "长名字"


REFUSED: dict[str, tuple[int, str, Any]] = {
    "a file that nobody sent": (422, "upload_missing", record(files=[{"name": "a.txt", "sha256": NEVER_SENT}])),
    "a digest that is none": (422, "digest_invalid", record(files=[{"name": "a.txt", "sha256": "../x"}])),
    "a role that is none": (422, "upload_missing", record(files=[{"name": "a", "sha256": NEVER_SENT, "role": "?"}])),
    "a file of a record that is not there": (
        404, "not_found", record(files=[{"name": "a.txt", "sha256": NEVER_SENT, "record": "school-01-2023-9999"}])
    ),
    "two files of one name": (
        422, "request_invalid", record(files=[{"name": "a", "sha256": NEVER_SENT}, {"name": "a", "sha256": NEVER_SENT}])
    ),
    "an organisation that is not there": (404, "not_found", record("school-99")),
    "an organisation that is not one's own": (403, "not_allowed", record("top")),
    "no organisation": (422, "record_invalid", {"title": "x"}),
    "an end before its start": (
        422, "record_invalid", record(occurred={"from": "2023-04-21T14:30+08:00", "to": "2023-04-21T13:30+08:00"})
    ),
    "JSON that ends early": (422, "request_invalid", b'{"organisation": "school-01", "title": '),
    "bytes that are no text": (422, "request_invalid", b'{"title": "\xff\xfe"}'),
    "text that is no JSON": (422, "request_invalid", "标题：党课".encode()),
    "JSON that is no object": (422, "request_invalid", b"[1, 2]"),
    "nothing": (422, "request_invalid", b""),
    "brackets without end": (422, "request_invalid", b"[" * 100_000),
    "a number without end": (422, "request_invalid", b'{"organisation": "school-01", "hours": ' + b"9" * 5000 + b"}"),
    "infinity": (422, "request_invalid", b'{"organisation": "school-01", "hours": Infinity}'),
    "a body of nine megabytes": (413, "body_too_large", b'{"title": "' + b"x" * (9 << 20) + b'"}'),
}  # fmt: skip


def test_what_cannot_be_filed_is_refused(server: Server) -> None:
    """Each with its own code and status, in both languages, and nothing of it is stored."""
    with server.unchanged():
        for status, code, body in REFUSED.values():
            server.refuses(status, code, "POST", "/records", body)
        server.refuses(404, "not_found", "POST", "/records/school-01-2023-9999/withdraw", {"reason": "x"})
        server.refuses(
            422, "reason_missing", "POST", f"/records/{LECTURE}/correct", {"record": record(), "reason": " "}
        )
        server.refuses(403, "not_allowed", "POST", f"/records/{LECTURE}/withdraw", {"reason": "x"})
        server.refuses(422, "request_invalid", "POST", f"/records/{LECTURE}/withdraw", {"reason": ["x"]})
        server.refuses(405, "method_not_allowed", "PATCH", "/records", {})
        server.refuses(404, "page_not_found", "POST", "/record", {})


WRONG: tuple[Any, ...] = (
    {"nothing": 1}, [], [[]], [{"nothing": {}}], [None], True, -1, 1e300, 0.1, "\x00", "\ud800", "x" * 20_000,
    "9999-99-99", "两小时",
)  # fmt: skip
HEAD = ("organisation", "family", "form", "files")


def test_wrong_types_in_every_field_are_told(server: Server) -> None:
    """Every field of every form with values of every wrong kind: a typed refusal that names the field, never a 500."""
    bodies: list[tuple[str, Any, dict[str, Any]]] = []
    for family in FAMILIES:
        for form in family.forms:
            own = {field.key for field in form.fields}
            for key in form_fields(family.key, form.key):
                if key in own or form is family.forms[0]:
                    # The unknown key sees to it that what is right by chance is not filed.
                    said = record(family=family.key, form=form.key, weather="晴")
                    values = WRONG if form is family.forms[0] and family in FAMILIES[:2] else WRONG[:1]
                    bodies += [(key, value, said | {key: value}) for value in values]
    bodies += [(key, value, record(weather="晴") | {key: value}) for key in HEAD for value in WRONG]
    assert len(bodies) > 300
    with server.unchanged(), ThreadPoolExecutor(4) as pool:

        def check(numbered: tuple[int, tuple[str, Any, dict[str, Any]]]) -> None:
            number, (key, value, body) = numbered
            reply = server.call("POST", "/records", body, lang=("zh", "en")[number % 2])
            assert reply.kind == "application/problem+json", (key, value, reply)
            assert reply.status in (403, 404, 422), (key, value, reply)
            said = reply.json
            fields = {str(said["field"]), *(problem["field"] for problem in said.get("problems", ()))}
            if value == {"nothing": 1}:
                assert any(field.partition(".")[0] == key for field in fields), (key, reply)

        list(pool.map(check, enumerate(bodies)))


# ── repeated and concurrent ─────────────────────────────────────────────────────────────────────────────────────


def test_a_repeated_request_files_once(server: Server) -> None:
    """The same key with the same record answers the same code, five at once too; with another record it is refused."""
    said = record(title="重试", files=[{"name": "a.txt", "sha256": server.sent(b"retried")}])
    before = server.settled()
    with ThreadPoolExecutor(5) as pool:
        replies = list(pool.map(lambda _: server.call("POST", "/records", said, Idempotency_Key="k-1"), range(5)))
    assert sorted(reply.status for reply in replies) == [200, 200, 200, 200, 201]
    assert len({reply.json["record"] for reply in replies}) == 1
    after = server.settled()
    with server.unchanged():
        assert server.call("POST", "/records", said, Idempotency_Key="k-1").status == 200
        server.refuses(422, "idempotency_mismatch", "POST", "/records", said | {"title": "别的"}, Idempotency_Key="k-1")
    assert after.files - before.files == {hashlib.sha256(b"retried").hexdigest()}
    assert server.call("POST", "/records", said | {"title": "别的"}, Idempotency_Key="k-2").status == 201


def test_a_locked_archive_says_so(server: Server) -> None:
    """Another program holds the database for longer than one waits: 503; then the same request files."""
    said = record(title="等锁")
    with server.unchanged():
        other = sqlite3.connect(server.office.home / "events.sqlite", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        try:
            server.refuses(503, "archive_busy", "POST", "/records", said, Idempotency_Key="locked")
        finally:
            other.execute("ROLLBACK")
            other.close()
    assert server.call("POST", "/records", said, Idempotency_Key="locked").status == 201


def test_a_taken_address_is_told(server: Server) -> None:
    """A second server on the same port gives up: exit 3, in both languages."""
    refused(server.office.in_each_language("serve", "--port", str(server.port)), "address_taken", 3)
