"""What the tests of servers that go away share: an archive on real ones behind ``jianzheng serve``, and a visitor."""

from __future__ import annotations

import hashlib
import http.client
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, ParamSpec, TypeVar
from urllib.parse import quote, urlencode
from uuid import uuid4

from tests.cli_world import PASSWORD, make_office
from tests.faults.bad_input import Office, no_traceback
from tests.faults.served import Reply, Server, serving

Args = ParamSpec("Args")
Result = TypeVar("Result")

SOON = 45.0
"""Seconds that nobody waits longer for anything, on however busy a machine, once it is known that a server is away."""

QUICK = """
from adapters.s3 import client
patient = client.Patience
client.Patience = lambda: patient(connect=2, read=3, total=3)
from adapters.postgres import database
database.DOUBT = 1.0
database.Database.__init__.__kwdefaults__["lock_timeout"] = 2.0
from adapters.search.elastic import connection
connection.Connection.__init__.__kwdefaults__["patience"] = 5.0
"""
"""Waits that a test would only sit through, made shorter; what happens at their end is as it is."""

REPAIRED = 120
"""Seconds in which everything goes on by itself after a server is back: far more than it takes."""


class Page(NamedTuple):
    status: int
    text: str
    retry_after: str | None


@dataclass
class Archive:
    """A running archive, asked as a clerk's program (`Server.call`) and as the administrator's browser (`page`)."""

    server: Server
    cookie: str = ""
    csrf: str = ""

    @property
    def office(self) -> Office:
        return self.server.office

    def sign_in(self) -> None:
        """A session of the administrator, for pages."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        said = json.dumps({"username": "admin", "password": PASSWORD})
        connection.request("POST", "/api/v1/session", said, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        self.csrf = json.loads(answer.read())["csrf"]
        connection.close()
        self.cookie = answer.headers["Set-Cookie"].partition(";")[0]

    def page(self, path: str, lang: str = "zh") -> Page:
        """What a browser gets."""
        said = {"Cookie": self.cookie, "Accept": "text/html", "Accept-Language": lang}
        return self._got("GET", path, said)

    def upload(self, data: bytes) -> str:
        """The digest of a file that the browser's script sent."""
        found = self._got("POST", "/api/v1/uploads", {"Cookie": self.cookie, "X-CSRF-Token": self.csrf}, data)
        assert found.status == 201, found
        return str(json.loads(found.text)["sha256"])

    def _got(self, method: str, path: str, headers: dict[str, str], body: str | bytes | None = None) -> Page:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
        finally:
            connection.close()
        no_traceback(text)
        return Page(answer.status, text, answer.headers["Retry-After"])

    def send(self, path: str, fields: dict[str, str], lang: str = "zh") -> Page:
        """What a browser gets for a form that it sends."""
        said = {"Cookie": self.cookie, "Accept": "text/html", "Accept-Language": lang,
                "Content-Type": "application/x-www-form-urlencoded"}  # fmt: skip
        return self._got("POST", path, said, urlencode({"csrf": self.csrf, **fields}))

    def ready(self) -> tuple[int, dict[str, str]]:
        """``/readyz``: its status, and each part's word."""
        found = self.page("/readyz")
        return found.status, json.loads(found.text)["parts"]

    # ── records ─────────────────────────────────────────────────────────────────────────────────────────────────

    def file(self, title: str, files: Sequence[tuple[str, str]] = (), key: str | None = None) -> Reply:
        """File a record; ``files`` are names and digests of what was uploaded. Safe to repeat with the same key."""
        named = [{"name": name, "sha256": sha256} for name, sha256 in files]
        body = {"organisation": "school-01", "family": "study_session", "form": "党课", "title": title, "files": named,
                "occurred": {"from": "2023-04-21T14:30+08:00"}}  # fmt: skip
        return self.server.call("POST", "/records", body, Idempotency_Key=key or uuid4().hex)

    def filed(self, title: str, data: bytes | None = None) -> str:
        """The archival code of a record that was filed, with a file where there is data."""
        files = [] if data is None else [("附件.txt", self.server.sent(data))]
        reply = self.file(title, files)
        assert reply.status == 201, reply
        return str(reply.json["code"])

    def shown(self, code: str) -> Any:
        reply = self.server.call("GET", f"/records/{code}")
        assert reply.status == 200, reply
        return reply.json

    def downloads(self, code: str, data: bytes) -> None:
        """The record's only file is what was filed."""
        name = self.shown(code)["files"][0]["name"]
        reply = self.server.call("GET", f"/records/{code}/files/{http_name(name)}")
        assert (reply.status, hashlib.sha256(reply.body).hexdigest()) == (200, hashlib.sha256(data).hexdigest())

    def found(self, words: str) -> int:
        """How many records a search finds; -1 while it says that it cannot."""
        reply = self.server.call("GET", f"/search?q={http_name(words)}")
        assert reply.status in (200, 503), reply
        return int(reply.json["total"]) if reply.status == 200 else -1

    def in_ledger(self, code: str) -> bool:
        """Whether every act of a record is a leaf of a published tree."""
        leaves = [act["leaf_index"] for act in self.shown(code)["history"]]
        return None not in leaves and max(leaves) < self.published()

    def is_read(self, code: str) -> bool:
        """Whether the text of the record's first file was extracted."""
        return bool(self.shown(code)["files"][0]["text_status"] == "extracted")

    def published(self) -> int:
        """The size in the published checkpoint; 0 while it cannot be read."""
        found = self.page("/ledger/checkpoint")
        assert found.status in (200, 503), found
        return int(found.text.splitlines()[1]) if found.status == 200 else 0

    def unavailable(self, code: str, method: str, path: str, body: Any = None, **headers: str) -> None:
        """A problem document in both languages that says when to come back."""
        self.server.refuses(503, code, method, path, body, **headers)
        assert (self.server.call(method, path, body, **headers).retry_after or "").isdecimal()

    def verifies(self) -> Any:
        """`jianzheng verify` finds nothing; what it checked."""
        answer = self.office("verify", "--json")
        assert (answer.code, answer.json["findings"], answer.json["leftovers"]) == (0, [], []), answer
        return answer.json


@contextmanager
def archive_on(settings: dict[str, str], folder: Path) -> Iterator[Archive]:
    """An office with two records on these servers, and its server process, which nobody restarts."""
    office = Office(make_office(folder, settings).folder, settings)
    with serving(office, patch=QUICK) as server:
        archive = Archive(server)
        archive.sign_in()
        yield archive


def soon(call: Callable[Args, Result], *args: Args.args, **options: Args.kwargs) -> Result:
    """Whoever calls does not wait for a server that is away."""
    began = time.monotonic()
    result = call(*args, **options)
    assert time.monotonic() - began < SOON
    return result


def eventually(true: Callable[[], Any], seconds: float = REPAIRED) -> None:
    """It comes by itself."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.1)


def http_name(text: str) -> str:
    return quote(text, safe="")


def checked(answer_json: Any) -> dict[str, str]:
    """`jianzheng check --json`: each part's state."""
    return {check["name"]: check["state"] for check in answer_json["checks"]}
