"""Records on the command line: real processes, exit codes, JSON on standard output and nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.behind import write_over
from tests.cli_world import BACK_ENDS, LECTURE, RECORD, REPAIR, Shell, make_office, servers


@pytest.fixture(scope="module", params=BACK_ENDS)
def shell(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """One archive of each kind for all tests of this file."""
    with servers(request.param, request) as settings:
        yield make_office(tmp_path_factory.mktemp("office"), settings)


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
    assert shell("search", "--from", "昨天", "--json").json["error"]["code"] == "bad_date"
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
    """Exit 0 on a sound archive; exit 1 and the file's name where one byte was changed where it lies."""
    sound = shell("verify", "--json")
    assert (sound.code, sound.json["ok"], sound.json["findings"]) == (0, True, [])
    assert set(sound.json["checked"]) == {"events", "files", "bytes"}
    (kept := tmp_path / "checkpoint").write_text(shell("checkpoint").out, "utf-8")
    assert shell("verify", "--since", str(kept), "--sample", "1").code == 0
    digest = shell("show", LECTURE, "--json").json["files"][0]["sha256"]
    original = (shell.folder / "材料" / "党课" / "签到表.txt").read_bytes()
    put_back = write_over(shell.settings(), digest, b"X" + original[1:])
    try:
        answer = shell("verify", "--json")
        assert answer.code == 1
        assert [(f["class"], f["subject"], f["file"]) for f in answer.json["findings"]] == [
            ("altered", "file", "签到表.txt")
        ]
        assert shell("files", LECTURE, "-o", str(tmp_path / "out"), "--json").code == 1
        assert not list((tmp_path / "out").iterdir())
    finally:
        put_back()
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
