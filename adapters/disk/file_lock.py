"""One integrator at a time: an advisory lock that the kernel releases when its holder dies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from adapters.disk.durable import storage_errors


class LedgerLock:
    """Held across processes and threads. Every `held` makes its own lock object, so that threads exclude each other."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def held(self, wait: float = 0.0) -> Iterator[bool]:
        """Try for ``wait`` seconds (-1: for ever); says whether the lock is ours for the length of the block."""
        lock = FileLock(self.path, timeout=wait, thread_local=False)
        with storage_errors(), suppress(Timeout):  # in this order: a `Timeout` is an `OSError` too
            lock.acquire()
        try:
            yield lock.is_locked
        finally:
            lock.release()
