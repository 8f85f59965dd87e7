"""What is wrong with how a command was called, beyond what the parser sees: told with the way to its help."""

from __future__ import annotations

from domain.errors import InputError


class UsageWrong(InputError):
    code = "usage"
    zh = "命令写得不对：{problem_zh}。"
    en = "The command is not right: {problem_en}."
    next_zh = "用法见 {help}"
    next_en = "See {help}"


class ChooseOne(InputError):
    code = "choose_one"
    zh = "--version 和 --as-of 只能用一个。"
    en = "Use either --version or --as-of."
