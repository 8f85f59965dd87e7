"""Commands that are called wrongly: exit 2, or 4 where the policy says no; nothing is done."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest

from tests.cli_world import LECTURE
from tests.faults.bad_input import Office, in_both_languages, lecture_folder

READER = {"JIANZHENG_USER": "reader-01"}
CALLS: dict[str, tuple[tuple[str, ...], str, int, dict[str, str]]] = {
    "unknown code": (("show", "school-01-2023-9999"), "not_found", 2, {}),
    "no code at all": (("files", "nothing", "-o", "out"), "not_found", 2, {}),
    "unknown organisation": (("ingest", "材料", "--org", "school-99"), "not_found", 2, {}),
    "unknown year": (("report", "annual", "--org", "school-01", "--year", "1"), "year_invalid", 2, {}),
    "unknown user": (("show", LECTURE), "not_found", 2, {"JIANZHENG_USER": "nobody"}),
    "no reason": (("withdraw", LECTURE, "--reason", " "), "reason_missing", 2, {}),
    "a correction that is not there": (("correct", LECTURE, "没有.yaml", "--reason", "x"), "not_found", 2, {}),
    "an attachment that is not there": (("attach", LECTURE, "没有.jpg"), "file_vanished", 2, {}),
    "an attachment that is a folder": (("attach", LECTURE, "材料"), "not_a_file", 2, {}),
    "usage": (("show",), "usage", 2, {}),
    "a query without end": (("search", "食堂 " * 1000), "query_invalid", 2, {}),
    "a second init": (("init", "--name", "别的", "--origin", "other.example/1"), "archive_exists", 2, {}),
    "a reader withdraws": (("withdraw", LECTURE, "--reason", "x"), "not_allowed", 4, READER),
    "a reader attaches": (("attach", LECTURE, "材料/党课/签到表.txt"), "not_allowed", 4, READER),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_wrong_call_says_what_is_wrong(office: Office, name: str) -> None:
    """To a person in Chinese, to a script in English: the code, the exit code and a sentence; nothing was done."""
    arguments, code, exit_code, variables = CALLS[name]
    before = office.held()
    shown, document = office.at_once(
        [
            partial(office, *arguments, JIANZHENG_LANG="zh", **variables),
            partial(office, *arguments, "--json", JIANZHENG_LANG="en", **variables),
        ]
    )
    error = document.json["error"]
    assert (shown.code, document.code, error["code"]) == (exit_code, exit_code, code)
    assert f"[{code}]" in shown.err
    in_both_languages(shown.err, error["message"])
    assert office.held() == before


def test_a_query_is_never_too_odd(office: Office) -> None:
    """Punctuation that means something to other programs is text; a search with it finds or does not find."""
    before = office.held()
    for answer in office.at_once(
        [partial(office, "search", query, "--json") for query in ("( a", '"', "党-员", "a:b", ") OR (", "*")]
    ):
        assert (answer.code, answer.err) == (0, ""), answer
    assert office.held() == before


def test_paths_that_cannot_be_filed_are_named(office: Office, tmp_path: Path) -> None:
    """A path that is absent, an empty folder, a pipe that would block, a subfolder, a link that leads out."""
    (tmp_path / "empty").mkdir()
    for name in ("pipe", "sub", "link"):
        lecture_folder(tmp_path / name, name)
    os.mkfifo(tmp_path / "pipe" / "p")
    (tmp_path / "sub" / "照片").mkdir()
    (tmp_path / "link" / "l.txt").symlink_to("/etc/passwd")
    names = {"absent": "path_missing", "empty": "nothing_to_file", "link": "outside_folder", "pipe": "not_a_file",
             "sub": "subfolder_in_record"}  # fmt: skip
    before = office.held()
    answers = office.in_each_language("ingest", *(str(tmp_path / name) for name in names), "--json")
    for answer in answers:
        assert answer.code == 2
        assert {Path(f["path"]).name: f["code"] for f in answer.json["failed"]} == names
    for zh, en in zip(*(answer.json["failed"] for answer in answers), strict=True):
        in_both_languages(zh["message"], en["message"])
    assert office.held() == before
