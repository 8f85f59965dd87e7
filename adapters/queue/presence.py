"""Which process is meant by a name, and whether it is known to be gone.

A name tells the machine's start, the process's name space, its number and the moment it began: no two processes ever
have the same one. Another process on the same machine can therefore say for certain that it ended. Of a process on
another machine, or where the kernel does not tell such things (it is then not Linux), nothing is known.
"""

from __future__ import annotations

import os
import secrets
from functools import cache
from pathlib import Path

_PROC = Path("/proc")
_BEGAN = 19
"""Where in ``/proc/<pid>/stat`` the time of the start stands, counted behind the command's name. See proc(5)."""


def new_name() -> str:
    """A name for one piece of work that this process does."""
    return f"{_here()}.{os.getpid()}.{_began(os.getpid())}.{secrets.token_hex(4)}"


def is_gone(name: str) -> bool:
    """Whether the process that has this name is known to have ended."""
    here, _, rest = name.partition(".")
    number, _, rest = rest.partition(".")
    began = rest.partition(".")[0]
    if not here or here != _here() or not number.isdecimal() or not began:
        return False
    return _began(int(number)) != began


@cache
def _here() -> str:
    """Machine, start of the machine and name space; empty where that cannot be told."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text("ascii").strip()
        space = (_PROC / "self/ns/pid").stat().st_ino
    except OSError:
        return ""
    return f"{boot}-{space}"


def _began(process: int) -> str:
    """When it began, in ticks since the machine's start; empty for a process that is not there, or is a corpse."""
    try:
        stat = (_PROC / str(process) / "stat").read_text("utf-8", "replace")
    except OSError:
        return ""
    facts = stat.rpartition(")")[2].split()
    return "" if facts[0] in ("Z", "X") else facts[_BEGAN]
