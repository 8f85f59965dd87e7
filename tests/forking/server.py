"""The fork server: a process that has loaded the program and forks for each command that `tests.forking` sends it.

It runs no command itself, starts no thread and opens no archive: what one command does, none after it can see. However
the tests end, it ends with them.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import pkgutil
import shutil
import signal
import socket
import sys
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector

from tests.forking import command, wire

PACKAGES = ("domain", "adapters", "indexers", "operations", "api")
THREADS = Path("/proc/self/task")


def main() -> None:
    """``python -m tests.forking.server ADDRESS LISTENER HELD``: a path, and two open sockets."""
    at_interrupt = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # typed where the tests run: they end, and then so does this
    load()
    listener, held = (socket.socket(fileno=int(number)) for number in sys.argv[2:])
    if channel := Server(listener, held).serve():
        signal.signal(signal.SIGINT, at_interrupt)
        command.become(channel)
    else:
        shutil.rmtree(Path(sys.argv[1]).parent)


def load() -> None:
    """Import every module of the program but those that do something when they are imported."""
    for package in PACKAGES:
        for found in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
            if not found.name.endswith(".__main__"):
                importlib.import_module(found.name)
    assert not THREADS.exists() or len(list(THREADS.iterdir())) == 1, "what a thread holds would stay held in a fork"
    gc.collect()
    gc.freeze()  # pages that are not written to are shared by all forks


class Server:
    """Forks for whoever connects; ends when nobody holds the other end of ``held`` any more."""

    def __init__(self, listener: socket.socket, held: socket.socket) -> None:
        self._listener, self._held = listener, held
        self._channels: dict[int, socket.socket] = {}
        self._awake, self._wake = socket.socketpair()
        self._wake.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # so that the number of the signal is written to `_wake`
        signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)

    def serve(self) -> socket.socket | None:
        """In a fork: the socket on which it hears what it is to do. None once all is over."""
        with DefaultSelector() as selector:
            for ours in (self._listener, self._held, self._awake):
                selector.register(ours, EVENT_READ)
            while True:
                ready = {key.fileobj for key, _ in selector.select()}
                if self._awake in ready:
                    self._awake.recv(4096)
                    self._reap()
                if self._held in ready:
                    break
                if self._listener in ready:
                    channel, _ = self._listener.accept()
                    if not self._fork(channel):
                        return channel
        for number in self._channels:
            os.kill(number, signal.SIGKILL)  # nobody is left who would end them
        return None

    def _fork(self, channel: socket.socket) -> int:
        number = os.fork()
        if number:
            self._channels[number] = channel
            self._tell(channel, number)
        else:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for ours in (self._listener, self._held, self._awake, self._wake, *self._channels.values()):
                ours.close()
        return number

    def _reap(self) -> None:
        while self._channels:
            number, status = os.waitpid(-1, os.WNOHANG)
            if not number:
                return
            with self._channels.pop(number) as channel:
                self._tell(channel, status)

    @staticmethod
    def _tell(channel: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError):  # who asked may be gone
            wire.tell(channel, number)


if __name__ == "__main__":
    main()
