"""Help: every command has it in both languages, with an example that the parser takes, and it loads nothing."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys

import pytest

from api.cli.command import Command
from api.cli.commands import COMMANDS, GROUPS
from api.cli.main import main
from api.cli.parser import HelpWanted, columns, help_of, overview, parse
from api.cli.usage import UsageWrong
from domain.errors import Lang

CHINESE = re.compile(r"[\u4e00-\u9fff]")


def named(command: Command) -> str:
    return command.name


@pytest.mark.parametrize("command", COMMANDS, ids=named)
def test_every_command_explains_itself_in_both_languages(command: Command) -> None:
    """What it does, each argument, and an example."""
    for lang in ("zh", "en"):
        text = help_of(command, lang)
        assert (command.zh if lang == "zh" else command.en) in text
        assert f"jianzheng {command.example}" in text
        assert all(name in text for arg in command.args if arg.is_option for name in arg.names)
    english = help_of(command, "en").split("Example:")[0]
    assert not CHINESE.search(re.sub(r"党员|--post P.*", "", english)), english


@pytest.mark.parametrize("command", COMMANDS, ids=named)
def test_the_example_is_a_call_of_the_command(command: Command) -> None:
    """Whoever copies an example gets no usage error."""
    assert parse(shlex.split(command.example), "zh")[0] is command


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_help_lists_all_commands(lang: Lang) -> None:
    """Each with what it does; lines fit a terminal."""
    text = overview(lang)
    assert all(command.name in text for command in COMMANDS)
    assert max(columns(line) for line in text.splitlines()) <= 110


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
def test_a_group_lists_its_commands(group: object, capsys: pytest.CaptureFixture[str]) -> None:
    """`jianzheng org --help` names `org add` and its siblings."""
    name = group.name  # type: ignore[attr-defined]  # a Group
    assert main([name, "--help"]) == 0
    said = capsys.readouterr().out
    assert all(command.name in said for command in COMMANDS if command.path[0] == name)


def test_help_loads_neither_the_archive_nor_the_engines() -> None:
    """Help answers at once because commands import what they need only when they run."""
    code = (
        "import sys\nfrom api.cli.main import main\nmain(['ingest', '--help'])\n"
        "print([m for m in ('eventsourcing', 'fastapi', 'tantivy', 'yaml', 'sqlite3', 'typst') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "[]"


def test_the_version_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """`--version` names program and version."""
    assert main(["--version"]) == 0
    assert re.fullmatch(r"jianzheng \d+\.\d+.*\n", capsys.readouterr().out)


@pytest.mark.parametrize(
    ("line", "zh", "en"),
    [
        ("ingest", "缺少参数：PATH", "missing: PATH"),
        ("ingest x --orgg y", "不认识的参数：--orgg y", "unknown argument: --orgg y"),
        ("withdraw x", "缺少参数：--reason", "missing: --reason"),
        ("show x --version one", "--version 应是整数", "must be a whole number"),
        ("report annual --lang fr", "--lang 不能是 fr；可用的有：zh", "accepted: zh, en"),
        ("search x --limit", "--limit 后面缺少值", "--limit needs a value"),
        ("search x --late=1", "--late 不带值", "takes no value"),
        ("fly", "COMMAND 不能是 fly", "COMMAND cannot be fly"),
        ("org", "缺少参数：add | rename | list", "missing: add"),
        ("org fly", "org 不能是 fly", "org cannot be fly"),
        ("--fly", "不认识的参数：--fly", "unknown argument: --fly"),
        ("ingest x --or y", "不认识的参数：--or y", "unknown argument"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(line: str, zh: str, en: str) -> None:
    """In both languages, with the code, the exit code of a wrong call and where help is."""
    with pytest.raises(UsageWrong) as caught:
        parse(line.split(), "zh")
    error = caught.value
    assert (error.code, error.exit_code) == ("usage", 2)
    assert zh in error.message("zh")
    assert en in error.message("en")
    assert "--help" in error.next_step("zh")


def test_nothing_at_all_is_a_wish_for_help() -> None:
    """The bare program name prints the overview."""
    with pytest.raises(HelpWanted):
        parse([], "zh")


def test_a_query_may_begin_with_a_hyphen_behind_two() -> None:
    """`--` ends the options, as everywhere."""
    assert parse(["search", "--", "-食堂"], "zh")[1].query == ["-食堂"]
    assert parse(["search", "整改", "-食堂 措施"], "zh")[1].query == ["整改", "-食堂 措施"]


def test_the_commands_are_called_what_scripts_call_them() -> None:
    """The names are a contract: none of them may go or change."""
    names = {command.name for command in COMMANDS}
    assert names >= {
        "init", "org add", "org list", "person add", "person list", "user add", "user list", "ingest", "search", "show",
        "files", "correct", "withdraw", "sign-off", "return", "report annual", "report issue", "report verify",
        "verify", "checkpoint", "index status", "index retry", "index rebuild", "serve", "check",
    }  # fmt: skip
