"""The keeper of one server: it ends the server when its owner ends, however the owner ends.

Run as a program of its own (``python -I keeper.py SPEC``), one for each server, so that `kill -9` of pytest leaves
nothing running. It watches the owner through a pidfd, which no reuse of process numbers can fool. Only the standard
library is imported: it has to start at once.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
PR_SET_CHILD_SUBREAPER = 36

ENDED = ("", "Z", "X")


def descendants(pid: int) -> list[int]:
    """All processes below ``pid``: PostgreSQL gives each back end a session, so process groups do not find them."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                # The name of the program may contain blanks and brackets; what follows the last bracket does not.
                parent = int((folder / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(folder.name))
    found: list[int] = []
    waiting = [pid]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def send(pids: list[int], number: int) -> None:
    """A signal to each of them that still is there."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def kill_below(pid: int) -> None:
    """End everything below ``pid``, also what is started while this runs; killing needs no SIGCONT first."""
    while below := [each for each in descendants(pid) if state(each) not in ENDED]:
        send(below, signal.SIGKILL)
        _reap()


def state(pid: int) -> str:
    """R, S or D for one that runs, T for a paused one, Z for one that ended (see proc(5)); empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()[0]
    except OSError:
        return ""


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def keep(spec: dict[str, Any]) -> None:
    """Start the server and wait for its end, for SIGTERM (end it gently) or for the owner's end (end it at once)."""
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1)
    woken, waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(waker)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)

    owner = _owner(spec["owner"])
    log = os.open(spec["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    user = {} if spec["user"] is None else {"user": spec["user"], "group": spec["group"], "extra_groups": []}
    child = subprocess.Popen(
        spec["command"], cwd=spec["folder"], env=spec["env"], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        start_new_session=True, preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL), **user,
    )  # fmt: skip
    ended = os.pidfd_open(child.pid)

    poll = select.poll()
    for descriptor in (woken, ended, *owner):
        poll.register(descriptor, select.POLLIN)
    ready = {descriptor for descriptor, _ in poll.poll()}
    orphaned = bool(ready & set(owner))
    if woken in ready and ended not in ready and not orphaned:
        _end_gently(child.pid, ended, spec)
    kill_below(os.getpid())
    if orphaned:
        if spec["last"]:
            subprocess.run(spec["last"], env=spec["env"], stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False)
        shutil.rmtree(spec["remove"], ignore_errors=True)


def _owner(pid: int | None) -> list[int]:
    """The owner's pidfd; none when the server is to stay until it is told to stop."""
    if pid is None:
        return []
    try:
        return [os.pidfd_open(pid)]
    except ProcessLookupError:
        sys.exit("the owner is gone already")


def _end_gently(pid: int, ended: int, spec: dict[str, Any]) -> None:
    everything = [pid, *descendants(pid)]
    send(everything, signal.SIGCONT)
    send([pid], spec["stop_signal"])
    select.select([ended], [], [], spec["patience"])


if __name__ == "__main__":
    keep(json.loads(Path(sys.argv[1]).read_text("utf-8")))
