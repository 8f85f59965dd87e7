"""The search index in generations: a new one is built beside the one that serves, and takes its place when complete.

::

    index/current        the number of the generation that serves
    index/1/ index/2/    generations; older ones go when a newer one has taken their place
    index/rebuild.lock   held by whoever builds the next one

Every process looks at ``current`` before each call, so a server goes over to the new generation by itself.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree

from filelock import FileLock, Timeout

from adapters.disk.durable import replace, storage_errors
from adapters.search.embedded import EmbeddedSearch
from domain.ports.search import SearchDocument, SearchRequest, SearchResult
from domain.search.errors import IndexLocked

CURRENT = "current"


def serving_number(folder: Path) -> int:
    """Which generation serves; the first, where nothing is written."""
    with storage_errors():
        try:
            written = (folder / CURRENT).read_text("ascii").strip()
        except FileNotFoundError:
            return 1
    return int(written) if written.isdecimal() else 1


class SearchGenerations:
    """A `domain.ports.search.SearchEngine`: the embedded engine of the generation that serves."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()  # owns the three below
        self._number = 0
        self._seen: tuple[int, int] | None = None  # inode and time of `current` when it was read
        self._engine: EmbeddedSearch | None = None

    # ── serving ─────────────────────────────────────────────────────────────────────────────────────────────────

    def write(self, upserts: Sequence[SearchDocument], deletes: Sequence[str], position: int) -> None:
        self._serving().write(upserts, deletes, position)

    def position(self) -> int:
        return self._serving().position()

    def search(self, request: SearchRequest) -> SearchResult:
        return self._serving().search(request)

    def documents(self, record: str) -> list[str]:
        return self._serving().documents(record)

    def clear(self) -> None:
        self._serving().clear()

    def drop_older(self) -> None:
        """Away with the generation that served before: it may hold what was erased since."""
        self._remove_older(self._read())

    def close(self) -> None:
        with self._lock:
            if self._engine is not None:
                self._engine.close()

    def _serving(self) -> EmbeddedSearch:
        with self._lock:
            seen = self._look()
            if self._engine is None or seen != self._seen:
                if self._engine is not None:
                    self._engine.close()
                self._seen, self._number = seen, self._read()
                self._engine = EmbeddedSearch(self._folder / str(self._number))
            return self._engine

    def _look(self) -> tuple[int, int] | None:
        with storage_errors():
            try:
                about = (self._folder / CURRENT).stat()
            except FileNotFoundError:
                return None
        return about.st_ino, about.st_mtime_ns

    def _read(self) -> int:
        return serving_number(self._folder)

    # ── rebuilding ──────────────────────────────────────────────────────────────────────────────────────────────

    @contextmanager
    def next(self) -> Iterator[EmbeddedSearch]:
        """An empty engine to fill; when the block ends it serves. Raises `IndexLocked` while another is being built.

        A block that raises, or a process that dies, leaves the old generation serving.
        """
        lock = FileLock(self._folder / "rebuild.lock", timeout=0)
        with storage_errors():
            self._folder.mkdir(exist_ok=True)  # the whole index may have been deleted
            try:
                lock.acquire()
            except Timeout:
                raise IndexLocked from None
        try:
            number = self._read() + 1
            folder = self._folder / str(number)
            with storage_errors():
                rmtree(folder, ignore_errors=True)  # of a rebuild that died
            engine = EmbeddedSearch(folder)
            try:
                yield engine
            finally:
                engine.close()
            replace(self._folder / CURRENT, f"{number}\n".encode())
            self._remove_older(number - 1)
        finally:
            lock.release()

    def _remove_older(self, than: int) -> None:
        """The generation just before stays until the next rebuild: another process may be in the middle of a search."""
        with storage_errors():
            for folder in list(self._folder.iterdir()):
                if folder.is_dir() and folder.name.isdecimal() and int(folder.name) < than:
                    rmtree(folder, ignore_errors=True)
