"""An office's archive behind ``jianzheng serve``: a process of its own, asked over a socket."""

from __future__ import annotations

import hashlib
import http.client
import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from tests import forking
from tests.faults.bad_input import CHINESE, Held, Office, in_both_languages, no_traceback

ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)/")
IMPATIENT = """
import sys
from adapters.disk import sqlite_faults
patience = sqlite_faults.LOCK_TIMEOUT
for module in list(sys.modules.values()):
    if vars(module).get("LOCK_TIMEOUT") is patience:
        module.LOCK_TIMEOUT = 4
"""
SERVE = "import sys; from api.cli.main import main; sys.exit(main(['serve', '--port', '0']))"
"""The command as it is, but for the half minute that nobody wants to wait for a lock."""


class Reply(NamedTuple):
    status: int
    kind: str
    language: str | None
    body: bytes
    retry_after: str | None = None

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Server:
    office: Office
    port: int
    token: str

    def call(self, method: str, path: str, body: Any = None, lang: str = "zh", **headers: str) -> Reply:
        """One request on a connection of its own. Whatever is no text or bytes is sent as JSON."""
        said = {"Authorization": f"Bearer {self.token}", "Accept-Language": lang}
        if not isinstance(body, bytes | None):
            body = json.dumps(body).encode()
        if body is not None and not path.startswith("/uploads"):
            said["Content-Type"] = "application/json"
        said |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, f"/api/v1{path}", body, said)
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        no_traceback(text.decode("utf-8", "replace") if path.startswith("/records") else "")
        found = answer.headers
        return Reply(answer.status, found.get_content_type(), found["Content-Language"], text, found["Retry-After"])

    def refuses(
        self, status: int, code: str, method: str, path: str, body: Any = None, **headers: str
    ) -> tuple[Any, Any]:
        """Problem documents (RFC 9457) in both languages, with our code. That nothing was done, `unchanged` sees."""
        found = []
        for lang in ("zh", "en"):
            reply = self.call(method, path, body, lang, **headers)
            assert reply.kind == "application/problem+json", reply
            said = reply.json
            assert (reply.status, said["status"], said["code"]) == (status, status, code), reply
            assert (reply.language, said["type"]) == (lang, f"urn:jianzheng:problem:{code}"), reply
            assert said["detail"] == said["message"]
            found.append(said)
        zh, en = found
        in_both_languages(zh["message"], en["message"])
        assert CHINESE.search(zh["title"])
        assert not CHINESE.search(en["title"])
        return zh, en

    def sent(self, data: bytes) -> str:
        """The digest of a file that was uploaded."""
        reply = self.call("POST", "/uploads", data)
        assert (reply.status, reply.json["size"]) == (201, len(data)), reply
        return hashlib.sha256(data).hexdigest()

    def settled(self) -> Held:
        """What the archive holds, once the server has integrated all events and every upload has ended."""
        for _ in range(600):
            held = self.office.held()
            if int(held.checkpoint.split(b"\n")[1]) == held.events and not any(
                name.startswith("incoming.") for name in held.staged
            ):
                return held
            time.sleep(0.05)
        raise AssertionError("the server does not come to rest")

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """Nothing that happens within is stored: no event, no file, nothing staged, no new checkpoint."""
        before = self.settled()
        yield
        assert self.settled() == before

    def connected(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)


def clerk(office: Office) -> str:
    """The token of a clerk of the school."""
    added = office(
        "user", "add", "clerk-01", "--role", "clerk", "--org", "school-01", JIANZHENG_PASSWORD="four quiet words"
    )
    assert added.code == 0, added
    return str(office("user", "token", "clerk-01", "--json").json["token"])


@contextmanager
def serving(office: Office, prefix: tuple[str, ...] = (), patch: str = IMPATIENT) -> Iterator[Server]:
    """``prefix`` goes before the command, ``patch`` is Python that runs before it."""
    with started(office, clerk(office), patch, prefix) as server:
        yield server


@contextmanager
def started(office: Office, token: str, patch: str = IMPATIENT, prefix: tuple[str, ...] = ()) -> Iterator[Server]:
    """The server alone. Ends it as an operator does; its log holds no traceback."""
    log = Path(office.folder).parent / f"{office.folder.name}-server.log"
    with log.open("wb") as errors:
        process = forking.Popen(
            [*prefix, sys.executable, "-c", f"{patch}\n{SERVE}"], cwd=office.folder,
            env=office.environment(JIANZHENG_LANG="zh"), stdout=subprocess.PIPE, stderr=errors, text=True,
        )  # fmt: skip
        assert process.stdout is not None
        try:
            found = ADDRESS.search(process.stdout.readline())
            assert found, log.read_text("utf-8")
            yield Server(office, int(found[1]), token)
        finally:
            process.terminate()
            code = process.wait(60)
            process.stdout.close()
    no_traceback(log.read_text("utf-8"))
    assert code == 0
