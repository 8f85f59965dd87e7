"""What a command is: its names, its words in two languages, its arguments, and the function that does it.

Commands are data. The parser, ``--help`` and ``docs/reference/cli.md`` are made from them, so none can go stale.
Modules of commands import what they need inside their functions: help must not wait for the archive to load.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from api.cli.context import Context

Run = Callable[["Context", Namespace], int]


@dataclass(frozen=True)
class Arg:
    """An argument. ``names`` begin with ``-`` for an option; ``more`` goes to `argparse` as it is."""

    names: tuple[str, ...]
    zh: str
    en: str
    metavar: str = ""
    required: bool = False
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def is_option(self) -> bool:
        return self.names[0].startswith("-")

    @property
    def shown(self) -> str:
        """As it stands in a usage line: ``CODE``, ``--org CODE``, ``[--json]``, ``PATH…``."""
        many = "…" if self.more.get("nargs") in ("+", "*") else ""
        if not self.is_option:
            text = self.metavar + many
        else:
            text = self.names[-1] if self.flag else f"{self.names[-1]} {self.metavar}{many}"
        optional = self.is_option and not self.required
        return f"[{text}]" if optional or self.more.get("nargs") in ("?", "*") else text

    @property
    def flag(self) -> bool:
        return self.more.get("action") in ("store_true", "help")


@dataclass(frozen=True)
class Command:
    """``path`` are its words (``("org", "add")``); ``example`` is one line without the program's name."""

    path: tuple[str, ...]
    zh: str
    en: str
    run: Run
    example: str
    args: tuple[Arg, ...] = ()
    more_zh: str = ""
    more_en: str = ""
    json: bool = True

    @property
    def name(self) -> str:
        return " ".join(self.path)

    @property
    def all_args(self) -> tuple[Arg, ...]:
        return (*self.args, *((JSON,) if self.json else ()), DEBUG, HELP)


@dataclass(frozen=True)
class Group:
    """The first word of commands that have two."""

    name: str
    zh: str
    en: str


def positional(metavar: str, zh: str, en: str, **more: Any) -> Arg:
    """``RECORD`` arrives as ``args.record``."""
    return Arg((metavar.lower(),), zh, en, metavar, more=more)


def option(names: str, metavar: str, zh: str, en: str, *, required: bool = False, **more: Any) -> Arg:
    """``names`` separated by blanks, the long one last."""
    return Arg(tuple(names.split()), zh, en, metavar, required, more)


def flag(names: str, zh: str, en: str) -> Arg:
    """An option without a value: it arrives as True or False."""
    return Arg(tuple(names.split()), zh, en, more={"action": "store_true"})


JSON = flag("--json", "标准输出只给一个 JSON 文档", "print one JSON document on standard output and nothing else")
DEBUG = flag(
    "--debug", "出现内部错误时把细节打印到标准错误", "print the details of an internal error on standard error"
)
HELP = Arg(("-h", "--help"), "显示这份说明", "show this help", more={"action": "store_true"})

RECORD = positional(
    "RECORD", "档号（如 school-01-2023-0042）或记录编号", "archival code such as school-01-2023-0042, or an id"
)
ORG = option("--org", "CODE", "单位编号", "organisation code", required=True)
REASON = option("--reason", "R", "原因，记入经过", "the reason; it goes into the history", required=True)
AS_OF = option(
    "--as-of",
    "T",
    "看当时的样子：日期、时刻或账本条数",
    "as it stood: a date, an instant, or a checkpoint's tree size",
)
