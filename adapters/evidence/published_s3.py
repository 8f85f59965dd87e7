"""The ledger's public files in a bucket, for the forensic check (`adapters.evidence.questions`): as whoever asks for
them gets them, the newest version of each."""

from __future__ import annotations

import errno
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from adapters.s3.address import Address
from adapters.s3.client import Client, Patience
from adapters.s3.faults import FileStoreUnreachable
from adapters.s3.places import LEDGER
from domain.errors import StorageFailed

AHEAD = 32
"""Files that are asked for before they are wanted; the largest hold some hundred kilobytes."""

_THREADS = 8


@dataclass(frozen=True)
class PublishedBucket:
    """A `PublishedPlace`."""

    address: Address
    patience: Patience | None = None

    def open(self) -> BucketFiles:
        return BucketFiles(Client(self.address, self.patience))


class BucketFiles:
    """`PublishedFiles`, for one thread at a time. The client becomes its own."""

    def __init__(self, client: Client) -> None:
        self._client, self._hurried = client, client.hurried()
        self._expected: deque[str] = deque()
        self._asked: dict[str, Future[bytes | None]] = {}  # in the order in which they are expected
        self._pool: ThreadPoolExecutor | None = None  # made when there is work: a process with threads cannot be copied

    def read(self, name: str) -> bytes | None:
        if name not in self._asked:
            return self._get(name)
        for each in list(self._asked):
            if each == name:
                break
            self._asked.pop(each).cancel()  # passed over
        future = self._asked.pop(name)
        self._ask_ahead()
        return future.result()

    def holds(self, name: str, data: bytes) -> bool:
        published = self.read(name)
        if published is None:
            raise FileNotFoundError(errno.ENOENT, name)
        return published == data

    def has(self, name: str) -> bool:
        return self._client.head(LEDGER + name) is not None

    def listing(self) -> Iterator[tuple[str, bool]]:
        for each in self._client.objects(LEDGER):
            yield str(each.object_name).removeprefix(LEDGER), True

    def expect(self, names: Iterable[str]) -> None:
        self._forget()
        self._expected.extend(names)
        self._ask_ahead()

    def close(self) -> None:
        self._forget()
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
        self._client.close()

    def _forget(self) -> None:
        self._expected.clear()
        for future in self._asked.values():
            future.cancel()
        self._asked.clear()

    def _ask_ahead(self) -> None:
        if self._pool is None and self._expected:
            self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="published")
        while self._pool is not None and self._expected and len(self._asked) < AHEAD:
            name = self._expected.popleft()
            self._asked[name] = self._pool.submit(self._get, name)

    def _get(self, name: str) -> bytes | None:
        try:
            return self._hurried.read(LEDGER + name)
        except (FileStoreUnreachable, StorageFailed) as error:
            self._client.require_bucket()  # raises where it is the server, after it had its time to come back
            raise OSError(errno.EIO, error.message("en"), name) from error
