"""`jianzheng check` without an archive: asking a process that runs, and what is told of the machine."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from adapters.home.settings import read
from adapters.postgres.condition import _clocks
from api.cli import checks
from api.cli.context import Context
from api.cli.main import main

PARTS = dict.fromkeys(("events", "ledger", "files", "search"), "ok")


def asked(address: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, Any]:
    """Exit code and answer of a command that says nothing else."""
    code = main(["check", "--server", address, "--json"])
    said = capsys.readouterr()
    assert said.err == ""
    return code, json.loads(said.out)


@pytest.mark.parametrize(("status", "part", "code"), [(200, "ok", 0), (503, "database_unreachable", 3)])
def test_a_server_says_what_it_reaches(status: int, part: str, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Its parts are the answer, whatever its status; exit 3 where it cannot work."""
    parts = {**PARTS, "events": part}
    with answering(status, json.dumps({"status": "?", "parts": parts}).encode()) as address:
        assert asked(address, capsys) == (code, {"ok": code == 0, "parts": parts})
        assert main(["check", "--server", address + "/"]) == code
        assert f"events  {part}" in capsys.readouterr().out


def test_what_is_no_server_of_ours_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Somebody else's page, half an answer, and nobody at all."""
    for body in (b"a page", b"[]", b"{}", b'{"parts": {"events": "ok"}}'):
        with answering(200, body) as address:
            code, document = asked(address, capsys)
            assert (code, document["error"]["code"]) == (3, "server_silent")
    code, document = asked(address, capsys)
    assert (code, document["error"]["code"]) == (3, "server_silent")


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1:8000", "ftp://127.0.0.1/", "http://", "http://127.0.0.1:99999", "http://a:b@127.0.0.1", "http://[::1"],
)
def test_what_is_no_address_is_refused(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Before anybody is asked."""
    code, document = asked(address, capsys)
    assert (code, document["error"]["code"]) == (2, "server_address_invalid")


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    """A server that says one thing."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert self.path == "/readyz"
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def test_the_kind_of_file_system_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the kernel says; on one of another machine SQLite is unsafe, and files on servers are not."""
    assert checks._file_system(Path("/proc/self")) == "proc"
    monkeypatch.setattr(checks, "_file_system", lambda _: "nfs4")
    (tmp_path / "home").mkdir(mode=0o700)
    environment = {"JIANZHENG_HOME": str(tmp_path / "home")}
    answers = dict(checks.checks(Context(read(environment), environment, json=True)))
    assert [remark.code for remark in answers["home"].unsafe] == ["sqlite_on_network"]
    assert answers["archive"].missing and "database" not in answers


def test_the_clocks_are_compared() -> None:
    """A difference that the way there and back does not explain is told in seconds."""
    assert _clocks(100.0, 99.0, 101.0) == []
    assert _clocks(100.0, 103.0, 104.9) == []
    for before, after in ((160.0, 161.0), (39.0, 40.0)):
        [remark] = _clocks(100.0, before, after)
        assert (remark.code, "60" in remark.zh) == ("clocks_differ", True)
