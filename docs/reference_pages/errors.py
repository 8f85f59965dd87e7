"""``errors.md``: every error a user can meet, wherever in the code it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator

from docs.reference_pages.markdown import PACKAGES, first_line, heading, import_everything, row, table
from domain.errors import JianzhengError


def all_errors() -> list[type[JianzhengError]]:
    """The base, then every error below it, each behind its parent; those of tests are not among them."""
    import_everything()
    return [JianzhengError, *_below(JianzhengError)]


def categories() -> list[type[JianzhengError]]:
    """What the caller can do tells the first level of the tree apart."""
    return [error for error in all_errors() if JianzhengError in error.__bases__]


def _below(base: type[JianzhengError]) -> Iterator[type[JianzhengError]]:
    ours = [child for child in base.__subclasses__() if child.__module__.split(".")[0] in PACKAGES]
    # Which module was imported first is chance; where an error is written down is not.
    for child in sorted(ours, key=lambda error: (error.__module__ != JianzhengError.__module__, error.__module__)):
        yield child
        yield from _below(child)


def sentence(template: str) -> str:
    """A message with an ellipsis for what is filled in."""
    return re.sub(r"\{[^}]*\}", "…", template)


def page() -> str:
    lines = heading(
        "错误 · Errors",
        "每个错误有一个不变的代号（脚本可以依靠它）、命令的退出码和 HTTP 的状态码，一句说明，以及下一步怎么办。\n\n"
        "Every error has a code that scripts can rely on, the exit code of the command, the status of the HTTP answer, "
        "a sentence, and the next step.",
    )
    for category in categories():
        lines += [f"## {category.__name__}", "", first_line(category), ""]
        lines += table("code", "exit", "HTTP", "说明", "怎么办", "message", "next step")
        for error in (category, *_below(category)):
            said = map(sentence, (error.zh, error.next_zh, error.en, error.next_en))
            lines.append(row(f"`{error.code}`", str(error.exit_code), str(error.http_status), *said))
        lines.append("")
    return "\n".join(lines)
