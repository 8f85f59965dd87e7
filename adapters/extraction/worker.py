"""The worker process: takes open files over a socket, answers with text. Started by `sandbox`, never imported by it.

It fences itself in before it has read one byte of a file: limits on memory, processor time, written bytes and open
files; a network namespace without interfaces where the system allows one; no new privileges; an alarm that ends it
should its parent be gone. Each format's library is loaded when the first file of that format comes.

It is two processes: the reader, and a warden that waits for the reader's end and ends the same way. A process inherits
the peak memory of the one that started it, so only a small one can tell how much the reader itself had.

Wire format, both ways: four bytes big-endian length, then that many bytes of UTF-8 JSON. A request carries the file
descriptor beside its length.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import logging
import os
import resource
import signal
import socket
import sys
import warnings
from contextlib import suppress
from typing import IO, Any, NoReturn, Protocol, cast

from adapters.extraction.formats import MODULES
from adapters.extraction.outcome import Refused
from adapters.extraction.wire import READY, STARVED, to_json
from domain.ports.texts import ExtractedText

_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_ALARM_MARGIN = 10
"""Seconds beyond the parent's own limit, after which the kernel ends a worker whose parent does not."""


class _Format(Protocol):
    def extract(self, stream: IO[bytes]) -> ExtractedText:
        """Raises `Refused`, and whatever its library raises."""
        ...


def main() -> None:
    """``worker SOCKET_FD LIMITS_JSON``: serve one job after the other until the parent closes the socket."""
    limits: dict[str, int] = json.loads(sys.argv[2])
    channel = socket.socket(fileno=int(sys.argv[1]))
    if reader := os.fork():
        channel.close()
        _end_like(reader, limits["memory_bytes"])
    fence(limits)
    warnings.simplefilter("ignore")  # what a library thinks of a stranger's file is nobody's business
    logging.disable()
    with channel:
        channel.sendall(READY)
        while job := _receive(channel):
            request, handle = job
            signal.alarm(limits["seconds"] + _ALARM_MARGIN)
            _allow_processor_time(limits["cpu_seconds"])
            answer = _answer(request, handle)
            signal.alarm(0)
            channel.sendall(len(answer).to_bytes(4, "big") + answer)


def _end_like(reader: int, memory_bytes: int) -> NoReturn:
    """The warden's whole life. A library that cannot get memory mostly aborts: so it is told by what the reader had."""
    _, status, usage = os.wait4(reader, 0)
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        timed_out = -code in (signal.SIGXCPU, signal.SIGALRM)
        if not timed_out and usage.ru_maxrss * 1024 >= memory_bytes // 2:
            os._exit(STARVED)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [-code])
        if -code != signal.SIGKILL:
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(max(code, 0))


def fence(limits: dict[str, int]) -> None:
    """Give up what reading a file does not need. What the system refuses to take away stays; the rest still holds."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)  # no reader without its warden
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if libc.unshare(_CLONE_NEWNET) != 0:
        libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)
    os.umask(0o077)
    for what, most in (
        (resource.RLIMIT_AS, limits["memory_bytes"]),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, limits["open_files"]),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),
    ):
        with suppress(OSError, ValueError):
            resource.setrlimit(what, (most, most))


def _allow_processor_time(seconds: int) -> None:
    """The limit counts from the process's start, so each job sets it anew; reaching it sends SIGXCPU, which kills."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    ceiling = int(used.ru_utime + used.ru_stime) + seconds + 1
    resource.setrlimit(resource.RLIMIT_CPU, (ceiling, resource.RLIM_INFINITY))


def _receive(channel: socket.socket) -> tuple[dict[str, Any], int] | None:
    head, handles, _, _ = socket.recv_fds(channel, 4, 1)
    if len(head) < 4 or not handles:
        return None
    wanted = int.from_bytes(head, "big")
    body = b""
    while len(body) < wanted:
        piece = channel.recv(wanted - len(body))
        if not piece:
            return None
        body += piece
    return json.loads(body), handles[0]


def _answer(request: dict[str, Any], handle: int) -> bytes:
    return to_json(_extract(str(request["media_type"]), handle))


def _reader(media_type: str) -> _Format:
    try:
        return cast(_Format, importlib.import_module(f"adapters.extraction.{MODULES[media_type]}"))
    except ImportError as error:
        raise Refused("unsupported", "the library for this format is not installed") from error


def _extract(media_type: str, handle: int) -> ExtractedText:
    """Whatever a library raises over a stranger's file means that the file is damaged; memory has its own word."""
    try:
        with os.fdopen(handle, "rb") as stream:
            stream.seek(0)
            return _reader(media_type).extract(stream)
    except Refused as refused:
        return ExtractedText(refused.status, detail=refused.detail)
    except MemoryError:
        return ExtractedText("too_large", detail="more memory than one file may take")
    # Readers of other people's make raise whatever a broken file leads them to; this process is there to catch it.
    except Exception as error:
        return ExtractedText("damaged", detail=f"the reader gave up ({type(error).__name__})")


if __name__ == "__main__":
    main()
