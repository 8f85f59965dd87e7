"""Secrets: given in the environment, or in a file that the environment names (``NAME_FILE``).

A variable of the environment is seen by every child process, by whoever may look at the process, and by whatever prints
surroundings when something breaks; a file is seen by whoever may read it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from domain.errors import InputError

LONGEST = 64 * 1024
"""Bytes: a file that is larger was named by mistake, and its content must not end up in a connection."""


class SecretFileUnusable(InputError):
    """What is in the file is never repeated."""

    code = "secret_file_unusable"
    zh = "{name}_FILE 指的文件“{path}”不能用：{why_zh}。"
    en = "The file “{path}” that {name}_FILE names cannot be used: {why_en}."
    next_zh = "文件里只写这一项的值，一行；运行程序的账户要读得了它。"
    next_en = "The file holds that one value, on one line, and the program's account may read it."


def secret(environment: Mapping[str, str], name: str) -> str | None:
    """The value of ``NAME``, or what the file that ``NAME_FILE`` names holds, without the end of its line.

    None where neither is set. Raises `SecretFileUnusable`.
    """
    given, path = environment.get(name), environment.get(f"{name}_FILE")
    if not path:
        return given or None

    def unusable(why_zh: str, why_en: str) -> SecretFileUnusable:
        return SecretFileUnusable(name=name, path=path, why_zh=why_zh, why_en=why_en)

    if given:
        raise unusable(f"{name} 也设了，两个只能用一个", f"{name} is set too, and only one of the two may be")
    try:
        with Path(path).open("rb") as file:
            read = file.read(LONGEST + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        raise unusable(f"读不出来（{reason}）", f"it cannot be read ({reason})") from None
    try:
        text = read.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        text = "\0"
    if not text:
        raise unusable("里面是空的", "it is empty")
    if len(read) > LONGEST or not text.isprintable():
        raise unusable("里面不是一行文字", "it does not hold one line of text")
    return text
