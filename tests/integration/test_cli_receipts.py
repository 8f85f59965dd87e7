"""Receipts on the command line: real processes, on both back ends; the check needs no archive at all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli_world import BACK_ENDS, LECTURE, REPAIR, Shell, make_office, servers


@pytest.fixture(scope="module", params=BACK_ENDS)
def shell(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """One archive of each kind for all tests of this file, and the key that somebody kept."""
    with servers(request.param, request) as settings:
        made = make_office(tmp_path_factory.mktemp("office"), settings)
        key = json.loads(made("checkpoint", "--json").out)["vkey"]
        (made.folder / "policy.txt").write_text(f"log {key}\nquorum none\n", "utf-8")
        yield made


@pytest.fixture
def elsewhere(tmp_path: Path) -> Shell:
    """A machine that has no archive and no settings."""
    return Shell(tmp_path)


def test_a_receipt_is_checked_where_there_is_no_archive(shell: Shell, elsewhere: Shell) -> None:
    """The file and the policy are enough; the files of the record are held against it."""
    made = shell("receipt", LECTURE, "-o", "r.tlog-proof", "--json")
    assert (made.code, made.err) == (0, "")
    assert {"file", "size", "proven", "checkpoint"} <= set(made.json)
    for name in ("r.tlog-proof", "policy.txt"):
        (elsewhere.folder / name).write_bytes((shell.folder / name).read_bytes())
    (elsewhere.folder / "a.txt").write_text("张敏 王芳 签到", "utf-8")
    checked = elsewhere("receipt", "verify", "r.tlog-proof", "--policy", "policy.txt", "--file", "a.txt", "--json")
    assert checked.code == 0, checked.err
    answer = checked.json
    assert answer["files"][0]["name"] == "签到表.txt"
    assert answer["proven"]["events"][0]["code"] == LECTURE
    assert len(answer["warnings"]) == 1
    (elsewhere.folder / "b.txt").write_text("张敏", "utf-8")
    assert (
        elsewhere("receipt", "verify", "r.tlog-proof", "--policy", "policy.txt", "--file", "a.txt", "b.txt").code == 1
    )
    said = elsewhere("receipt", "verify", "r.tlog-proof", "--policy", "policy.txt", JIANZHENG_LANG="en")
    assert "The receipt holds" in said.out
    assert "asks for no witness" in said.out


def test_exit_codes_tell_findings_from_wrong_input(shell: Shell, elsewhere: Shell) -> None:
    """1 for what proves nothing, 2 for what cannot be read, for a policy that is none and for none at all."""
    assert shell("receipt", REPAIR, "-o", "r.tlog-proof").code == 0
    text = (shell.folder / "r.tlog-proof").read_text("utf-8")
    (elsewhere.folder / "policy.txt").write_bytes((shell.folder / "policy.txt").read_bytes())
    (elsewhere.folder / "good").write_text(text, "utf-8")
    line = next(line for line in text.splitlines() if line.startswith("index "))
    (elsewhere.folder / "altered").write_text(text.replace(line, "index 0"), "utf-8")
    (elsewhere.folder / "cut").write_text(text[:200], "utf-8")

    def check(file: str, *more: str) -> int:
        return elsewhere("receipt", "verify", file, *more).code

    assert check("good", "--policy", "policy.txt") == 0
    assert check("altered", "--policy", "policy.txt") == 1
    assert check("cut", "--policy", "policy.txt") == 2
    assert check("missing", "--policy", "policy.txt") == 2
    assert check("good", "--policy", "good") == 2
    assert check("good", "--policy", "policy.txt", "--file", "missing") == 2
    nothing = elsewhere("receipt", "verify", "good", "--json")
    assert (nothing.code, nothing.json["error"]["code"]) == (2, "policy_needed")
    assert shell("receipt", "verify", "r.tlog-proof").code == 0  # where the archive is, its own key serves


def test_all_kinds_of_receipts_are_written(shell: Shell) -> None:
    """As a proof, on paper, of all events, and to standard output; other endings are refused."""
    assert shell("receipt", LECTURE, "-o", "r.pdf").code == 0
    assert shell("receipt", "verify", "r.pdf").code == 0
    assert shell("receipt", LECTURE, "--complete", "-o", "r.json").code == 0
    assert "只有下面 1 个事件" in shell("receipt", "verify", "r.json").out
    piped = shell("receipt", LECTURE, "--version", "1", "-o", "-")
    assert piped.out.startswith("c2sp.org/tlog-proof@v1\n")
    assert shell("receipt", "school-01-1999-0001", "-o", "r.pdf").code == 2


def test_a_receipt_is_there_although_nobody_integrated(shell: Shell) -> None:
    """What an interrupted command left behind is taken into the ledger first."""
    assert shell("sign-off", LECTURE).code == 0
    answer = shell("receipt", LECTURE, "-o", "s.tlog-proof", "--json")
    assert answer.json["proven"]["events"][0]["event"] == "signed_off"
