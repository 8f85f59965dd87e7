"""Keeping an archive on the command line: accounts, checks, faults, and a server beside it."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import forking
from tests.cli_world import BACK_ENDS, ITEM, LECTURE, PASSWORD, Shell, make_office, servers


@pytest.fixture(scope="module", params=BACK_ENDS)
def shell(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """One archive of each kind for all tests of this file."""
    with servers(request.param, request) as settings:
        yield make_office(tmp_path_factory.mktemp("office"), settings)


def test_accounts_have_roles_and_the_policy_is_asked(shell: Shell) -> None:
    """A reader may look and not file: exit 4, with the reason; a closed account may nothing."""
    added = shell(
        "user", "add", "reader-01", "--role", "查阅者", "--org", "school-01", "--password-stdin", stdin=PASSWORD
    )
    assert added.code == 0
    assert shell("show", LECTURE, JIANZHENG_USER="reader-01").code == 0
    for line in (("ingest", "材料"), ("withdraw", LECTURE, "--reason", "x"), ("user", "list"), ("index", "rebuild"),
                 ("org", "add", "x", "x"), ("verify",), ("user", "password", "admin", "--password-stdin")):  # fmt: skip
        denied = shell(*line, "--json", JIANZHENG_USER="reader-01", stdin=PASSWORD)
        assert denied.code == 4, (line, denied)
    weak = shell("user", "add", "reader-02", "--role", "reader", "--org", "school-01", JIANZHENG_PASSWORD="123")
    assert (weak.code, "password_too_weak" in weak.err) == (2, True)
    names = [account["username"] for account in shell("user", "list", "--json").json["accounts"]]
    assert names == ["admin", "reader-01"]
    assert shell("user", "grant", "reader-01", "clerk", "--org", "school-01").code == 0
    assert shell("user", "revoke", "reader-01", "clerk", "--org", "school-01").code == 0
    assert shell("user", "token", "reader-01", "--json").json["token"]
    assert shell("user", "close", "reader-01").code == 0
    assert shell("show", LECTURE, JIANZHENG_USER="reader-01").code == 4
    assert shell("show", LECTURE, JIANZHENG_USER="nobody").code == 2


def test_the_directory_is_listed(shell: Shell) -> None:
    """Organisations as a tree, people with their posts."""
    assert shell("org", "list").out.splitlines()[1].startswith("  school-01  第一小学")
    people = shell("person", "list", "--org", "school-01", "--json").json["people"]
    assert [p["name"] for p in people] == ["王芳", "张敏"]
    assert shell("person", "post", "wang-fang", "--org", "school-01", "--post", "委员").code == 0
    assert shell("person", "leave", "wang-fang", "--org", "school-01", "--post", "委员", "--on", "2024-01-01").code == 0
    again = shell("org", "add", "school-01", "第一小学", "--json")
    assert (again.code, again.json["error"]["code"]) == (2, "already_there")
    assert shell("org", "add", "School 2", "第二小学", "--json").json["error"]["code"] == "bad_code"
    assert shell("org", "rename", "school-01", "第一小学").code == 0


def test_check_and_index_say_how_things_are(shell: Shell, tmp_path: Path) -> None:
    """All is well on a fresh archive; without one the answer names what is missing."""
    answer = shell("check", "--json")
    assert (answer.code, answer.json["ok"]) == (0, True)
    assert {"archive", "account", "database", "ledger", "files", "search", "space", "fonts"} <= {
        check["name"] for check in answer.json["checks"]
    }
    nothing = shell("check", "--json", JIANZHENG_HOME=str(tmp_path / "nowhere"))
    assert (nothing.code, nothing.json["ok"]) == (3, False)
    assert shell("index", "rebuild", "--json").code == 0
    assert shell("index", "retry", "--all", "--json").code == 0
    assert shell("index", "status", "--json").json["search"]["behind"] == 0


def test_a_second_init_touches_nothing(shell: Shell) -> None:
    """It says what exists, exit 2."""
    answer = shell("init", "--name", "别的", "--json", JIANZHENG_LANG="en")
    assert (answer.code, answer.json["error"]["code"]) == (2, "archive_exists")
    assert "某区教育局" in answer.json["error"]["message"]


def test_init_needs_a_password(tmp_path: Path) -> None:
    """Without a terminal and without the variable there is nobody to ask, and nothing is made."""
    answer = Shell(tmp_path)("init", JIANZHENG_ADMIN_PASSWORD="")
    assert answer.code == 2
    assert "JIANZHENG_ADMIN_PASSWORD" in answer.err
    assert not list(tmp_path.iterdir())
    weak = Shell(tmp_path)("init", JIANZHENG_ADMIN_PASSWORD="1234", JIANZHENG_HOME=str(tmp_path / "weak"))
    assert (weak.code, "password_too_weak" in weak.err) == (2, True)


@pytest.mark.parametrize("line", [("show", "x"), ("org", "list"), ("ingest", "."), ("serve",), ("checkpoint",)])
def test_without_an_archive_every_command_says_so(tmp_path: Path, line: tuple[str, ...]) -> None:
    """Exit 2, the code, and what to do."""
    answer = Shell(tmp_path)(*line)
    assert answer.code == 2
    assert "archive_missing" in answer.err
    assert "jianzheng init" in answer.err


def test_errors_are_json_where_json_was_asked_for(shell: Shell) -> None:
    """One document on standard output, nothing on standard error; usage errors as well."""
    for line, code in (
        (("show", "nothing"), "not_found"),
        (("show",), "usage"),
        (("search", "（", "--limit", "0"), "bad_filter"),
    ):
        answer = shell(*line, "--json")
        assert (answer.code, answer.err) == (2, "")
        assert set(answer.json["error"]) >= {"code", "message", "field", "line", "next"}
        assert answer.json["error"]["code"] == code


def test_a_fault_of_the_program_is_a_sentence_and_a_log(shell: Shell) -> None:
    """No traceback: the details are in a file of the archive, or on standard error where they were asked for."""
    code = (
        "import sys; from api.cli import filing, main, commands; from dataclasses import replace\n"
        "def broken(context, args): raise ZeroDivisionError('secret detail')\n"
        "commands.COMMANDS = tuple(replace(c, run=broken) if c.name == 'check' else c for c in commands.COMMANDS)\n"
        "sys.exit(main.main(sys.argv[1:]))"
    )

    def run(*more: str) -> subprocess.CompletedProcess[str]:
        return forking.run(
            [sys.executable, "-c", code, "check", *more],
            cwd=shell.folder, env=shell.environment(), capture_output=True, text=True, check=False,
        )  # fmt: skip

    ran = run()
    assert ran.returncode == 70
    assert "secret" not in ran.stderr
    assert "[internal]" in ran.stderr
    (log,) = (shell.folder / "jianzheng-data" / "logs").iterdir()
    assert "secret detail" in log.read_text("utf-8")
    assert "secret detail" in run("--debug").stderr
    assert json.loads(run("--json").stdout)["error"]["code"] == "internal"


def test_a_reader_that_leaves_early_is_no_error(shell: Shell) -> None:
    """`jianzheng … | head` ends quietly: a new interpreter, as a shell starts it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "api.cli", "show", LECTURE, "--json"],
        cwd=shell.folder, env=shell.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.close()
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, b"")


@pytest.fixture
def server(shell: Shell) -> Iterator[str]:
    """`jianzheng serve` on a free port, ended with a signal: a new interpreter, as an operator starts it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "api.cli", "serve", "--port", "0"],
        cwd=shell.folder, env=shell.environment(), stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    ready = process.stdout.readline()
    address = re.search(r"http://[\d.:]+/", ready)
    assert address, ready
    yield address[0]
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0
    process.stdout.close()


def test_a_server_and_commands_share_an_archive(shell: Shell, server: str, tmp_path: Path) -> None:
    """While it serves, a command files a record and finds it; a taken port is an error of its own."""
    with urllib.request.urlopen(server + "healthz") as answer:
        assert answer.status == 200
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "record.yaml").write_text(ITEM.replace("教学楼线路老化", "围墙开裂"), "utf-8")
    assert shell("ingest", str(tmp_path / "a")).code == 0
    assert shell("search", "围墙开裂", "--json").json["total"] == 1
    port = server.rsplit(":", 1)[1].strip("/")
    taken = shell("serve", "--port", port)
    assert (taken.code, "address_taken" in taken.err) == (3, True)


FILE_ONLY = """
import sys
from adapters.home.house import open_archive
from adapters.home.settings import read
house = open_archive(read())
raw = {"organisation": "school-01", "family": "study_session", "form": "党课", "title": sys.argv[1],
       "occurred": {"from": "2023-05-04"}}
print(house.archive.file(house.operator(), raw, []).record.code)
house.close()
"""


def test_workers_do_what_a_server_would(shell: Shell) -> None:
    """Two of them beside each other: what was filed by a program that follows nothing is in ledger and index."""
    workers = [
        forking.Popen(
            [sys.executable, "-m", "api.cli", "work"],
            cwd=shell.folder, env=shell.environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )
        for _ in range(2)
    ]  # fmt: skip
    for worker in workers:
        assert worker.stdout is not None
        assert "后台处理已启动" in worker.stdout.readline()
    filed = forking.run(
        [sys.executable, "-c", FILE_ONLY, "操场翻修"], cwd=shell.folder, env=shell.environment(), capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert filed.returncode == 0, filed.stderr
    deadline = time.monotonic() + 60
    while True:
        status = shell("index", "status", "--json").json
        if not status["ledger"]["behind"] and not status["search"]["behind"]:
            break
        assert time.monotonic() < deadline, status
    assert shell("search", "操场翻修", "--json").json["total"] == 1
    for worker in workers:
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(30) == 0
        worker.stdout.close()  # type: ignore[union-attr]  # it is a pipe
    assert shell("verify").code == 0


def test_tables_on_servers_are_brought_up_to_date(shell: Shell) -> None:
    """An embedded archive has none; on a server a second time changes nothing."""
    answer = shell("migrate", "schema", "--json")
    if not shell.servers:
        assert (answer.code, answer.json["error"]["code"]) == (2, "no_database_server")
    else:
        assert (answer.code, answer.json["before"], answer.json["created"]) == (0, answer.json["after"], [])


def test_a_bad_address_is_refused(shell: Shell) -> None:
    """A port that does not exist, a host that is not ours."""
    assert shell("serve", "--port", "99999").code == 3
    assert shell("serve", "--host", "203.0.113.7").code == 3
