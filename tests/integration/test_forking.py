"""A command that is forked is like one whose interpreter was started: same output, same end, nothing from before."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests import forking
from tests.forking import ROOT, wire
from tests.forking.server import PACKAGES

FACTS = """
import gc, json, locale, os, resource, signal, sys, tempfile, threading, time, api
streams = [
    [s.name, s.mode, s.encoding, s.errors, s.line_buffering, s.write_through, s.newlines, type(s.buffer).__name__]
    for s in (sys.stdin, sys.stdout, sys.stderr)
]
print(json.dumps({
    "arguments": sys.argv, "line": sys.orig_argv, "path": sys.path[0], "folder": os.getcwd(), "name": __name__,
    "variables": dict(os.environ), "streams": streams, "same streams": sys.stdout is sys.__stdout__,
    "files": sorted(os.listdir("/proc/self/fd")), "signals": [str(signal.getsignal(n)) for n in signal.valid_signals()],
    "masked": list(map(int, signal.pthread_sigmask(signal.SIG_BLOCK, []))), "woken": signal.set_wakeup_fd(-1),
    "threads": threading.active_count(), "limits": [resource.getrlimit(n) for n in range(10)], "umask": os.umask(0),
    "leads": os.getpid() == os.getpgrp(), "session": os.getpid() == os.getsid(0), "collects": gc.isenabled(),
    "temporary": tempfile.tempdir, "locale": locale.getlocale(), "zone": time.tzname, "nice": os.nice(0),
    "flags": list(sys.flags), "program": list(api.__path__), "text": sys.stdin.read(),
}, ensure_ascii=False))
"""

CACHES = """
import functools, gc, importlib, pkgutil
for package in ("domain", "adapters", "indexers", "operations", "api"):
    for found in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
        found.name.endswith(".__main__") or importlib.import_module(found.name)
gc.unfreeze()
caches = [one for one in gc.get_objects() if type(one) is functools._lru_cache_wrapper]
print(*sorted(f"{one.__module__}.{one.__qualname__} {one.cache_info()}" for one in caches), sep="\\n")
"""

LEAVES = """
import os, sys, tempfile, adapters
os.environ["LEFT"] = "1"; os.chdir("/"); tempfile.gettempdir(); adapters.left = 1; sys.left = 1
"""
FINDS = """
import os, sys, tempfile, adapters
print(os.environ.get("LEFT"), os.getcwd() == "/", tempfile.tempdir, *(hasattr(m, "left") for m in (adapters, sys)))
"""

pytestmark = pytest.mark.skipif(forking.NEVER, reason="this run is without the fork server")

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]


def environment(**variables: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), **variables}


def ends(run: Run, folder: Path, *words: str, lang: str = "zh", **more: Any) -> tuple[int, bytes, bytes]:
    given = {"cwd": folder, "env": environment(JIANZHENG_LANG=lang), "capture_output": True, **more}
    ran = run([sys.executable, *words], **given)
    return ran.returncode, ran.stdout, ran.stderr


def code(text: str, folder: Path, **more: Any) -> forking.Popen[str]:
    process = forking.Popen([sys.executable, "-c", text], cwd=folder, env=environment(), text=True, **more)
    assert process.forked
    return process


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize(
    "words",
    [
        "--version",
        "--help",
        "fly",
        "ingest --help",
        "show x",
        "show x --json",
        "search 党课",
        "init --name x",
        "check --json",
    ],
)
def test_a_command_says_the_same(words: str, lang: str, tmp_path: Path) -> None:
    """Output, errors and exit code of a forked command are those of a new interpreter, byte for byte."""
    line = ["-m", "api.cli", *words.split()]
    assert ends(forking.run, tmp_path, *line, lang=lang) == ends(subprocess.run, tmp_path, *line, lang=lang)


@pytest.mark.parametrize("more", [{}, {"start_new_session": True}, {"process_group": 0}], ids=str)
def test_a_command_finds_what_it_was_given(more: dict[str, Any], tmp_path: Path) -> None:
    """Arguments, variables, folder, files, signals, streams, session and limits are those of a new interpreter."""
    given = {"input": "党课\n".encode(), **more}
    line = ["-c", FACTS, "a", "党课 b", "\udcff"]
    code, out, err = ends(forking.run, tmp_path, *line, **given)
    assert (code, err) == (0, b"")
    facts, real = (json.loads(os.fsdecode(said)) for said in (out, ends(subprocess.run, tmp_path, *line, **given)[1]))
    assert facts == real
    assert facts["text"] == "党课\n"


def test_nothing_is_left_by_the_command_before(tmp_path: Path) -> None:
    """What one command sets, the next does not see; and no cache of the program is warmer than after its import."""
    assert ends(forking.run, tmp_path, "-c", LEAVES) == (0, b"", b"")
    assert ends(forking.run, tmp_path, "-c", FINDS) == (0, b"None False None False False\n", b"")
    caches, real = (ends(run, tmp_path, "-c", CACHES)[1].split(b"\n") for run in (forking.run, subprocess.run))
    ours = tuple(package.encode() for package in PACKAGES)
    assert [line for line in caches if line.startswith(ours)] == [line for line in real if line.startswith(ours)]


@pytest.mark.parametrize(
    "text",
    [
        "import sys; print(1); sys.exit(7)", "import sys; sys.exit('said')", "import sys; sys.exit(-1)",
        "raise SystemExit",
        "import os; os.kill(os.getpid(), 9)", "import os; os.kill(os.getpid(), 15)", "import os; os._exit(3)",
        "import sys; sys.stdout.write('unwritten'); sys.exit()",
        "import atexit; atexit.register(print, 'last'); print('first')",
        "import threading, time; threading.Thread(target=lambda: (time.sleep(0.2), print('thread'))).start()",
        "import os; f = open('kept', 'w'); f.write('x'); f = None; print(open('kept').read())",
        "import tempfile, os; d = tempfile.TemporaryDirectory(dir='.'); print(os.listdir('.') != [])",
        "print(1, file=open('kept', 'w')); print(open('kept').read())",
    ],
)  # fmt: skip
def test_a_command_ends_the_same(text: str, tmp_path: Path) -> None:
    """Exit codes, signals, what is written, done and waited for at the end are those of a new interpreter."""
    assert ends(forking.run, tmp_path, "-c", text) == ends(subprocess.run, tmp_path, "-c", text)
    assert [path.name for path in tmp_path.iterdir()] in ([], ["kept"])


@pytest.mark.parametrize("text", ["1 / 0", "int(", "import os; os.close(1); print(1, flush=True)"])
def test_a_command_that_fails_says_why(text: str, tmp_path: Path) -> None:
    """The exit code, and the last line of what is said, are those of a new interpreter."""
    forked, real = (ends(run, tmp_path, "-c", text) for run in (forking.run, subprocess.run))
    assert forked[:2] == real[:2]
    assert real[0] > 0
    assert forked[2].splitlines()[-1] == real[2].splitlines()[-1]


def test_a_reader_that_goes_away(tmp_path: Path) -> None:
    """Output into a closed pipe ends a program as it ends one in a new interpreter, and `jianzheng` as it promises."""
    found = []
    for kind in (forking.Popen, subprocess.Popen):
        for words in (["-c", "print('x' * 100)"], ["-m", "api.cli", "--help"]):
            given, taken = os.pipe()
            os.close(given)
            with kind([sys.executable, *words], cwd=ROOT, env=environment(), stdout=taken, stderr=-1) as process:
                os.close(taken)
                found.append((process.communicate()[1].splitlines()[-1:], process.returncode))
    assert found[:2] == found[2:]
    assert found[1] == ([], 0)


def test_signals_reach_a_command(tmp_path: Path) -> None:
    """Interrupted, terminated or killed from outside it ends as others do; so it does when its time is up."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        with code("import time; print(1, flush=True); time.sleep(60)", tmp_path, stdout=-1, stderr=-1) as process:
            assert process.stdout is not None
            process.stdout.readline()
            assert process.poll() is None
            process.send_signal(number)
            assert process.wait(60) == -number
            assert process.poll() == -number
    line = [sys.executable, "-c", "import os, time; print(os.getpid(), flush=True); time.sleep(60)"]
    with pytest.raises(subprocess.TimeoutExpired) as late:
        forking.run(line, cwd=tmp_path, env=environment(), stdout=-1, timeout=2)
    with pytest.raises(ProcessLookupError):
        os.kill(int(late.value.stdout), 0)
    with pytest.raises(subprocess.CalledProcessError):
        forking.run([sys.executable, "-c", "exit(3)"], cwd=tmp_path, env=environment(), check=True)


def test_only_what_starts_alike_is_forked(tmp_path: Path) -> None:
    """Flags, variables of the interpreter, other modules, other programs and preparations get what they ask for."""
    said: dict[str, Any] = {"cwd": tmp_path, "env": environment(), "stdin": -3, "stdout": -3}
    python, module = sys.executable, ["-m", "api.cli", "--version"]
    usual: list[tuple[list[str], dict[str, Any]]] = [
        ([python, "-X", "utf8", *module], {}), ([python, "-c"], {}), ([python], {}), (["true"], {}),
        ([python, *module], {"env": environment(PYTHONHASHSEED="1")}), ([python, *module], {"preexec_fn": os.getpid}),
        ([python, *module], {"env": environment(LC_ALL="C")}), ([python, *module], {"env": environment(TZ="UTC+8")}),
        ([python, *module], {"env": environment(PYTHONPATH=str(tmp_path))}), ([python, *module], {"umask": 0o77}),
    ]  # fmt: skip
    for line, more in usual:
        with forking.Popen(line, **{**said, "stderr": -3, **more}) as process:
            assert not process.forked, (line, more)
    with forking.Popen([python, *module], **said) as process:
        assert (process.forked, process.wait()) == (True, 0)
    with pytest.raises(FileNotFoundError):
        forking.Popen([python, *module], cwd=tmp_path / "nowhere", env=environment())
    with pytest.raises(ValueError, match="null"):
        forking.Popen([python, *module, "\0"], cwd=tmp_path, env=environment())


def test_a_shell_calls_it_by_a_shim(tmp_path: Path) -> None:
    """What a shell calls `jianzheng` answers like it: arguments, input, output, exit code, a pipe that closes."""
    forking.write_shim(tmp_path / "bin" / "jianzheng")
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "jianzheng").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m api.cli "$@"\n')
    (tmp_path / "real" / "jianzheng").chmod(0o755)
    text = (
        "jianzheng show '党 课' --json; echo $?; jianzheng --help | head -n 1; JIANZHENG_LANG=en jianzheng fly; echo $?"
    )
    found = []
    for folder in ("bin", "real"):
        paths = environment(PATH=f"{tmp_path / folder}{os.pathsep}{os.environ['PATH']}", JIANZHENG_LANG="zh")
        found.append(subprocess.run(["bash", "-c", text], cwd=tmp_path, env=paths, capture_output=True, check=False))
    shim, real = ((ran.returncode, ran.stdout, ran.stderr) for ran in found)
    assert shim == real
    assert b"\n2\n" in real[1]


def test_the_server_ends_with_its_tests(tmp_path: Path) -> None:
    """Killed tests leave neither the server nor a command that it started."""
    text = (
        "import subprocess, sys, time; from tests import forking\n"
        "line = [sys.executable, '-c', 'import os, time; print(os.getppid(), flush=True); time.sleep(600)']\n"
        f"p = forking.Popen(line, cwd={str(ROOT)!r}, stdout=-1, text=True)\n"
        "assert p.forked; print(p.pid, p.stdout.readline(), flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", text], cwd=ROOT, env=environment(), stdout=-1, text=True) as tests:
        assert tests.stdout is not None
        left = [int(word) for word in tests.stdout.readline().split()]
        tests.kill()
    assert len(left) == 2
    for _ in range(600):
        if not any(_runs(number) for number in left):
            return
        time.sleep(0.05)
    raise AssertionError(f"still there: {left}")


def test_a_server_that_is_gone_is_an_error_of_its_own(tmp_path: Path) -> None:
    """Whether it is not there or ends before it has answered, no test takes that for the end of its command."""
    with pytest.raises(wire.ServerLost):
        wire.ask(str(tmp_path / "socket"), [0, 1, 2], {})
    ours, theirs = socket.socketpair()
    with ours:
        wire.tell(theirs, 7)
        theirs.close()
        assert wire.told(ours) == 7
        with pytest.raises(wire.ServerLost):
            wire.told(ours)


def _runs(number: int) -> bool:
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False
