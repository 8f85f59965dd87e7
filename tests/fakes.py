"""Fakes at the edge of unit tests: an event store in memory, a clock and a chance that do what they are told."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import IO
from uuid import UUID
from zoneinfo import ZoneInfo

from adapters.accounts.store import PasswordTooWeak
from adapters.events.rows import entries_in, new_row
from domain.access import SYSTEM, Actor
from domain.erasing import Erasing
from domain.errors import BlobErased, BlobMissing, VersionConflict
from domain.event import Event, Stamp
from domain.ledger.tombstone import state_digest, tombstone
from domain.organisations.administering import Administration
from domain.organisations.directory import Directory
from domain.organisations.events import DirectoryEvent
from domain.ports.blobs import FixityResult
from domain.ports.events import Act, Decided, NewEntry, StoredRow
from domain.records.events import ERASURE_PREFIX, Tombstone
from domain.records.filing import Archive, IncomingFile

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOON = datetime(2023, 5, 4, 4, 0, tzinfo=UTC)  # 12:00 in Shanghai, a Thursday


class Chance:
    """Counts instead of throwing dice."""

    def __init__(self) -> None:
        self.given = 0

    def uuid(self) -> UUID:
        self.given += 1
        return UUID(int=self.given)

    def salt(self) -> str:
        self.given += 1
        return f"{self.given:032x}"


def stamp(actor: str = "clerk", now: datetime = NOON) -> Stamp:
    return Stamp(actor, now, lambda: "00" * 16)


class MemoryEvents:
    """An `EventStore` that remembers objects; good for rules, not for bytes."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.before_append: Callable[[], None] = lambda: None
        self._turn = Lock()

    def append(self, events: Sequence[Event]) -> None:
        self.before_append()
        with self._turn:
            self._store(events)

    def append_next(self, stream_id: UUID, decide: Callable[[int], Decided]) -> Decided:
        self.before_append()
        with self._turn:
            events = decide(self.last_version(stream_id))
            self._store(events)
        return events

    def stream(self, stream_id: UUID, after: int = 0, limit: int | None = None) -> list[Event]:
        found = [e for e in self.events if e.originator_id == stream_id and e.originator_version > after]
        return found[:limit]

    def last_version(self, stream_id: UUID) -> int:
        return max((e.originator_version for e in self.events if e.originator_id == stream_id), default=0)

    def rows(self, after: int, limit: int) -> list[StoredRow]:
        return [
            StoredRow(n, e.originator_id, e.originator_version, *_stored(e))
            for n, e in enumerate(self.events, start=1)
            if n > after
        ][:limit]

    def entries(self, after: int, limit: int) -> list[NewEntry]:
        return entries_in(self.rows(after, limit))

    def directory_rows(self, after: int, limit: int) -> list[StoredRow]:
        return [row for row in self.rows(after, len(self.events)) if row.topic.startswith("jianzheng:directory.")][
            :limit
        ]

    def rows_at(self, positions: Sequence[int]) -> list[StoredRow]:
        wanted = set(positions)
        return [row for row in self.rows(0, len(self.events)) if row.position in wanted]

    def acts_at(self, positions: Sequence[int]) -> list[Act]:
        return [(row.position, row.topic, str(row.id), json.loads(row.state)) for row in self.rows_at(positions)]

    def stored(self, stream_id: UUID) -> list[StoredRow]:
        rows = [row for row in self.rows(0, len(self.events)) if row.id == stream_id]
        return sorted(rows, key=lambda row: row.version)

    def erasures(self, after: int, limit: int) -> list[StoredRow]:
        return [row for row in self.rows(after, len(self.events)) if row.topic.startswith(ERASURE_PREFIX)][:limit]

    def erase(self, stream_id: UUID, version: int, by: int) -> bool:
        for n, event in enumerate(self.events):
            if (event.originator_id, event.originator_version) == (stream_id, version):
                self.events[n] = tombstoned(event, by)
        return True

    def head(self) -> int:
        return len(self.events)

    def decode(self, row: StoredRow) -> Event:
        return self.events[row.position - 1]

    def _store(self, events: Sequence[Event]) -> None:
        taken = {(e.originator_id, e.originator_version) for e in self.events}
        if any((e.originator_id, e.originator_version) in taken for e in events):
            raise VersionConflict
        self.events += events


def _stored(event: Event) -> tuple[str, bytes]:
    if isinstance(event, Tombstone):
        return event.topic, tombstone(event.by, event.state)
    return event.TOPIC, new_row(event)[3]


def tombstoned(event: Event, by: int) -> Tombstone:
    """What is left of an event that was erased by another."""
    stream, version, topic, state = new_row(event)
    digest = state_digest(state)
    return Tombstone(originator_id=stream, originator_version=version, topic=topic, by=by, state=digest)


class MemoryBlobs:
    """A `BlobStore` in a dictionary."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.gone: set[str] = set()

    def stage(self, chunks: Iterator[bytes]) -> MemoryStagedFile:
        return MemoryStagedFile(self, b"".join(chunks))

    def find_staged(self, sha256: str) -> None:
        return None

    def sweep(self) -> int:
        return 0

    def open(self, sha256: str) -> IO[bytes]:
        if sha256 not in self.kept:
            raise (BlobErased if sha256 in self.gone else BlobMissing)(sha256)
        return io.BytesIO(self.kept[sha256])

    def erase(self, sha256: str, unless: Callable[[], bool] = lambda: False) -> bool:
        if unless():
            return False
        self.kept.pop(sha256, None)
        self.gone.add(sha256)
        return True

    def erased(self, digests: Iterable[str]) -> set[str]:
        return self.gone & set(digests)

    def size(self, sha256: str) -> int | None:
        return len(self.kept[sha256]) if sha256 in self.kept else None

    def digests(self) -> Iterator[str]:
        return iter(sorted(self.kept))

    def fixity(self, digests: Iterable[str], workers: int = 2) -> Iterator[FixityResult]:
        return (FixityResult(d, hashlib.sha256(self.kept[d]).hexdigest(), len(self.kept[d])) for d in digests)

    def pending(self, digests: Iterable[str]) -> AbstractContextManager[None]:
        return nullcontext()

    def leftovers(self) -> set[str]:
        return set()

    def clean_up(self, referenced: Callable[[set[str]], set[str]]) -> list[str]:
        return []

    def strays(self) -> Iterator[str]:
        return iter(())


class MemoryStagedFile:
    def __init__(self, store: MemoryBlobs, data: bytes) -> None:
        self.store, self.data = store, data
        self.sha256, self.size = hashlib.sha256(data).hexdigest(), len(data)

    def open(self) -> IO[bytes]:
        return io.BytesIO(self.data)

    def commit(self) -> None:
        if self.sha256 in self.store.gone:
            raise BlobErased(self.sha256)
        self.store.kept[self.sha256] = self.data

    def discard(self) -> None: ...


class MemoryCredentials:
    """``fault``: what `keep` raises, once. A password of fewer than four characters is too weak."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.ended: list[str] = []
        self.fault: Exception | None = None

    def prepare(self, username: str, password: str) -> str:
        if len(password) < 4:
            raise PasswordTooWeak(why_zh="太短", why_en="it is too short", field="password")
        return f"hash of {password}"

    def keep(self, username: str, prepared: str) -> None:
        if self.fault is not None:
            fault, self.fault = self.fault, None
            raise fault
        self.kept[username] = prepared
        self.end_all(username)

    def has_password(self, username: str) -> bool:
        return username in self.kept

    def end_all(self, username: str) -> None:
        self.ended.append(username)


class School:
    """A small archive in memory: a bureau, one school with two branches, a handful of people and accounts."""

    def __init__(self) -> None:
        self.events, self.blobs, self.chance = MemoryEvents(), MemoryBlobs(), Chance()
        self.now = NOON
        self.archive = Archive(
            events=self.events,
            blobs=self.blobs,
            directory=self.directory,
            clock=lambda: self.now,
            entropy=self.chance,
            zone=SHANGHAI,
        )
        self.erasing = Erasing(self.archive)
        self.credentials = MemoryCredentials()
        self.office = Administration(
            events=self.events,
            directory=self.directory,
            credentials=lambda: self.credentials,
            clock=lambda: self.now,
            entropy=self.chance,
            zone=SHANGHAI,
        )
        self.office.add_organisation(SYSTEM, "bureau", "青禾区教育局")
        self.office.add_organisation(SYSTEM, "school-01", "第一中学", "bureau")
        self.office.add_organisation(SYSTEM, "branch-1", "第一支部", "school-01")
        self.office.add_organisation(SYSTEM, "school-02", "第二中学", "bureau")
        for code, name, where in (
            ("p-1", "张敏", "branch-1"),
            ("p-2", "李强", "branch-1"),
            ("p-3", "王芳", "school-01"),
            ("p-4", "王芳", "school-02"),
        ):
            self.office.add_person(SYSTEM, code, name, where)
        for username, person, role, where in (
            ("admin", None, "administrator", "bureau"),
            ("clerk", "p-2", "clerk", "school-01"),
            ("secretary", "p-3", "secretary", "school-01"),
            ("inspector", None, "inspector", "bureau"),
            ("reader", "p-1", "reader", "school-01"),
            ("stranger", "p-4", "clerk", "school-02"),
        ):
            self.office.open_account(SYSTEM, username, person)
            self.office.grant(SYSTEM, username, role, where)

    def directory(self) -> Directory:
        return Directory().fold(e for e in self.events.events if isinstance(e, DirectoryEvent))

    def actor(self, username: str) -> Actor:
        return self.directory().account(username).actor()

    def file(self, data: bytes, name: str = "签到表.txt", role: str = "attendance_sheet") -> IncomingFile:
        return IncomingFile(name, self.blobs.stage(iter([data])), "text/plain", role)

    def later(self, days: float) -> None:
        self.now += timedelta(days=days)


def lecture(**more: object) -> dict[str, object]:
    """A party lecture with nothing missing."""
    raw: dict[str, object] = {
        "organisation": "branch-1",
        "family": "study_session",
        "form": "党课",
        "title": "专题党课：从历史中汲取力量",
        "occurred": {"from": "2023-04-21T14:30+08:00", "to": "2023-04-21T16:30+08:00"},
        "place": "三楼会议室",
        "chair": "张敏",
        "recorder": "李强",
        "lecturer": "张敏",
        "attendance": {"expected": 3, "present": 2, "on_leave": [{"person": "王芳", "reason": "病假"}]},
        "hours": 2,
        "body": "围绕三点要求逐一发言。",
    }
    raw.update(more)
    return {key: value for key, value in raw.items() if value is not None}
