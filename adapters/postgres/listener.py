"""Hears what other processes announce with ``NOTIFY``, so that followers need not wait for their next poll.

An announcement can be lost: while the connection is away, or with the process that made it. So nobody relies on one;
followers look by themselves every second or so, and after each new connection everybody is woken once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import LiteralString

import psycopg

from adapters.postgres.database import Database

TICK = 0.5
"""Seconds after which a listener notices that it is to end."""

REST = 2.0
"""Seconds between two attempts to connect again."""


class Listener:
    """A thread with a connection of its own. ``heard`` is called in that thread and must not take long."""

    def __init__(self, database: Database, channel: LiteralString, heard: Callable[[], None]) -> None:
        self._database, self._channel, self._heard = database, channel, heard
        self._stopping = threading.Event()
        self.listening = threading.Event()  # set while a connection listens
        self._thread = threading.Thread(target=self._run, name=f"listen-{channel}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        first = True
        while not self._stopping.is_set():
            try:
                with self._database.connect() as link:
                    link.execute(f"LISTEN {self._channel}")
                    self.listening.set()
                    if not first:
                        self._heard()
                    first = False
                    while not self._stopping.is_set():
                        # What this process did itself it knows already.
                        if [n for n in link.notifies(timeout=TICK, stop_after=1) if not self._database.owns(n.pid)]:
                            self._heard()
            except psycopg.Error:  # the server is away; whoever asks it for something says so
                self._stopping.wait(REST)
            finally:
                self.listening.clear()
