"""The directory in memory, brought up to date from the event store each time it is asked for."""

from __future__ import annotations

import threading

from domain.organisations.directory import Directory
from domain.organisations.events import DirectoryEvent
from domain.ports.events import EventStore

BATCH = 1_000


class DirectoryCache:
    """Callable: the directory as it stands now. One per process; the lock owns both folds."""

    def __init__(self, events: EventStore) -> None:
        self._events = events
        self._lock = threading.Lock()
        self._directory = Directory()
        self._position = 0
        self._past: tuple[int, Directory] | None = None

    def __call__(self) -> Directory:
        with self._lock:
            self._position = _fold(self._events, self._directory, self._position, None)
            return self._directory

    @property
    def known(self) -> Directory:
        """As it stood when it was asked for last: for a second question of one request."""
        return self._directory

    def at(self, position: int) -> Directory:
        """As it stood when the store's last row was ``position``: to be asked, never to be folded further.

        Many reports are made at one checkpoint; the last one asked for is kept.
        """
        with self._lock:
            if self._past is None or self._past[0] != position:
                directory = Directory()
                _fold(self._events, directory, 0, position)
                self._past = (position, directory)
            return self._past[1]


def _fold(events: EventStore, directory: Directory, after: int, until: int | None) -> int:
    while rows := events.directory_rows(after, BATCH):
        for row in rows:
            if until is not None and row.position > until:
                return after
            event = events.decode(row)
            if isinstance(event, DirectoryEvent):
                directory.apply(event)
            after = row.position
    return after
