"""``docs/reference/cli.md``, written from the commands."""

from __future__ import annotations

from collections.abc import Iterator

from api.cli.command import Arg, Command
from api.cli.commands import COMMANDS
from api.cli.parser import PROGRAM, usage

EXITS = (
    ("0", "完成；没有发现问题", "done, and nothing wrong found"),
    ("1", "核验发现了问题", "the check found something"),
    ("2", "输入或命令有误", "the input or the call is wrong"),
    ("3", "需要的东西现在够不着；没有留下半截数据，可以重试", "something needed cannot be reached now; try again"),
    ("4", "没有权限", "not allowed"),
    ("70", "程序内部出错，细节在日志里", "the program itself failed; the details are in a log"),
    ("130", "被中断", "interrupted"),
)


def page() -> str:
    """The whole page in Markdown, the same for the same commands."""
    lines = [
        "# 命令 · Commands",
        "",
        "<!-- Written by docs/generate.py: change the code, then run `make docs`. -->",
        "",
        "`--json` prints one JSON document on standard output and nothing else. `JIANZHENG_HOME` is where the archive "
        "is (`jianzheng-data` in the working folder), `JIANZHENG_LANG` (`zh`, `en`) the language, `JIANZHENG_USER` "
        "the account that commands act as (the first administrator). `RECORD` is an archival code or an id; `T` is "
        "a date, an instant, or a checkpoint's tree size.",
        "",
        "| 退出码 exit | 含义 | meaning |",
        "|---|---|---|",
        *(f"| {code} | {zh} | {en} |" for code, zh, en in EXITS),
        "",
    ]
    for command in COMMANDS:
        lines += _section(command)
    return "\n".join(lines)


def _section(command: Command) -> Iterator[str]:
    yield f"## {command.name}"
    yield ""
    yield f"{command.zh}。{command.more_zh}"
    yield ""
    yield f"{command.en}. {command.more_en}".strip()
    yield ""
    yield "```"
    yield usage(command)
    yield "```"
    yield ""
    if command.args:
        yield "| | 说明 | |"
        yield "|---|---|---|"
        yield from (_row(arg) for arg in command.args)
        yield ""
    yield f"例 · Example: `{PROGRAM} {command.example}`"
    yield ""


def _row(arg: Arg) -> str:
    name = ", ".join(arg.names) + (f" {arg.metavar}" if arg.metavar else "") if arg.is_option else arg.metavar
    return f"| `{name}` | {_cell(arg.zh)} | {_cell(arg.en)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
