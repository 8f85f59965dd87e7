"""The process that reads files: fenced in, replaced when it fails, gone when it is done with."""

from __future__ import annotations

import io
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from adapters.extraction import sandbox
from adapters.extraction.sandbox import ExtractorUnavailable, Limits, SandboxedExtractor
from domain.ports.texts import ExtractedText


def read(extractor: SandboxedExtractor, data: bytes, media_type: str) -> ExtractedText:
    return extractor.extract(io.BytesIO(data), media_type)


def children() -> set[int]:
    """Processes of this one that run an extraction worker, zombies included."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if int(fields[1]) == os.getpid() and (b"extraction.worker" in command or fields[0] == "Z"):
            found.add(int(folder.name))
    return found


def hostile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, body: str) -> None:
    """Runs a worker whose plain-text reader is this code instead: stands in for a parser with a bug."""
    script = tmp_path / "worker.py"
    script.write_text(
        "import ctypes, os, signal, socket, sys, time\n"
        "import adapters.extraction.txt as txt\n"
        "from adapters.extraction import worker\n"
        "from domain.ports.texts import ExtractedText\n"
        "def extract(stream):\n"
        "    text = stream.read().decode()\n"
        "    if text == 'good': return ExtractedText('extracted', ('good',))\n"
        f"    {body}\n"
        "txt.extract = extract\nworker.main()\n"
    )
    monkeypatch.setattr(sandbox, "_COMMAND", (sys.executable, str(script)))


BUGS = {
    "segfault": ("ctypes.string_at(0)", "damaged"),
    "abort": ("os.abort()", "damaged"),
    "exit": ("os._exit(0)", "damaged"),
    "recursion": ("extract.__code__ and (lambda f: f(f))(lambda f: f(f))", "damaged"),
    "hang": ("time.sleep(1000)", "timed_out"),
    "loop": ("while True: pass", "timed_out"),
    "deaf": ("signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(1000)", "timed_out"),
    "memory": ("x = bytearray(2 << 30)", "too_large"),
    "starved": ("x = bytearray(150 << 20); x[::4096] = b'x' * len(x[::4096]); os.abort()", "too_large"),
    "killed": ("os.kill(os.getpid(), signal.SIGKILL)", "too_large"),
    "writes": ("open('/var/tmp/jianzheng-escape', 'w').write('x' * 99999)", "damaged"),
    "lies": ("return ExtractedText('perfect', ('x',))", "damaged"),
    "floods": ("return ExtractedText('extracted', ('x' * (129 << 20),))", "too_large"),
}


@pytest.mark.parametrize("bug", BUGS)
def test_a_reader_that_misbehaves_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, bug: str) -> None:
    """Whatever a parser does, there is an outcome, no process stays behind, and the next file is read."""
    body, status = BUGS[bug]
    hostile(monkeypatch, tmp_path, body)
    seconds, cpu_seconds = (3, 2) if status == "timed_out" else (30, 20)
    limits = Limits(seconds, cpu_seconds, memory_bytes=(256 if bug == "starved" else 1024) << 20)
    with SandboxedExtractor(limits=limits) as extractor:
        assert read(extractor, b"bad", "text/plain").status == status
        assert read(extractor, b"good", "text/plain").pages == ("good",)
    Path("/var/tmp/jianzheng-escape").unlink(missing_ok=True)
    assert children() == set()


def test_the_worker_reaches_no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where namespaces are granted the worker sees no listener on this machine, not even a local one."""
    probe = "import ctypes; print(ctypes.CDLL(None).unshare(0x50000000))"
    granted = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True).stdout
    if granted.strip() != "0":
        pytest.skip("this system grants no network namespace")
    body = "socket.create_connection(('127.0.0.1', int(text)), 2)"
    hostile(monkeypatch, tmp_path, body)
    with socket.create_server(("127.0.0.1", 0)) as server, SandboxedExtractor() as extractor:
        server.setblocking(False)
        port = str(server.getsockname()[1]).encode()
        assert read(extractor, port, "text/plain").status == "damaged"
        with pytest.raises(BlockingIOError):
            server.accept()


def test_a_worker_that_died_between_files_is_replaced() -> None:
    """The next file does not pay for it."""
    with SandboxedExtractor() as extractor:
        assert read(extractor, b"one", "text/plain").status == "extracted"
        [pid] = children()
        os.kill(pid, signal.SIGKILL)
        assert read(extractor, b"two", "text/plain").pages == ("two",)


def test_a_worker_ends_with_its_parent(tmp_path: Path) -> None:
    """A parent that is killed leaves no worker behind."""
    program = (
        "import io, os, pathlib\nfrom adapters.extraction.sandbox import SandboxedExtractor\n"
        "extractor = SandboxedExtractor()\nextractor.extract(io.BytesIO(b'x'), 'text/plain')\n"
        "print(extractor._idle[0]._process.pid, flush=True)\nos.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    worker = Path("/proc") / done.stdout.strip()
    deadline = time.monotonic() + 10
    while b"extraction.worker" in _command_of(worker):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _command_of(process: Path) -> bytes:
    """Nothing where it is gone, also where it goes just now."""
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""


@pytest.mark.parametrize("body", ["raise SystemExit(1)", "print('no')", "import time; time.sleep(60)"])
def test_a_worker_that_never_comes_up_is_not_the_files_fault(monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    """A broken installation is reported as such; no file is called damaged for it."""
    monkeypatch.setattr(sandbox, "_COMMAND", (sys.executable, "-c", body))
    monkeypatch.setattr(sandbox, "START_SECONDS", 1)
    with SandboxedExtractor() as extractor, pytest.raises(ExtractorUnavailable):
        read(extractor, b"x", "text/plain")
    assert children() == set()


def test_workers_are_replaced_after_their_share(monkeypatch: pytest.MonkeyPatch) -> None:
    """No worker grows old."""
    monkeypatch.setattr(sandbox, "JOBS_PER_WORKER", 2)
    with SandboxedExtractor() as extractor:
        seen: list[set[int]] = []
        for _ in range(4):
            read(extractor, b"x", "text/plain")
            seen.append(children())
    assert len(seen[0]) == 1 and seen[1] == set() and len(seen[2]) == 1 and seen[2] != seen[0]


def test_threads_share_the_workers() -> None:
    """Eight callers and two workers: every answer belongs to its question."""
    answers: dict[int, tuple[str, ...]] = {}
    with SandboxedExtractor(workers=2) as extractor:

        def ask(number: int) -> None:
            for repeat in range(5):
                answers[number * 10 + repeat] = read(extractor, f"{number}-{repeat}".encode(), "text/plain").pages

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(children()) <= 2
    assert answers == {n * 10 + r: (f"{n}-{r}",) for n in range(8) for r in range(5)}
    assert children() == set()


def test_nothing_starts_before_the_first_file() -> None:
    """An extractor that nobody asks costs no process."""
    with SandboxedExtractor():
        assert children() == set()
