"""What comes out of `main`: exit codes and words for whatever a command does."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest

from api.cli import main as module
from api.cli.command import Command
from api.cli.context import Context
from api.cli.failures import describe, where
from api.cli.main import main
from domain.errors import BlobMissing, InputError, InvalidRecord, NotAllowed, StorageFull
from domain.records.content import Checked
from domain.records.fields import Problem
from domain.records.filing import refused


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Run `main` with a command that does what the test says."""
    monkeypatch.setenv("JIANZHENG_HOME", str(tmp_path / "home"))

    def with_(act: Any, *given: str) -> int:
        command = Command(("do",), "做", "Do", act, "do")
        monkeypatch.setattr(module, "parse", lambda words, lang: (command, Namespace()))
        return main(["do", *given])

    return with_


def raising(error: BaseException) -> Any:
    def act(context: Context, args: Namespace) -> int:
        raise error

    return act


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InputError(), 2),
        (NotAllowed("请找管理员", "ask the administrator"), 4),
        (StorageFull(), 3),
        (BlobMissing("0" * 64), 1),
        (KeyboardInterrupt(), 130),
        (ZeroDivisionError("x"), 70),
        (OSError(5, "Input/output error"), 70),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_way_to_fail_has_its_exit_code(
    run: Any, error: BaseException, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Input 2, unreachable 3, not allowed 4, damage 1; a fault of the program and an interruption have their own."""
    assert run(raising(error)) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert "Traceback" not in said.err


def test_an_interruption_is_quiet(run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl+C says nothing."""
    run(raising(KeyboardInterrupt()))
    assert capsys.readouterr().err == ""


def test_without_an_archive_an_internal_fault_has_no_log_but_says_how_to_see_it(
    run: Any, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """No folder is made for a log where there is no archive."""
    assert run(raising(RuntimeError("detail"))) == 70
    assert "--debug" in capsys.readouterr().err
    assert not (tmp_path / "home").exists()


class BrokenPipeline:
    """Stands for indexers that cannot follow now."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def catch_up(self) -> None:
        raise self.error


@pytest.mark.parametrize(("error", "code"), [(StorageFull(), 0), (BlobMissing("0" * 64), 1)])
def test_what_was_recorded_is_not_reported_as_failed(
    run: Any, error: Exception, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Given a stored act, when the index cannot follow, then the answer stands; damage shows in the exit code."""

    def act(context: Context, args: Namespace) -> int:
        context._pipeline = BrokenPipeline(error)  # type: ignore[assignment]  # a stand-in
        context.catch_up()
        context.screen.document({"filed": 1})
        return 0

    assert run(act, "--json") == code
    said = capsys.readouterr()
    assert json.loads(said.out) == {"filed": 1}
    assert "已经存好" in said.err


def test_an_error_for_people_has_place_sentence_and_next_step() -> None:
    """Code, file and line, field, every problem, and what to do."""
    error = InvalidRecord(
        "实到多于应到", "more present than expected", file="a/record.yaml", line=4, field="attendance"
    )
    assert describe(error, "zh").splitlines() == [
        "[record_invalid] a/record.yaml:4 attendance：实到多于应到",
        "→ 请改正后再存一次；这条记录没有存入。",
    ]
    assert "a/record.yaml:4 attendance: more present" in describe(error, "en")
    problems = (Problem("a", "甲", "one"), Problem("b", "乙", "two"))
    assert "  · b：乙" in describe(refused(Checked({}, problems)), "zh").splitlines()
    assert where(None, None, None, "zh") == ""
    assert where("x", None, "f", "en") == "x f: "
