"""The command line as its users have it: real processes, exit codes, JSON on standard output and nothing else."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

PASSWORD = "correct horse battery staple"
RECORD = """\
organisation: school-01
family: study_session
form: 党课
title: 专题党课：从历史中汲取力量
occurred: {from: 2023-04-21T14:30+08:00, to: 2023-04-21T16:30+08:00}
chair: 张敏
attendance: {expected: 24, present: 22, on_leave: [{person: 王芳, reason: 病假}, {person: 赵军}]}
hours: 2
body: |
  大家围绕立行立改谈了认识。
files: {签到表.txt: {role: attendance_sheet}}
"""
ITEM = """\
organisation: school-01
family: 整改
form: 问题整改
title: 教学楼线路老化
occurred: {from: 2023-05-06}
problem: 三楼教室的线路已经老化。
deadline: 2023-09-30
term: 立行立改
"""


@dataclass
class Answer:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Shell:
    """Runs commands on one archive."""

    folder: Path

    def __call__(self, *arguments: str, stdin: str = "", **variables: str) -> Answer:
        ran = subprocess.run(
            [sys.executable, "-m", "api.cli", *arguments],
            cwd=self.folder,
            env=self.environment(**variables),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert "Traceback" not in ran.stderr + ran.stdout
        return Answer(ran.returncode, ran.stdout, ran.stderr)

    def environment(self, **variables: str) -> dict[str, str]:
        root = str(Path(__file__).resolve().parents[2])
        found = {name: value for name, value in os.environ.items() if not name.startswith("JIANZHENG_")}
        return {**found, "PYTHONPATH": root, "JIANZHENG_ADMIN_PASSWORD": PASSWORD, **variables}


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """An archive with a school, two people and two records, made by commands."""
    run = Shell(tmp_path_factory.mktemp("office"))
    for line in (
        ("init", "--name", "某区教育局", "--origin", "archive.example/2023"),
        ("org", "add", "school-01", "第一小学", "--kind", "school"),
        ("person", "add", "zhang-min", "张敏", "--org", "school-01", "--post", "书记"),
        ("person", "add", "wang-fang", "王芳", "--org", "school-01"),
    ):
        assert run(*line).code == 0
    for name, text in (("党课", RECORD), ("整改", ITEM)):
        (run.folder / "材料" / name).mkdir(parents=True)
        (run.folder / "材料" / name / "record.yaml").write_text(text, "utf-8")
    (run.folder / "材料" / "党课" / "签到表.txt").write_text("张敏 王芳 签到", "utf-8")
    answer = run("ingest", "材料", "--json")
    assert (answer.code, answer.err) == (0, "")
    assert [f["path"] for f in answer.json["filed"]] == ["材料/党课", "材料/整改"]
    return run


LECTURE, REPAIR = "school-01-2023-0001", "school-01-2023-0002"


def test_ingest_again_changes_nothing(shell: Shell) -> None:
    """The same folder is `unchanged`, with the keys of the contract."""
    answer = shell("ingest", "材料", "--json").json
    assert (answer["filed"], answer["failed"]) == ([], [])
    first = answer["unchanged"][0]
    assert {"path", "record", "code", "version", "files"} <= set(first)
    assert set(first["files"][0]) == {"name", "sha256", "size"}


def test_a_bad_record_names_file_line_field_and_what_is_accepted(shell: Shell, tmp_path: Path) -> None:
    """Every problem with its own line, in the words of the language; exit 2, and the good one is filed."""
    text = RECORD.replace("form: 党课", "form: 党课课").replace("files: {签到表.txt: {role: attendance_sheet}}\n", "")
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "record.yaml").write_text(text, "utf-8")
    answer = shell("ingest", str(tmp_path), "--json")
    assert answer.code == 2
    (failed,) = answer.json["failed"]
    assert (failed["code"], failed["field"], failed["line"]) == ("record_invalid", "form", 3)
    assert "主题党日" in failed["message"]
    said = shell("ingest", str(tmp_path), JIANZHENG_LANG="en")
    assert said.code == 2
    assert "record.yaml:3 form: " in said.err
    assert "party_lecture" in said.err


def test_all_problems_of_a_record_are_printed(shell: Shell, tmp_path: Path) -> None:
    """A clerk mends them in one go."""
    (tmp_path / "record.yaml").write_text(RECORD.replace("hours: 2", "hours: 两小时\nretention: 20y"), "utf-8")
    answer = shell("ingest", str(tmp_path))
    places = re.findall(r"record\.yaml:(\d+) ([^：\s]+)：", answer.err)
    assert places == [("8", "hours"), ("9", "retention"), ("12", "files.签到表.txt")]


def test_show_has_the_keys_of_the_contract(shell: Shell) -> None:
    """Content, files with the state of their text, history with leaf indices, gaps in both languages."""
    record = shell("show", LECTURE, "--json").json
    assert {
        "record",
        "code",
        "version",
        "status",
        "organisation",
        "family",
        "form",
        "title",
        "files",
        "history",
    } <= set(record)
    assert (record["version"], record["status"], record["form"]) == (1, "filed", "party_lecture")
    assert record["chair"] == {"name": "张敏", "person": "zhang-min"}
    assert set(record["files"][0]) == {"name", "sha256", "size", "media_type", "role", "text_status"}
    assert record["files"][0]["text_status"] == "extracted"
    filed = record["history"][0]
    assert {"version", "event", "at", "by", "leaf_index", "reason"} <= set(filed)
    assert (filed["event"], filed["by"]) == ("filed", "admin")
    assert isinstance(filed["leaf_index"], int)
    assert {"code": "no_reason", "field": "attendance.on_leave.1.reason", "zh": "请假没有写原因：赵军",
            "en": "an absence has no reason: 赵军"} in record["gaps"]  # fmt: skip
    assert record["late"] is True
    assert shell("show", record["record"], "--json").json["code"] == LECTURE


def test_show_speaks_to_people(shell: Shell) -> None:
    """Names of fields, of the form and of the organisation, in the reader's language."""
    chinese, english = shell("show", LECTURE).out, shell("show", LECTURE, JIANZHENG_LANG="en").out
    assert "第一小学" in chinese
    assert "主持人: 张敏" in chinese
    assert "待补" in chinese
    assert "party lecture" in english
    assert "History" in english


def test_search_finds_text_of_records_and_files(shell: Shell) -> None:
    """Hits, snippets with exact marks, facets, and a cursor to the next page."""
    answer = shell("search", "签到", "--json").json
    assert {"total", "took_ms", "hits", "facets", "next"} <= set(answer)
    hit = next(h for h in answer["hits"] if h["code"] == LECTURE)
    assert {"record", "code", "title", "organisation", "family", "form", "occurred_on", "recorded_at"} <= set(hit)
    snippet = next(s for s in hit["snippets"] if s["source"] == "签到表.txt")
    assert [snippet["text"][a:b] for a, b in snippet["marks"]] == ["签到"] * len(snippet["marks"])
    assert {"value": "study_session", "count": 1} in answer["facets"]["family"]
    page = shell("search", "--limit", "1", "--sort", "oldest", "--json").json
    assert page["total"] == 2
    rest = shell("search", "--limit", "1", "--sort", "oldest", "--cursor", page["next"], "--json").json
    assert {page["hits"][0]["code"], rest["hits"][0]["code"]} == {LECTURE, REPAIR}


def test_search_filters_by_words_people_use(shell: Shell) -> None:
    """Chinese names of families and forms, dates, organisations; a wrong one names what is accepted."""
    assert shell("search", "--family", "整改", "--json").json["total"] == 1
    assert shell("search", "--form", "党课", "--from", "2023-04-21", "--to", "2023-04-21", "--json").json["total"] == 1
    assert shell("search", "--person", "zhang-min", "--org", "school-01", "--json").json["total"] == 1
    wrong = shell("search", "--family", "会议", "--json")
    assert wrong.code == 2
    assert "study_session" in wrong.json["error"]["message"]
    assert shell("search", "--from", "昨天", "--json").json["error"]["code"] == "bad_filter"
    assert shell("search", "--cursor", "xx", "--json").json["error"]["code"] == "cursor_invalid"


def test_files_come_out_as_they_went_in(shell: Shell, tmp_path: Path) -> None:
    """Under their own names; again is harmless; another file of that name is never overwritten."""
    answer = shell("files", LECTURE, "-o", str(tmp_path / "out"), "--json")
    assert [f["path"] for f in answer.json["files"]] == ["签到表.txt"]
    assert (tmp_path / "out" / "签到表.txt").read_text("utf-8") == "张敏 王芳 签到"
    assert shell("files", LECTURE, "-o", str(tmp_path / "out")).code == 0
    (tmp_path / "out" / "签到表.txt").write_text("mine", "utf-8")
    refused = shell("files", LECTURE, "-o", str(tmp_path / "out"), "--json")
    assert (refused.code, refused.json["error"]["code"]) == (2, "output_exists")
    assert (tmp_path / "out" / "签到表.txt").read_text("utf-8") == "mine"
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["签到表.txt"]


def test_the_life_of_a_record(shell: Shell, tmp_path: Path) -> None:
    """Filed, corrected, attached to, signed off, returned, withdrawn: what it was can be seen again."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "record.yaml").write_text(
        RECORD.replace("files:", "remarks: 初稿\n#").replace("专题", "另一次"), "utf-8"
    )
    code = shell("ingest", str(tmp_path / "a"), "--json").json["filed"][0]["code"]
    size = int(shell("checkpoint", "--json").json["tree_size"])

    mended = tmp_path / "更正.yaml"
    mended.write_text(RECORD.replace("expected: 24", "expected: 25").replace("签到表.txt", "新签到表.txt"), "utf-8")
    (tmp_path / "新签到表.txt").write_text("新的签到表", "utf-8")
    answer = shell("correct", code, str(mended), "--reason", "应到人数写错", "--json").json
    assert (answer["version"], answer["changed"], answer["attendance"]["expected"]) == (2, True, 25)
    assert [f["name"] for f in answer["files"]] == ["新签到表.txt"]
    assert shell("correct", code, str(mended), "--reason", "再来一次", "--json").json["changed"] is False

    (tmp_path / "照片.jpg").write_bytes(b"\xff\xd8\xff\xe0 photo")
    attached = shell("attach", code, str(tmp_path / "照片.jpg"), "--role", "照片", "--json").json
    assert [(f["name"], f["role"]) for f in attached["files"]][-1] == ("照片.jpg", "photo")
    assert shell("sign-off", code, "--remark", "属实", "--json").json["status"] == "signed"
    assert shell("return", code, "--reason", "缺决议", "--json").json["status"] == "returned"
    assert shell("withdraw", code, "--reason", "重复", "--json").json["status"] == "withdrawn"
    again = shell("sign-off", code, "--json")
    assert (again.code, again.json["error"]["code"]) == (2, "act_not_possible")

    events = [act["event"] for act in shell("show", code, "--json").json["history"]]
    assert events == ["filed", "corrected", "attached", "signed_off", "returned", "withdrawn"]
    assert shell("show", code, "--version", "1", "--json").json["attendance"]["expected"] == 24
    then = shell("show", code, "--as-of", str(size), "--json").json
    assert (then["version"], then["status"], len(then["history"])) == (1, "filed", 1)
    before = shell("show", code, "--as-of", "1", "--json")
    assert (before.code, before.json["error"]["code"]) == (2, "not_found")
    assert shell("show", code, "--as-of", "999999", "--json").json["error"]["code"] == "tree_size_not_reached"
    assert shell("show", code, "--as-of", "去年", "--json").json["error"]["code"] == "bad_instant"
    assert shell("show", code, "--version", "9", "--json").json["error"]["code"] == "not_found"
    assert shell("show", code, "--version", "1", "--as-of", "3", "--json").json["error"]["code"] == "choose_one"


def test_a_correction_names_its_file_and_line(shell: Shell, tmp_path: Path) -> None:
    """Like a record: file, line, field."""
    (path := tmp_path / "更正.yaml").write_text(RECORD.replace("present: 22", "present: 30"), "utf-8")
    error = shell("correct", LECTURE, str(path), "--reason", "x", "--json").json["error"]
    assert (error["file"], error["line"]) == (str(path), 7)
    assert shell("correct", LECTURE, "没有.yaml", "--reason", "x").code == 2


def test_the_life_of_a_rectification_item(shell: Shell) -> None:
    """Progress, closing with the record that proves it, and nothing after that."""
    assert (
        shell("progress", REPAIR, "已更换线路", "--on", "2023-08-01", "--json").json["item"]["state"] == "in_progress"
    )
    closed = shell("close", REPAIR, "复查合格", "--evidence", LECTURE, "--on", "2023-09-01", "--json").json
    assert closed["item"] == {"state": "closed", "closed_on": "2023-09-01"}
    assert shell("progress", REPAIR, "再补一笔", "--json").json["error"]["code"] == "item_closed"
    assert shell("progress", LECTURE, "不是整改", "--json").json["error"]["code"] == "not_an_item"


def test_verify_finds_nothing_and_then_what_was_touched(shell: Shell, tmp_path: Path) -> None:
    """Exit 0 on a sound archive; exit 1 and the file's name where one byte was changed on disk."""
    sound = shell("verify", "--json")
    assert (sound.code, sound.json["ok"], sound.json["findings"]) == (0, True, [])
    assert set(sound.json["checked"]) == {"events", "files", "bytes"}
    (kept := tmp_path / "checkpoint").write_text(shell("checkpoint").out, "utf-8")
    assert shell("verify", "--since", str(kept), "--sample", "1").code == 0
    digest = shell("show", LECTURE, "--json").json["files"][0]["sha256"]
    path = next((shell.folder / "jianzheng-data" / "files").rglob(digest))
    original = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(b"X" + original[1:])
    try:
        answer = shell("verify", "--json")
        assert answer.code == 1
        assert [(f["class"], f["subject"], f["file"]) for f in answer.json["findings"]] == [
            ("altered", "file", "签到表.txt")
        ]
        assert shell("files", LECTURE, "-o", str(tmp_path / "out"), "--json").code == 1
        assert not list((tmp_path / "out").iterdir())
    finally:
        path.write_bytes(original)
        path.chmod(0o444)
    assert shell("verify").code == 0


def test_reports_are_made_issued_and_checked(shell: Shell, tmp_path: Path) -> None:
    """The same checkpoint gives the same bytes; an issued file is recognised, a changed one is not."""
    for name in ("a.json", "b.json"):
        made = shell("report", "annual", "--org", "school-01", "--year", "2023", "-o", name, "--as-of", "9", "--json")
        assert made.code == 0
    report = json.loads((shell.folder / "a.json").read_bytes())
    assert {"organisation", "year", "as_of", "figures", "sections"} <= set(report)
    assert (shell.folder / "a.json").read_bytes() == (shell.folder / "b.json").read_bytes()
    issued = shell(
        "report", "issue", "--org", "school-01", "--year", "2023", "-o", str(tmp_path), "--format", "html", "--json"
    )
    assert issued.json["changed"] is True
    (path := tmp_path / "school-01-2023.html").write_bytes(path.read_bytes())
    assert shell("report", "verify", str(path), "--json").json["ok"] is True
    path.write_bytes(path.read_bytes() + b" ")
    assert shell("report", "verify", str(path)).code == 1
    said = shell("report", "annual", "--org", "school-01", "--year", "2023").out
    assert "学习会议: 1" in said
    assert shell("report", "annual", "--org", "school-01", "--year", "2023", "-o", "x.odt", "--json").code == 2
    assert shell("report", "annual", "--org", "nobody", "--year", "2023", "--json").json["error"]["code"] == "not_found"


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
        return subprocess.run(
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
    """`jianzheng … | head` ends quietly."""
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
    """`jianzheng serve` on a free port."""
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


def test_a_bad_address_is_refused(shell: Shell) -> None:
    """A port that does not exist, a host that is not ours."""
    assert shell("serve", "--port", "99999").code == 3
    assert shell("serve", "--host", "203.0.113.7").code == 3
