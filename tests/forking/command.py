"""A fork becomes a command: it takes over what a new interpreter would have been given, and runs what its line says."""

from __future__ import annotations

import atexit
import gc
import io
import os
import runpy
import socket
import sys
import threading
from pathlib import Path
from types import ModuleType

from tests.forking import wire


def become(channel: socket.socket) -> None:
    """Do what the channel describes, see `tests.forking.Popen`, and end the process."""
    with channel:
        handles, wanted = wire.asked(channel)
    for number, handle in enumerate(handles):
        os.dup2(handle, number)
        os.close(handle)
    if wanted["session"]:
        os.setsid()
    elif wanted["group"] >= 0:
        os.setpgid(0, wanted["group"])
    os.chdir(wanted["folder"])
    os.environ.clear()
    os.environ.update(wanted["environment"])
    _open_streams()
    sys.orig_argv = wanted["line"]
    code = None
    try:
        run(wanted["line"][1:] if wanted["line"][0] == sys.executable else wanted["line"])
    except SystemExit as end:
        code = end.code
        if not isinstance(code, int | None):
            raise
    _end(code or 0)


def _open_streams() -> None:
    """Standard input and output as the interpreter opens them where they are no terminal."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        former = getattr(sys, name)
        buffering = 0 if isinstance(former.buffer, io.FileIO) else -1
        binary = io.open(number, f"{mode}b", buffering, closefd=False)  # noqa: SIM115, UP020
        getattr(binary, "raw", binary).name = f"<{name}>"
        stream = io.TextIOWrapper(
            binary, former.encoding, former.errors, None if mode == "r" else "\n", former.line_buffering,
            former.write_through,
        )  # fmt: skip
        stream.mode = mode
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def run(words: list[str]) -> None:
    """``-m MODULE``, ``-c CODE`` or a script, each with its arguments."""
    match words:
        case ["-m", module, *arguments]:
            sys.argv, sys.path[0] = ["-m", *arguments], str(Path.cwd())
            runpy.run_module(module, run_name="__main__", alter_sys=True)
        case ["-c", code, *arguments]:
            sys.argv, sys.path[0] = ["-c", *arguments], ""
            sys.modules["__main__"] = main = ModuleType("__main__")
            exec(compile(code, "<string>", "exec"), vars(main))
        case [script, *arguments]:
            sys.argv, sys.path[0] = [script, *arguments], str(Path(script).parent)
            runpy.run_path(script, run_name="__main__")


def _end(code: int) -> None:
    """The ordinary end, but for taking two thousand modules apart. Where one fails it is left to the interpreter."""
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.modules.pop("__main__", None)
    gc.collect()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        sys.exit(code)
    os._exit(code & 0xFF)
