"""Commands as processes of their own that need not load the program first: `subprocess`, by way of a fork server.

`Popen` and `run` are those of `subprocess`: each process has its own number, arguments, environment, files and end.
Where it would be an interpreter that starts as the server did, it is a fork of the server (see `server`). All else is
started as usual: other programs, flags and variables of the interpreter, terminals, what is done before it starts.
"""

from __future__ import annotations

import atexit
import inspect
import os
import select
import shlex
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, AnyStr

from tests.forking import wire

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(sys.executable).with_name("jianzheng")
NEVER = os.environ.get("TEST_FORKING") == "no"
"""For someone who wants to know whether a test fails only by way of the server."""

SURROUNDINGS = dict(os.environ)
"""In which the server starts, whatever a test does to its own before it first needs one."""

READ_AT_START = ("PYTHON", "LC_", "LD_", "MALLOC_", "LANG", "TZ")
"""How variables begin that an interpreter, or the system's library below it, reads when it starts."""


class Popen(subprocess.Popen[AnyStr]):
    """As `subprocess.Popen`; ``forked`` says by which way the process came to be."""

    _channel: socket.socket | None = None
    forked = False

    def _execute_child(self, *given: Any) -> None:
        asked = _ASKED.bind(self, *given).arguments
        handles = [asked[name] if asked[name] >= 0 else number for number, name in enumerate(_PIPES[::2])]
        command = _command(asked, handles)
        if command is None:
            super()._execute_child(*given)
            return
        self._channel = wire.ask(SERVER.address(), handles, command)
        self.pid = wire.told(self._channel)
        self.forked = self._child_created = True
        self._close_pipe_fds(**{name: asked[name] for name in _PIPES})

    def _try_wait(self, wait_flags: int) -> tuple[int, int]:
        if self._channel is None:
            return super()._try_wait(wait_flags)
        if wait_flags & os.WNOHANG and not select.select([self._channel], [], [], 0)[0]:
            return 0, 0
        status = wire.told(self._channel)
        self._channel.close()
        return self.pid, status

    def _internal_poll(self, *given: Any, **more: Any) -> int | None:
        if not self.forked:
            return super()._internal_poll(*given, **more)
        if self.returncode is None and self._waitpid_lock.acquire(False):
            try:
                if self.returncode is None:  # no other thread was quicker
                    number, status = self._try_wait(os.WNOHANG)
                    if number:
                        self._handle_exitstatus(status)
            finally:
                self._waitpid_lock.release()
        return self.returncode


_PIPES = ("p2cread", "p2cwrite", "c2pwrite", "c2pread", "errwrite", "errread")
"""The ends of the pipes of standard input, output and errors: the command's, and ours."""

_ASKED = inspect.signature(subprocess.Popen._execute_child)
_AS_USUAL = {
    "preexec_fn": None, "close_fds": True, "pass_fds": (), "shell": False, "executable": None, "restore_signals": True,
    "gid": None, "gids": None, "uid": None, "umask": -1,
}  # fmt: skip


def _command(asked: Mapping[str, Any], handles: list[int]) -> dict[str, Any] | None:
    """What the server is told; None for a process that must be started as usual."""
    if NEVER or any(map(os.isatty, handles)) or any(asked[name] != usual for name, usual in _AS_USUAL.items()):
        return None
    given = asked["args"]
    line = list(map(os.fsdecode, given if isinstance(given, list | tuple) else [given]))
    folder = os.fsdecode(asked["cwd"] or Path.cwd())
    found = os.environ if asked["env"] is None else asked["env"]
    environment = {os.fsdecode(name): os.fsdecode(value) for name, value in found.items()}
    if not (_is_known(line) and Path(folder).is_dir() and _starts_alike(environment, Path(folder))):
        return None
    session, group = asked["start_new_session"], asked["process_group"]
    return {"line": line, "folder": folder, "environment": environment, "session": session, "group": group}


def _is_known(line: list[str]) -> bool:
    """A module, a program or the installed command, without flags of the interpreter."""
    if any("\0" in word for word in line):
        return False
    return line[0] == str(SCRIPT) or (line[0] == sys.executable and line[1:2] in (["-m"], ["-c"]) and len(line) > 2)


def _starts_alike(environment: Mapping[str, str], folder: Path) -> bool:
    """Whether an interpreter started so would find the modules, and the locale, that the server has."""
    path = environment.get("PYTHONPATH") or "."
    here = [folder.joinpath(entry).resolve() for entry in path.split(os.pathsep)] == [ROOT]
    return here and _read_at_start(environment) == _read_at_start(SURROUNDINGS)


def _read_at_start(environment: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value for name, value in environment.items() if name.startswith(READ_AT_START) and name != "PYTHONPATH"
    }


class _Server:
    """The one of this process, started when it is first needed."""

    def __init__(self) -> None:
        self._guard = threading.Lock()  # owns the next two fields
        self._address = ""
        self._held: socket.socket | None = None

    def address(self) -> str:
        """Of the socket on which it takes commands."""
        with self._guard:
            if not self._address:
                address = Path(tempfile.mkdtemp(prefix="forking-")) / "socket"
                self._held, theirs = socket.socketpair()
                with socket.socket(*wire.CONNECTION) as listener, theirs:
                    listener.bind(str(address))
                    listener.listen()
                    self._start(str(address), listener.fileno(), theirs.fileno())
                self._address = str(address)
            return self._address

    def _start(self, address: str, listener: int, held: int) -> None:
        process = subprocess.Popen(
            [sys.executable, "-m", f"{__name__}.server", address, str(listener), str(held)], pass_fds=[listener, held],
            cwd=ROOT, env={**SURROUNDINGS, "PYTHONPATH": str(ROOT)}, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        atexit.register(self._end, process)

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        assert self._held is not None
        self._held.close()
        process.wait()


SERVER = _Server()


def run(
    line: Any, *, input: Any = None, capture_output: bool = False, timeout: float | None = None, check: bool = False,
    **more: Any,
) -> subprocess.CompletedProcess[Any]:  # fmt: skip
    """As `subprocess.run`."""
    if input is not None:
        more["stdin"] = subprocess.PIPE
    if capture_output:
        more["stdout"] = more["stderr"] = subprocess.PIPE
    with Popen(line, **more) as process:
        try:
            out, err = process.communicate(input, timeout=timeout)
        except BaseException:
            process.kill()
            raise
    ran = subprocess.CompletedProcess(process.args, process.returncode, out, err)
    if check:
        ran.check_returncode()
    return ran


def write_shim(path: Path) -> None:
    """A program that a shell can call for `jianzheng`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    way = ["-m", "api.cli"] if NEVER else ["-IS", str(Path(__file__).with_name("shim.py")), SERVER.address()]
    path.write_text(f'#!/bin/sh\nexec {shlex.join([sys.executable, *way])} "$@"\n')
    path.chmod(0o755)
