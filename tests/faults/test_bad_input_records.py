"""A wrong ``record.yaml``: file, line, field and what is accepted are named, and nothing of it is stored."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cli_world import Answer
from tests.faults.bad_input import PLAIN, Office, in_both_languages, lecture_folder


class Bad(NamedTuple):
    """A record, and what is said of it: ``zh`` and ``en`` stand in the message."""

    text: str | bytes
    code: str
    field: str | None
    line: int | None
    zh: str = ""
    en: str = ""


def said(old: str, new: str) -> str:
    assert old in PLAIN
    return PLAIN.replace(old, new)


BAD: dict[str, Bad] = {
    "unknown key": Bad(PLAIN + "weather: 晴\n", "record_invalid", "weather", 11, "weather", "weather"),
    "unknown family": Bad(said("study_session", "party"), "record_invalid", "family", 2, "学习会议", "study_session"),
    "unknown form": Bad(said("form: 党课", "form: 舞会"), "record_invalid", "form", 3, "主题党日", "party_lecture"),
    "unknown choice": Bad(PLAIN + "retention: 20y\n", "record_invalid", "retention", 11, "永久", "permanent"),
    "end before start": Bad(said("to: 2023-04-21T16", "to: 2023-04-21T13"), "record_invalid", "occurred.to", 5),
    "more present": Bad(said("present: 22", "present: 30"), "record_invalid", "attendance.present", 7, "30", "30"),
    "not a number": Bad(said("hours: 2", "hours: 两小时"), "record_invalid", "hours", 8, "两小时", "两小时"),
    "unknown organisation": Bad(
        said("school-01", "school-99"), "not_found", "organisation", 1, "school-99", "school-99"
    ),
    "duplicate key": Bad(PLAIN + "title: 又一个\n", "record_syntax", None, 11, "title", "title"),
    "bad YAML": Bad(said("hours: 2", "hours: [2"), "record_syntax", None, 9),
    "tab": Bad(said("hours: 2", "hours:\n\t- 2"), "record_syntax", None, 9, "制表符", "token"),
    "wrong encoding": Bad(PLAIN.encode("gb18030"), "record_unreadable", None, 3, "UTF-8", "UTF-8"),
    "empty": Bad("", "record_syntax", None, 1, "名称", "mapping"),
    "huge": Bad(PLAIN + "# " + "x" * 5_000_000, "record_unreadable", None, None, "5 MB", "5 MB"),
    "deep": Bad(PLAIN + "decisions: " + "[" * 1000 + "]" * 1000, "record_syntax", None, 11, "层", "levels"),
    "alias bomb": Bad("a: &a [x]\nb: &b [*a, *a]\n" + PLAIN, "record_syntax", None, 1, "锚点", "anchors"),
    "tag": Bad(said("hours: 2", "hours: !!python/object:os.system x"), "record_syntax", None, 8, "标签", "tag"),
    "control character": Bad(said("大家", "大\x07家"), "record_syntax", None, 10, "控制字符", "control"),
    "file that is not there": Bad(PLAIN + "files: {没有.jpg: {role: photo}}\n", "record_invalid", "files.没有.jpg", 11,
                                  "没有.jpg", "没有.jpg"),
    "name with a folder": Bad(PLAIN + "files: {../a.txt: {role: photo}}\n", "record_invalid", "files.../a.txt", 11,
                              "目录", "folders"),
    "absolute name": Bad(PLAIN + "files: {/etc/passwd: {role: photo}}\n", "record_invalid", "files./etc/passwd", 11,
                         "目录", "folders"),
    "only dots": Bad(PLAIN + "files: {..: {role: photo}}\n", "record_invalid", "files...", 11, "目录", "folders"),
    "unknown role": Bad(PLAIN + "files: {记录.txt: {role: 自拍}}\n", "record_invalid", "files.记录.txt.role", 11,
                        "照片（photo）", "attendance_sheet"),
}  # fmt: skip


@pytest.fixture(scope="module")
def ingested(office: Office, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Answer]:
    """All bad folders in one call, as JSON and for people, in both languages. None of them stores a thing."""
    folder = tmp_path_factory.mktemp("bad")
    for name, bad in BAD.items():
        (place := folder / name).mkdir()
        (place / "记录.txt").write_text("附件", "utf-8")
        data = bad.text if isinstance(bad.text, bytes) else bad.text.encode()
        (place / "record.yaml").write_bytes(data)
    before = office.held()
    calls = {
        f"{lang}{form}": partial(office, "ingest", str(folder), *form.split(), JIANZHENG_LANG=lang)
        for lang in ("zh", "en")
        for form in ("--json", "")
    }
    answers = dict(zip(calls, office.at_once(calls.values()), strict=True))
    assert office.held() == before
    return answers


@pytest.mark.parametrize("name", BAD)
def test_a_wrong_record_names_file_line_field_and_what_is_accepted(ingested: dict[str, Answer], name: str) -> None:
    """Its own code, the place down to the line, accepted values; as JSON and for people, in both languages; exit 2."""
    bad, messages = BAD[name], {}
    for lang in ("zh", "en"):
        answer = ingested[f"{lang}--json"]
        assert (answer.code, answer.err) == (2, "")
        (failed,) = [f for f in answer.json["failed"] if f["path"].endswith(f"/{name}")]
        assert (failed["code"], failed["field"], failed["line"]) == (bad.code, bad.field, bad.line), failed
        assert getattr(bad, lang) in failed["message"]
        messages[lang] = failed["message"]
        shown = ingested[lang]
        assert shown.code == 2
        place = f"{name}/record.yaml" + (f":{bad.line}" if bad.line else "")
        assert f"[{bad.code}] " in shown.err
        assert place in shown.err
    in_both_languages(messages["zh"], messages["en"])


def test_bad_folders_do_not_stop_good_ones(broken: Office, tmp_path: Path) -> None:
    """The good record is filed, the bad one named, and the exit code says that something was wrong."""
    (lecture_folder(tmp_path / "in" / "a") / "record.yaml").write_text("[", "utf-8")
    lecture_folder(tmp_path / "in" / "b")
    answer = broken("ingest", str(tmp_path / "in"), "--json")
    assert answer.code == 2
    assert [len(answer.json[key]) for key in ("filed", "failed")] == [1, 1]
    broken.is_sound()
