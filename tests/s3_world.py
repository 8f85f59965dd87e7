"""Buckets for tests on a real S3 server, and a bad line to it: a proxy that loses requests and (parts of) answers."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import pytest

from adapters.blobs import s3_sending
from adapters.blobs.s3 import S3BlobStore
from adapters.blobs.s3_inventory import key_of
from adapters.s3.address import Address
from adapters.s3.client import Client, Patience
from tests.servers.addresses import name_in
from tests.servers.local import Server
from tests.servers.own import s3_client

QUICK = Patience(connect=2, read=2, total=5, first_pause=0.01, longest_pause=0.1)
"""For servers that answer or will not."""

SHORT = Patience(connect=1, read=1, total=1, first_pause=0.01, longest_pause=0.1)
"""For servers that are down: a test must not wait long for what does not come."""

SMALL = b"evidence" * 1000
LARGE = hashlib.shake_128(b"large").digest((5 << 20) + 12345)
"""Goes in two parts where they are as small as S3 takes them (`small_parts`)."""

Deed = Literal["pass", "lose request", "lose answer", "cut answer"] | tuple[int, str]
"""What becomes of a request: not sent on; sent on but not answered; half answered; or answered with a status and a
code of S3 (with a page of some proxy where the code is empty), without being sent on."""

Rule = Callable[[str, str], Deed]
"""Decides by the request's method and path."""


def client(url: str, patience: Patience = QUICK) -> Client:
    return Client(Address.parse(url), patience)


def store(url: str, folder: Path, patience: Patience = QUICK, **options: Any) -> S3BlobStore:
    return S3BlobStore(client(url, patience), folder, **options)


def put(blobs: S3BlobStore, data: bytes) -> str:
    """Keep these bytes; their digest."""
    staged = blobs.stage(iter([data]))
    staged.commit()
    return staged.sha256


def behind_our_back(url: str, sha256: str, data: bytes) -> None:
    """Somebody with the bucket's key writes over a kept file."""
    s3_client(url).put_object(name_in(url), key_of(sha256), BytesIO(data), len(data))


def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """As small as S3 takes them, so that files of a few MiB go in parts."""
    monkeypatch.setattr(s3_sending, "WHOLE", 5 << 20)
    monkeypatch.setattr(s3_sending, "PART", 5 << 20)


class BadLine:
    """A proxy in front of the server. ``rule`` may be changed at any time; ``count`` is of all requests so far."""

    def __init__(self, address: Address, server: ThreadingHTTPServer) -> None:
        self.address = replace(address, host="127.0.0.1", port=server.server_address[1])
        self.rule: Rule = lambda method, path: "pass"
        self.count = 0
        self.seen: list[str] = []
        self._guard = threading.Lock()

    def store(self, folder: Path, patience: Patience = QUICK, **options: Any) -> S3BlobStore:
        """A store behind the bad line."""
        return S3BlobStore(Client(self.address, patience), folder, **options)

    def disturb(self, number: int, deed: Deed, method: str = "") -> None:
        """Let the n-th request from now on (of that method) meet its fate, once."""
        left = number

        def rule(asked: str, path: str) -> Deed:
            nonlocal left
            left -= method in ("", asked)
            if left == 0:
                left = -1
                return deed
            return "pass"

        self.rule = rule

    def decide(self, method: str, path: str) -> Deed:
        with self._guard:
            self.count += 1
            self.seen.append(f"{method} {path}")
            return self.rule(method, path)


@contextmanager
def bad_line(url: str) -> Iterator[BadLine]:
    address = Address.parse(url)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            deed = line.decide(self.command, self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if deed == "lose request":
                self.close_connection = True
                return
            if isinstance(deed, tuple):
                self.refuse(*deed)
                return
            upstream = HTTPConnection(address.host, address.port, timeout=30)
            upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                upstream.putheader(name, value)
            upstream.endheaders(body)
            answer = upstream.getresponse()
            data = answer.read()
            upstream.close()
            if deed == "lose answer":
                self.close_connection = True
                return
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("transfer-encoding", "connection"):
                    self.send_header(name, value)
            if answer.getheader("Content-Length") is None and answer.status != 204:
                self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if deed == "cut answer":
                self.close_connection = True
                data = data[: len(data) // 2]
            self.wfile.write(data)

        def refuse(self, status: int, code: str) -> None:
            page = (
                f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>said</Message></Error>" if code else "<p>no"
            )
            data = b"" if self.command == "HEAD" else page.encode()
            self.send_response_only(status)
            self.send_header("Content-Type", "application/xml" if code else "text/html")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_any  # noqa: N815  (the library's names)

        def log_message(self, *_: Any) -> None:
            """Nobody reads it."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: Any) -> None:
            """A client that went away is what these tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    line = BadLine(address, server)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield line
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def spoil_on_drives(server: Server, bucket: str, *names: str) -> None:
    """Change objects on the drives of a server of one's own, past what it can mend by itself."""
    drives = sorted(server.process.folder.glob("drive*"))
    for name in names:
        for drive in drives[:3]:
            folder = drive / name_in(bucket) / name
            for file in [*folder.rglob("part.*")] or [folder / "xl.meta"]:
                content = bytearray(file.read_bytes())
                content[-400:] = bytes(400)
                file.write_bytes(content)
    server.restart()  # what it has read before it may remember
