"""An event that no indexer can take in and a file that kills its reader: set aside, shown, in nobody's way, retried."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests import forking
from tests.cli_world import BACK_ENDS, Answer, Shell, make_office, servers

pytestmark = pytest.mark.slow

RECORD = """\
organisation: school-01
family: study_session
form: 党课
title: {title}
occurred: {{from: 2023-05-10}}
"""
FILE_ONLY = """
import sys
from adapters.home.house import open_archive
from adapters.home.settings import read
from domain.records.filing import IncomingFile
house = open_archive(read())
raw = {"organisation": "school-01", "family": "study_session", "form": "党课", "title": sys.argv[1],
       "occurred": {"from": "2023-05-04"}}
files = [IncomingFile(f"{n}.txt", house.blobs.stage(iter([text.encode()])), "text/plain")
         for n, text in enumerate(sys.argv[2:])]
print(house.archive.file(house.operator(), raw, files).record.code)
house.close()
"""


@pytest.fixture(scope="module", params=BACK_ENDS)
def shell(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    with servers(request.param, request) as settings:
        yield make_office(tmp_path_factory.mktemp("office"), settings)


def poison(shell: Shell) -> Path:
    return shell.folder / "poison"


@contextmanager
def running(shell: Shell, *command: str) -> Iterator[str]:
    """A poisoned process in the background; the first line that it says."""
    log = shell.folder / "log"
    with log.open("wb") as errors:
        process = forking.Popen(
            [sys.executable, "-m", "tests.faults.poisoned", *command], cwd=shell.folder,
            env=shell.environment(POISON=str(poison(shell))), stdout=subprocess.PIPE, stderr=errors, text=True,
        )  # fmt: skip
    assert process.stdout is not None
    try:
        yield process.stdout.readline()
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.communicate(timeout=60)
        finally:
            process.kill()  # one that did not end would work on beside the next test
    assert process.returncode == 0, log.read_text("utf-8")


def filed(shell: Shell, title: str, *texts: str) -> str:
    """By a program that follows nothing."""
    ran = forking.run(
        [sys.executable, "-c", FILE_ONLY, title, *texts], cwd=shell.folder, env=shell.environment(),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


def status(shell: Shell) -> Any:
    return shell("index", "status", "--json").json


def until(true: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + 90
    while not (found := true()):
        assert time.monotonic() < deadline, what
        time.sleep(0.1)
    return found


def found(shell: Shell, query: str) -> int:
    answer = json.loads(shell("search", query, "--json").out)
    return int(answer["total"])


def at_rest(now: Any) -> Any:
    return now if not now["search"]["behind"] and not now["text"]["waiting"] else None


def set_aside(shell: Shell, count: int) -> list[Any]:
    return until(lambda: len(aside := status(shell)["aside"]) == count and aside, f"{count} set aside")


def refused_again(shell: Shell, *names: str) -> Answer:
    """The same command where the cause is not mended."""
    ran = forking.run(
        [sys.executable, "-m", "tests.faults.poisoned", "index", "retry", *names, "--json"], cwd=shell.folder,
        env=shell.environment(POISON=str(poison(shell))), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return Answer(ran.returncode, ran.stdout, ran.stderr)


def test_workers_go_on_past_what_they_cannot_take_in(shell: Shell) -> None:
    """Given a poison record and a poison file, then both are set aside, the rest is found, and a retry mends them."""
    poison(shell).touch()
    with running(shell, "work"):
        bad = filed(shell, "一颗毒丸", "好好的附件正文")
        crashing = filed(shell, "附件读不完", "CRASH 后来读完的正文")
        good = filed(shell, "后来的好记录")
        aside = {item["part"]: item for item in set_aside(shell, 2)}
        event, file = aside["search"], aside["text"]
        assert (event["records"], event["error"]["code"], event["state"]) == ([bad], "event_failed", "aside")
        assert (event["file"], event["event"]["version"], event["attempts"], event["next"]) == (None, 1, 3, None)
        assert (file["records"], file["error"]["code"], file["event"]) == ([crashing], "reader_crashed", None)
        assert (len(file["file"]), file["attempts"], file["first"] <= file["last"]) == (64, 3, True)
        assert "must not be kept" not in json.dumps(aside)
        now = until(lambda: at_rest(status(shell)), "everything else is done")
        assert (now["faults"], now["figures"]["behind"], now["ledger"]["behind"]) == ([], 0, 0)
        assert {job["name"].partition("@")[0] for job in now["jobs"]} == {"sweep", "clean-up"}
        assert (found(shell, "后来的好记录"), found(shell, "一颗毒丸"), found(shell, "附件读不完")) == (1, 0, 1)
        assert shell("show", crashing, "--json").json["files"][0]["text_status"] == "damaged"
        told = shell("index", "status", JIANZHENG_LANG="en").out
        assert event["id"] in told and bad in told and "jianzheng index retry" in told
        checks = {check["name"]: check for check in shell("check", "--json").json["checks"]}
        assert checks["background"]["state"] == "warning"

        again = refused_again(shell, bad)
        assert (again.code, [item["id"] for item in again.json["still"]]) == (1, [event["id"]])
        assert (good, len(set_aside(shell, 2))) == (good, 2)

    poison(shell).unlink()
    answer = shell("index", "retry", "--all", "--json")
    assert (answer.code, sorted(answer.json["mended"])) == (0, sorted([event["id"], file["id"]])), answer
    assert (found(shell, "一颗毒丸"), found(shell, "好好的附件正文"), found(shell, "后来读完的正文")) == (1, 1, 1)
    after = status(shell)
    assert (after["aside"], after["failing"], after["text"]["aside"]) == ([], [], [])
    checks = {check["name"]: check for check in shell("check", "--json").json["checks"]}
    assert checks["background"]["state"] == "ok"
    assert (shell("index", "retry", "--all", "--json").json["retried"], shell("verify").code) == (0, 0)


def test_a_server_does_the_same(shell: Shell) -> None:
    """Shown and tried again over HTTP; what is mended is taken in by the server itself."""
    poison(shell).touch()
    token = shell("user", "token", "admin", "--json").json["token"]
    with running(shell, "serve", "--port", "0") as said:
        address = re.search(r"http://\S+?/", said)
        assert address, said

        def ask(path: str, body: Any = None) -> Any:
            request = urllib.request.Request(
                f"{address[0]}api/v1/index/{path}", None if body is None else json.dumps(body).encode(),
                {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Accept-Language": "en"},
            )  # fmt: skip
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)

        filed(shell, "第二颗毒丸")
        filed(shell, "又一个附件", "CRASH 网页重试的正文")
        aside = until(lambda: len(items := ask("status")["aside"]) == 2 and items, "both set aside")
        assert {item["error"]["message"].isascii() for item in aside} == {True}
        filed(shell, "服务照常编入")
        until(lambda: found(shell, "服务照常编入"), "the good record is found")
        poison(shell).unlink()
        assert ask("retry", {"items": [aside[0]["id"]]}) == {"retried": 1}
        assert ask("retry", {"all": True})["retried"] in (1, 2)
        until(lambda: not ask("status")["aside"] and not ask("status")["failing"], "both mended")
        until(lambda: found(shell, "第二颗毒丸") and found(shell, "网页重试的正文"), "both are found")


def test_a_rebuild_clears_what_is_mended_and_keeps_what_is_not(shell: Shell) -> None:
    """After an upgrade the new index has what the old one lacked; what still fails is set aside again."""
    poison(shell).touch()
    with running(shell, "work"):
        filed(shell, "第三颗毒丸")
        [event] = set_aside(shell, 1)
    poison(shell).unlink()
    assert shell("index", "rebuild").code == 0
    assert (status(shell)["aside"], status(shell)["failing"], found(shell, "第三颗毒丸")) == ([], [], 1)
    unknown = shell("index", "retry", event["id"], "--json")
    assert (unknown.code, unknown.json["error"]["code"]) == (2, "not_found")
    assert shell("index", "retry").code == shell("index", "retry", "--all", "x").code == 2
