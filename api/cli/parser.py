"""From the words of the command line to a command and its arguments; help and complaints in the reader's language."""

from __future__ import annotations

import argparse
import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import NoReturn

from api.cli.command import JSON, Arg, Command
from api.cli.usage import UsageWrong
from domain.errors import Lang

PROGRAM = "jianzheng"
WIDTH = 100

_SAID: tuple[tuple[str, str, str], ...] = (
    (r"the following arguments are required: (?P<a>.+)", "缺少参数：{a}", "missing: {a}"),
    (r"unrecognized arguments: (?P<a>.+)", "不认识的参数：{a}", "unknown argument: {a}"),
    (
        r"argument (?P<o>.+): invalid choice: (?P<a>.+) \(choose from (?P<c>.+)\)",
        "{o} 不能是 {a}；可用的有：{c}",
        "{o} cannot be {a}; accepted: {c}",
    ),
    (
        r"argument (?P<o>.+): invalid int value: (?P<a>.+)",
        "{o} 应是整数，不是 {a}",
        "{o} must be a whole number, not {a}",
    ),
    (r"argument (?P<o>.+): expected .*argument.*", "{o} 后面缺少值", "{o} needs a value"),
    (r"argument (?P<o>.+): ignored explicit argument (?P<a>.+)", "{o} 不带值", "{o} takes no value"),
    (r"argument (?P<o>.+): not allowed with argument (?P<a>.+)", "{o} 不能和 {a} 一起用", "{o} cannot go with {a}"),
)
"""What `argparse` says, and how a person is told."""


class HelpWanted(Exception):
    """Carries the text to print."""


class VersionWanted(Exception):
    """Carries the text to print."""


class _Parser(argparse.ArgumentParser):
    def __init__(self, command: Command) -> None:
        super().__init__(prog=f"{PROGRAM} {command.name}", add_help=False, allow_abbrev=False)
        self.command = command
        for arg in command.all_args:
            more = dict(arg.more)
            if not arg.flag:
                more["metavar"] = arg.metavar
            if arg.is_option and arg.required:
                more["required"] = True
            self.add_argument(*arg.names, **more)

    def error(self, message: str) -> NoReturn:
        raise wrong(message, self.command.name)


def parse(given: Sequence[str], lang: Lang) -> tuple[Command, argparse.Namespace]:
    """Raises `UsageWrong`, `HelpWanted`, `VersionWanted`."""
    words = [word for word in given if not word.startswith("-")]
    if not words:
        if "--version" in given:
            raise VersionWanted(_version())
        unknown = [word for word in given if word not in ("-h", "--help", "--json", "--debug")]
        if unknown:
            raise wrong(f"unrecognized arguments: {' '.join(unknown)}", "")
        raise HelpWanted(overview(lang))
    command = _find(given, words, lang)
    rest = _without(given, command.path)
    if "-h" in rest or "--help" in rest:
        raise HelpWanted(help_of(command, lang))
    return command, _Parser(command).parse_args(rest)


def _find(given: Sequence[str], words: list[str], lang: Lang) -> Command:
    from api.cli.commands import COMMANDS, GROUPS

    by_path = {command.path: command for command in COMMANDS}
    for length in (2, 1):
        if (command := by_path.get(tuple(words[:length]))) is not None:
            return command
    group = next((group for group in GROUPS if group.name == words[0]), None)
    if group is None:
        names = dict.fromkeys(command.path[0] for command in COMMANDS)
        raise wrong(f"argument COMMAND: invalid choice: {words[0]} (choose from {', '.join(names)})", "")
    members = [command for command in COMMANDS if command.path[0] == group.name]
    if len(words) == 1 and ("-h" in given or "--help" in given):
        title = group.zh if lang == "zh" else group.en
        raise HelpWanted(f"{PROGRAM} {group.name}: {title}\n\n{_listing(members, lang)}")
    if len(words) == 1:
        raise wrong(f"the following arguments are required: {' | '.join(c.path[1] for c in members)}", group.name)
    choices = ", ".join(command.path[1] for command in members)
    raise wrong(f"argument {group.name}: invalid choice: {words[1]} (choose from {choices})", group.name)


def _without(given: Sequence[str], path: tuple[str, ...]) -> list[str]:
    """The arguments without the first occurrence of each word of the command."""
    rest = list(given)
    for word in path:
        rest.remove(word)
    return rest


def wrong(message: str, command: str) -> UsageWrong:
    """`argparse`'s complaint in both languages."""
    help_ = " ".join(part for part in (PROGRAM, command, "--help") if part)
    for pattern, zh, en in _SAID:
        if match := re.fullmatch(pattern, message, re.DOTALL):
            parts = {key: value.replace("'", "") for key, value in match.groupdict().items()}
            return UsageWrong(problem_zh=zh.format(**parts), problem_en=en.format(**parts), help=help_)
    return UsageWrong(problem_zh=message, problem_en=message, help=help_)


# ── help ────────────────────────────────────────────────────────────────────────────────────────────────────────


def help_of(command: Command, lang: Lang) -> str:
    """What ``--help`` prints: usage, what it does, arguments, an example."""
    zh = lang == "zh"
    lines = [f"{'用法' if zh else 'Usage'}: {usage(command)}", "", command.zh if zh else command.en]
    if more := command.more_zh if zh else command.more_en:
        lines += _wrapped(more)
    for title, chosen in (
        ("参数" if zh else "Arguments", [arg for arg in command.all_args if not arg.is_option]),
        ("选项" if zh else "Options", [arg for arg in command.all_args if arg.is_option]),
    ):
        if chosen:
            lines += ["", f"{title}:", *_table([(_names(arg), arg.zh if zh else arg.en) for arg in chosen])]
    lines += ["", "例:" if zh else "Example:", f"  {PROGRAM} {command.example}", ""]
    return "\n".join(lines)


def usage(command: Command) -> str:
    """The command with all that may follow it, as one line."""
    shown = " ".join(arg.shown for arg in (*command.args, *((JSON,) if command.json else ())))
    return f"{PROGRAM} {command.name} {shown}".rstrip()


def overview(lang: Lang) -> str:
    """What ``jianzheng --help`` prints."""
    from api.cli.commands import COMMANDS

    if lang == "zh":
        head = (
            "见证：证据档案库。存证、检索、年报，随时可以核验有没有被改动。\n\n用法: jianzheng 命令 [参数]\n\n命令:\n"
        )
        foot = (
            "\n每个命令都有说明和例子：jianzheng 命令 --help\n"
            "档案库在 JIANZHENG_HOME（默认为当前目录的 jianzheng-data）；语言由 JIANZHENG_LANG 决定（zh、en）。\n"
            "退出码：0 完成；1 核验发现问题；2 输入或命令有误；3 现在够不着，稍后再试；4 没有权限。\n"
        )
    else:
        head = (
            "Jianzheng: an archive of evidence. File, search, report; check at any time that nothing was edited.\n\n"
            "Usage: jianzheng COMMAND [ARGUMENTS]\n\nCommands:\n"
        )
        foot = (
            "\nEvery command has help with an example: jianzheng COMMAND --help\n"
            "The archive is in JIANZHENG_HOME (default: jianzheng-data); JIANZHENG_LANG is the language (zh, en).\n"
            "Exit codes: 0 done; 1 a check found something; 2 wrong input or call; 3 unreachable now; 4 not allowed.\n"
        )
    return head + _listing(COMMANDS, lang) + foot


def _listing(commands: Sequence[Command], lang: Lang) -> str:
    rows = [(command.name, command.zh if lang == "zh" else command.en) for command in commands]
    return "\n".join(_table(rows)) + "\n"


def _names(arg: Arg) -> str:
    return (
        ", ".join(arg.names) + (f" {arg.metavar}" if arg.is_option and arg.metavar else "")
        if arg.is_option
        else arg.metavar
    )


def _table(rows: Sequence[tuple[str, str]]) -> list[str]:
    left = max(columns(name) for name, _ in rows) + 4
    lines = []
    for name, text in rows:
        first, *others = _wrapped(text, WIDTH - left)
        lines.append("  " + name + " " * (left - 2 - columns(name)) + first)
        lines += [" " * left + other for other in others]
    return lines


def _wrapped(text: str, width: int = WIDTH) -> list[str]:
    """Lines of at most ``width`` columns; Chinese text is broken anywhere, other text between words."""
    lines, line = [], ""
    for part in re.findall(r"[\x21-\x7e]+|\s+|.", text):
        if line and columns(line) + columns(part) > width and part not in "，。；：、）":
            lines.append(line.rstrip())
            line = ""
        line += part if line or not part.isspace() else ""
    return [*lines, line.rstrip()]


@cache
def _wide(char: str) -> bool:
    return unicodedata.east_asian_width(char) in "WF"


def columns(text: str) -> int:
    """How many columns of a terminal the text takes."""
    return sum(1 + _wide(char) for char in text)


def _version() -> str:
    from importlib.metadata import version

    return f"jianzheng {version('jianzheng')}\n"
