"""Text extraction in a process apart: whatever a file does to its reader, the archive gets an answer.

What holds, and where it comes from:

* memory, processor time, no written files, few open files, no child processes (for a user other than root): limits
  that the worker sets on itself before it sees a file (`worker.fence`); wall-clock time: this side, by ``killpg``;
* no network: a network namespace of its own, where the kernel allows one to this user (it does by default on current
  Linux). Where it does not, the worker keeps the user's network; it is then the operator's container that must deny it;
* the worker has an empty environment, the root folder as working folder, a session of its own and the file as an open
  descriptor. It runs as the same user: a bug in a parser that gives an attacker control of the worker could read what
  this user reads. Run the archive as a user of its own;
* nothing that the worker says is trusted: length-prefixed JSON up to a limit, checked field by field.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, Self

from adapters.disk.durable import storage_errors
from adapters.extraction import formats
from adapters.extraction.formats import ENCRYPTED, MODULES, essence
from adapters.extraction.wire import READY, STARVED, from_json
from domain.errors import Unavailable
from domain.ports.texts import ExtractedText, TextStatus

MAX_INPUT_BYTES = 1 << 30
MAX_ANSWER_BYTES = 128 << 20
"""Twenty million characters of four bytes, and room for JSON."""

JOBS_PER_WORKER = 200
"""A worker is replaced after so many files: bounds what a leaking library can gather."""

DEATH_SECONDS = 5.0
"""How long a worker that closed its socket may take to be gone."""

START_SECONDS = 30
"""How long a worker may take to come up, on a machine that is busy with other things."""


_COMMAND = (sys.executable, "-I", "-B", "-m", "adapters.extraction.worker")
"""Isolated: neither the environment nor the working folder decides what is imported."""


class ExtractorUnavailable(Unavailable):
    """The system grants no further process or memory. The file is kept; only its text has to wait."""

    code = "extractor_unavailable"
    zh = "现在无法启动文字提取程序。"
    en = "The program that reads files cannot be started now."
    next_zh = "文件已妥善保存，文字稍后会自动提取。"
    next_en = "The file is safe; its text will be read later."


@dataclass(frozen=True)
class Limits:
    """What one file may take."""

    seconds: int = 60
    cpu_seconds: int = 60
    memory_bytes: int = 1 << 30
    open_files: int = 64


class SandboxedExtractor:
    """A `TextExtractor`. Up to ``workers`` processes, started when first needed and kept warm; any thread may call."""

    def __init__(self, workers: int = 1, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._free = threading.BoundedSemaphore(workers)
        self._lock = threading.Lock()  # owns `_idle` and `_closed`
        self._idle: list[_Worker] = []
        self._closed = False

    def reader(self, media_type: str) -> str:
        return formats.reader(media_type)

    def is_current(self, text: ExtractedText, media_type: str) -> bool:
        return formats.is_current(text, media_type)

    def extract(self, blob: IO[bytes], media_type: str) -> ExtractedText:
        return replace(self._extract(blob, media_type), reader=self.reader(media_type))

    def _extract(self, blob: IO[bytes], media_type: str) -> ExtractedText:
        kind = essence(media_type)
        if kind == ENCRYPTED:
            return ExtractedText("encrypted", detail="protected with a password")
        if kind not in MODULES:  # a file without a byte is of no kind, and yet not one that nobody can read
            return ExtractedText("unsupported" if blob.seek(0, io.SEEK_END) else "empty")
        with storage_errors():
            file = _as_file(blob)
        with file:
            size = os.fstat(file.fileno()).st_size
            if size == 0:
                return ExtractedText("empty")
            if size > MAX_INPUT_BYTES:
                return ExtractedText("too_large", detail="the file is larger than the limit")
            with self._free:
                return self._run(file, kind)

    def close(self) -> None:
        """End the workers. Safe to repeat."""
        with self._lock:
            self._closed, idle, self._idle = True, self._idle, []
        for worker in idle:
            worker.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self, file: IO[bytes], kind: str) -> ExtractedText:
        """A verdict of death comes only from a fresh worker: an old one may have died of the files before."""
        worker = self._take()
        fresh = worker.jobs == 0
        answer = worker.read(file, kind)
        if isinstance(answer, _Died) and answer.status != "timed_out" and not fresh:
            worker = _start(self._limits)
            answer = worker.read(file, kind)
        if isinstance(answer, _Died):
            return ExtractedText(answer.status, detail=answer.detail, crashed=answer.crashed)
        self._give_back(worker)
        return answer

    def _take(self) -> _Worker:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return _start(self._limits)

    def _give_back(self, worker: _Worker) -> None:
        with self._lock:
            if not self._closed and worker.jobs < JOBS_PER_WORKER:
                self._idle.append(worker)
                return
        worker.end()


@dataclass(frozen=True)
class _Died:
    """``crashed``: another attempt may end better. Where a limit was reached it would only be reached again."""

    status: TextStatus
    detail: str
    crashed: bool = True


class _Worker:
    """One process and our end of its socket. Owned by one thread at a time. After `_Died` it is gone and reaped."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.jobs = 0
        self._channel, theirs = socket.socketpair()
        with theirs, _closed_on_error(self._channel):
            self._process = subprocess.Popen(
                [*_COMMAND, str(theirs.fileno()), json.dumps(asdict(limits))],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                env={"LC_ALL": "C.UTF-8"},
                cwd="/",
                start_new_session=True,
            )

    def read(self, file: IO[bytes], kind: str) -> ExtractedText | _Died:
        """The text, or how the worker ended. Whatever else goes wrong, no process is left behind."""
        try:
            return self._read(file, kind)
        except BaseException:
            self.end()
            raise

    def end(self) -> None:
        """Kill the whole session and reap it: no zombie, no child left. Safe to repeat."""
        self._channel.close()
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def _read(self, file: IO[bytes], kind: str) -> ExtractedText | _Died:
        if self.jobs == 0:
            self._await_ready()
        seconds = self._limits.seconds
        deadline = time.monotonic() + seconds
        self.jobs += 1
        try:
            request = json.dumps({"media_type": kind}).encode()
            self._channel.settimeout(seconds)
            socket.send_fds(self._channel, [len(request).to_bytes(4, "big")], [file.fileno()])
            self._channel.sendall(request)
            size = int.from_bytes(self._receive(4, deadline), "big")
            if size > MAX_ANSWER_BYTES:
                self.end()
                return _Died("too_large", "more text than one file may hold", crashed=False)
            answer = from_json(self._receive(size, deadline))
        except TimeoutError:
            self.end()
            return _Died("timed_out", "reading took longer than the limit")
        except OSError:
            return self._autopsy()
        if answer is None:
            self.end()
            return _Died("damaged", "the reader gave no sensible answer")
        return answer

    def _await_ready(self) -> None:
        """Raises `ExtractorUnavailable`: a worker that never came up says nothing about the file."""
        try:
            ready = self._receive(len(READY), time.monotonic() + START_SECONDS)
        except OSError as error:  # also the deadline's TimeoutError
            raise ExtractorUnavailable from error
        if ready != READY:
            raise ExtractorUnavailable

    def _receive(self, size: int, deadline: float) -> bytes:
        """Exactly so many bytes. Raises `TimeoutError` at the deadline, `ConnectionError` when the worker died."""
        data = bytearray()
        while len(data) < size:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self._channel.settimeout(left)
            piece = self._channel.recv(min(size - len(data), 1 << 20))
            if not piece:
                raise ConnectionError
            data += piece
        return bytes(data)

    def _autopsy(self) -> _Died:
        """What killed it, by signal or by what its warden says of the memory it had."""
        try:
            code = self._process.wait(DEATH_SECONDS)
        except subprocess.TimeoutExpired:  # it closed its socket and lives on: no honest reader does that
            self.end()
            return _Died("damaged", "the reader went astray")
        self._channel.close()
        if code in (-signal.SIGXCPU, -signal.SIGALRM):
            return _Died("timed_out", "reading took longer than the limit")
        if code in (-signal.SIGKILL, STARVED):  # killed: by a machine that had no memory left for anybody
            return _Died("too_large", "more memory than one file may take", crashed=code != STARVED)
        return _Died("damaged", "the reader crashed")


@contextmanager
def _closed_on_error(channel: socket.socket) -> Iterator[None]:
    try:
        yield
    except BaseException:
        channel.close()
        raise


def _start(limits: Limits) -> _Worker:
    """Raises `ExtractorUnavailable` when the system grants no process."""
    try:
        return _Worker(limits)
    except OSError as error:
        raise ExtractorUnavailable from error


def _as_file(blob: IO[bytes]) -> IO[bytes]:
    """Something with a descriptor of its own offset: the kept file opened again, or an unnamed copy."""
    try:
        handle = blob.fileno()
    except (OSError, AttributeError, io.UnsupportedOperation):
        handle = -1
    if handle >= 0:
        with suppress(OSError):  # no /proc here
            return Path(f"/proc/self/fd/{handle}").open("rb")
    copy = tempfile.TemporaryFile()  # noqa: SIM115 — the caller closes it
    try:
        blob.seek(0)
        shutil.copyfileobj(blob, copy, 1 << 20)
        copy.flush()
    except BaseException:
        copy.close()
        raise
    return copy
