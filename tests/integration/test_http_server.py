"""The application behind a real server and real sockets: what only shows between two machines."""

from __future__ import annotations

import hashlib
import http.client
import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Any

import pytest
import uvicorn

from api.http.shield import json_lines
from indexers.pipeline import Pipeline
from tests.behind import write_over
from tests.cli_world import BACK_ENDS
from tests.http_world import World, record, world_on


@pytest.fixture(scope="module", params=BACK_ENDS)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world_on(request.param, request, tmp_path_factory.mktemp("archive") / "home") as made:
        yield made


@pytest.fixture(scope="module")
def port(world: World) -> Iterator[int]:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()  # connections wait in the queue until the server takes them
    server = uvicorn.Server(uvicorn.Config(world.app, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    yield listener.getsockname()[1]
    server.should_exit = True
    thread.join()
    listener.close()


@pytest.fixture(scope="module")
def token(world: World) -> str:
    return world.house.accounts.create_token("clerk-here", "test", world.clock())[1]


def call(port: int, token: str, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    headers = {"authorization": f"Bearer {token}"}
    if isinstance(body, dict):
        body, headers["content-type"] = json.dumps(body), "application/json"
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def filed_with(port: int, token: str, name: str, data: bytes) -> str:
    assert call(port, token, "POST", "/api/v1/uploads", data)[0] == 201
    files = [{"name": name, "sha256": hashlib.sha256(data).hexdigest()}]
    status, answer = call(port, token, "POST", "/api/v1/records", record(files=files, title=f"附件 {name[:20]}"))
    assert status == 201, answer
    return str(json.loads(answer)["code"])


def test_a_client_that_goes_away_leaves_nothing(world: World, port: int, token: str) -> None:
    """The connection is closed in the middle of an upload; staging is empty a moment later."""
    folder = world.house.settings.staging_folder
    with socket.create_connection(("127.0.0.1", port)) as client:
        head = f"POST /api/v1/uploads HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
        client.sendall(head.encode() + b"Content-Length: 10000000\r\n\r\n" + b"x" * 1_000_000)
        for _ in range(200):
            if any(folder.iterdir()):
                break
            time.sleep(0.02)
        assert [path.name for path in folder.iterdir() if path.name.startswith("incoming.")]
    for _ in range(200):
        if not any(folder.iterdir()):
            break
        time.sleep(0.02)
    assert list(folder.iterdir()) == []


def test_a_download_of_an_altered_file_breaks_off(world: World, port: int, token: str) -> None:
    """The reader's program knows that it did not get the whole file."""
    good = bytes(range(256)) * 8000
    code = filed_with(port, token, "a.bin", good)
    write_over(world.house.settings, hashlib.sha256(good).hexdigest(), good[:-1] + b"?")
    path = f"/api/v1/records/{code}/files/a.bin"
    with lines_of(path) as lines, pytest.raises(http.client.IncompleteRead):
        call(port, token, "GET", path)
    cut, request = lines()
    assert (cut["event"], cut["level"], cut["code"]) == ("cut short", "error", "blob_damaged")
    assert hashlib.sha256(good).hexdigest() in cut["reason"]
    assert (request["event"], request["status"]) == ("request", 200)


@pytest.mark.parametrize("asked", ["", "Range: bytes=5-\r\n"], ids=["whole", "range"])
def test_a_reader_who_cuts_a_download_off_is_one_line(world: World, port: int, token: str, asked: str) -> None:
    """It is no fault of anybody's: the log says who went, in the line that every request has."""
    code = filed_with(port, token, "b.bin", b"evidence" * 4_000_000 + asked.encode())
    path = f"/api/v1/records/{code}/files/b.bin"
    with lines_of(path) as lines:
        with socket.create_connection(("127.0.0.1", port)) as client:
            head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n{asked}\r\n"
            client.sendall(head.encode())
            assert client.recv(1000)
        [line] = lines()
    assert (line["event"], line["level"], line["status"]) == ("request", "info", 499)


@contextmanager
def lines_of(path: str) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """What the server's log says of requests of that path, up to the line of the first of them, and all else beside."""
    written, log = StringIO(), logging.getLogger()
    handler, levels = json_lines(written), {name: logging.getLogger(name).level for name in ("jianzheng", "uvicorn")}
    log.addHandler(handler)
    for name in levels:
        logging.getLogger(name).setLevel(logging.INFO if name == "jianzheng" else logging.WARNING)

    def lines() -> list[dict[str, Any]]:
        for _ in range(500):
            found = [json.loads(line) for line in written.getvalue().splitlines()]
            if any(each["event"] == "request" and each["path"] == path for each in found):
                return found
            time.sleep(0.02)
        raise AssertionError(written.getvalue())

    try:
        yield lines
    finally:
        log.removeHandler(handler)
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


def test_a_name_that_looks_encoded_is_decoded_once(world: World, port: int, token: str) -> None:
    """`%2F` in a file's own name is three characters of that name."""
    code = filed_with(port, token, "100%2F.txt", b"once")
    path = f"/api/v1/records/{code}/files/100%252F.txt"
    assert call(port, token, "GET", path) == (200, b"once")


def test_a_head_is_a_get_without_its_body(world: World, port: int, token: str) -> None:
    """For pages, files and what is not there: link checkers and monitors ask so."""
    code = filed_with(port, token, "head.txt", b"four")
    for path, status in (("/", 200), (f"/api/v1/records/{code}/files/head.txt", 200), ("/nowhere", 404)):
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.request("HEAD", path, headers={"authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (status, b"")
        assert int(answer.headers["content-length"]) > 0
        connection.close()


def test_clerks_at_once_get_codes_without_gaps(world: World, port: int, token: str) -> None:
    """Twenty filings from five connections: all are acknowledged, and each has a code of its own."""
    answers: list[tuple[int, bytes]] = []

    def file(n: int) -> None:
        for k in range(4):
            answers.append(call(port, token, "POST", "/api/v1/records", record(title=f"同时 {n}-{k}")))

    threads = [threading.Thread(target=file, args=(n,)) for n in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {status for status, _ in answers} == {201}
    numbers = sorted(int(json.loads(body)["code"].rpartition("-")[2]) for _, body in answers)
    assert numbers == list(range(numbers[0], numbers[0] + 20))
    Pipeline(world.house).catch_up()
