"""Sending very many documents: in chunks of bytes, as fast as the server takes them, and each document answered for.

While the server works on a chunk the next one is made: each side has something to do all the time.

A write carries its writer's claim (`position`) as its external version, so the server itself refuses what is older
than what it has: a replay, a lost answer that is asked for again, and what a deposed writer sent and the server comes
to late change nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import orjson
from elasticsearch import ApiError

from adapters.search.elastic.connection import Connection
from adapters.search.elastic.faults import IndexMissing, SearchRefuses, SearchUnreachable
from domain.search.errors import DocumentRejected

CHUNK_BYTES = 1 << 20
"""Of one request. Small enough that a batch of records is several of them, so that making and taking them overlap; the
server holds each in memory while it works, and counts all that is under way against its limit."""

BACK_OFF = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Seconds of rest each time that the server says it has too much to do, before the caller is told."""

_BUSY = 429
_CONFLICT = 409


@dataclass(frozen=True)
class Change:
    """An entry to write, or (without ``source``) to delete."""

    id: str
    version: int
    source: Mapping[str, Any] | None

    def lines(self) -> bytes:
        about = {"_id": self.id, "version": self.version, "version_type": "external_gte"}
        lines = [{"delete": about}] if self.source is None else [{"index": about}, self.source]
        # Lone surrogates stand in ``document`` as escapes of escapes only, and nowhere else.
        return b"".join(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in lines)


class Bulk:
    """``into`` is an alias: a bulk to a name that is none is refused instead of making an index of that name."""

    def __init__(
        self,
        connection: Connection,
        into: str,
        *,
        chunk_bytes: int = CHUNK_BYTES,
        back_off: tuple[float, ...] = BACK_OFF,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._connection, self._into = connection, into
        self._chunk_bytes, self._back_off, self._sleep = chunk_bytes, back_off, sleep

    def send(self, changes: Iterable[Change]) -> set[str]:
        """All of them; returns the ids of those that the server holds, or deleted, in a newer version.

        Raises `DocumentRejected`, `SearchUnreachable`, `SearchRefuses`; what was sent stays sent.
        """
        newer: set[str] = set()
        sending: Future[None] | None = None  # one under way at a time: what is refused ends it there
        with ThreadPoolExecutor(1, thread_name_prefix="bulk") as pool:
            for chunk in self._chunks(changes):
                if sending is not None:
                    sending.result()
                sending = pool.submit(self._send, chunk, newer)
            if sending is not None:
                sending.result()
        return newer

    def _chunks(self, changes: Iterable[Change]) -> Iterator[list[tuple[str, bytes]]]:
        chunk: list[tuple[str, bytes]] = []
        size = 0
        for change in changes:
            lines = change.lines()
            if chunk and size + len(lines) > self._chunk_bytes:
                yield chunk
                chunk, size = [], 0
            chunk.append((change.id, lines))
            size += len(lines)
        if chunk:
            yield chunk

    def _send(self, chunk: list[tuple[str, bytes]], newer: set[str]) -> None:
        """Again and again what the server had no room for, until it has taken everything or ``back_off`` is over."""
        for rest in (*self._back_off, None):
            chunk = self._attempt(chunk, newer)
            if not chunk:
                return
            if rest is not None:
                self._sleep(rest)
        raise SearchUnreachable("HTTP 429")

    def _attempt(self, chunk: list[tuple[str, bytes]], newer: set[str]) -> list[tuple[str, bytes]]:
        """Send a chunk; returns what has to be sent again, and adds to ``newer``."""
        operations: list[Any] = [lines for _, lines in chunk]  # made ready: the client sends bytes as they are
        try:
            with self._connection.working() as client:
                answer = client.bulk(
                    index=self._into,
                    operations=operations,
                    require_alias=True,
                    filter_path="errors,items.*.status,items.*.error.type",
                )
        except SearchUnreachable as error:
            if _status(error) == _BUSY:
                return chunk
            raise
        if not answer.get("errors"):
            return []
        outcomes = [next(iter(item.values())) for item in answer["items"]]
        pairs = list(zip(chunk, outcomes, strict=True))
        newer.update(each[0] for each, outcome in pairs if outcome["status"] == _CONFLICT)
        return [each for each, outcome in pairs if _again(each[0], outcome)]


def _again(document: str, outcome: Mapping[str, Any]) -> bool:
    """Whether the document has to be sent again. Raises for one that never will be taken."""
    status, kind = outcome["status"], str(outcome.get("error", {}).get("type", ""))
    if status in (_CONFLICT, 404) and kind in ("", "version_conflict_engine_exception"):
        return False  # the server has it newer; or what was to be deleted is not there
    if "error" not in outcome:
        return False
    if kind == "index_not_found_exception":
        raise IndexMissing(detail=kind)
    if kind == "cluster_block_exception":
        raise SearchUnreachable(kind) if status == 503 else SearchRefuses(kind)  # 503: it is only starting
    if status in (_BUSY, 503):
        return True
    raise DocumentRejected(document, kind)


def _status(error: BaseException) -> int | None:
    cause = error.__cause__
    return cause.status_code if isinstance(cause, ApiError) else None
