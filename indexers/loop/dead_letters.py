"""What background work could not do, event or file, for people to see and to have tried again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from adapters.queue.text_queue import QueueTables
from adapters.work.log import Fault, Happened, WorkLog
from domain.errors import Lang, NotFound

TEXT = "text"
SHORTEST = 8
"""Characters of a digest or an id that are enough to name an item, where no other begins with them."""

NameOf = Callable[[UUID], str | None]
"""The archival code of a record; None for what is none, and for what the one who asks may not know."""


@dataclass(frozen=True)
class Item:
    """An event (with the stream it is in) or a file. ``aside``: it is tried again only when somebody says so."""

    part: str
    subject: str  # the stream's id, or the file's digest
    aside: bool
    fault: Fault
    attempts: int
    first: float
    last: float
    not_before: float
    event: Happened | None
    streams: tuple[str, ...]  # of the records concerned

    @property
    def id(self) -> str:
        return f"{self.part}:{self.subject}"

    def as_json(self, name_of: NameOf, lang: Lang) -> dict[str, Any]:
        codes = [code for stream in self.streams if (code := name_of(UUID(stream))) is not None]
        event = self.event
        return {
            "id": self.id,
            "part": self.part,
            "state": "aside" if self.aside else "failing",
            "records": codes,
            "event": None
            if event is None
            else {
                "id": event.stream,
                "version": event.version,
                "leaf_index": event.leaf,
                "position": event.position,
            },
            "file": None if event is not None else self.subject,
            "error": {"code": self.fault.code, "message": self.fault.zh if lang == "zh" else self.fault.en},
            "attempts": self.attempts,
            "first": instant(self.first),
            "last": instant(self.last),
            "next": None if self.aside else instant(self.not_before),
        }


def instant(seconds: float) -> str:
    """Seconds since 1970 as ISO 8601 in UTC, to the second."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def items(work: WorkLog, queue: QueueTables) -> list[Item]:
    """All that fails, what was set aside before what is still tried by itself, the oldest first."""
    failed = [
        Item(
            part=each.part,
            subject=each.event.stream,
            aside=each.state == "aside",
            fault=each.fault,
            attempts=each.attempts,
            first=each.first,
            last=each.last,
            not_before=each.not_before,
            event=each.event,
            streams=(each.event.stream,),
        )
        for each in work.troubles()
    ]
    failed += [
        Item(
            part=TEXT,
            subject=file.sha256,
            aside=file.aside,
            fault=file.fault,
            attempts=file.attempts,
            first=file.first,
            last=file.last,
            not_before=file.not_before,
            event=None,
            streams=file.records,
        )
        for file in queue.failures()
    ]
    return sorted(failed, key=lambda item: (not item.aside, item.first, item.id))


def chosen(work: WorkLog, queue: QueueTables, names: Sequence[str], name_of: NameOf) -> list[Item]:
    """The items that are called so: by id, by the beginning of digest or event id, by a record's archival code.

    Raises `NotFound` for a name that nothing has, or that several begin with.
    """
    there = items(work, queue)
    named: dict[str, Item] = {}
    for name in names:
        fitting = [item for item in there if item.id == name]
        if not fitting and len(name) >= SHORTEST:
            fitting = [item for item in there if item.subject.startswith(name)]
            if len({item.subject for item in fitting}) > 1:
                fitting = []
        if not fitting:
            fitting = [item for item in there if name in _codes(item, name_of)]
        if not fitting:
            raise NotFound("搁置的项目", "item that was set aside", name)
        named |= {item.id: item for item in fitting}
    return list(named.values())


def retry(work: WorkLog, queue: QueueTables, wanted: Iterable[Item]) -> int:
    """Have them tried again at once by whoever does the background work; returns how many."""
    by_part: dict[str, list[str]] = {}
    for item in wanted:
        by_part.setdefault(item.part, []).append(item.subject)
    return sum(
        queue.retry(subjects) if part == TEXT else work.retry(part, subjects) for part, subjects in by_part.items()
    )


def untried(work: WorkLog, queue: QueueTables, wanted: Iterable[Item]) -> set[str]:
    """The ids of those that were to be tried again and that nobody has come to yet."""
    waiting = {sha256 for sha256, _, _ in queue.unfinished()}
    failed = {item.id: item.attempts for item in items(work, queue)}
    return {
        item.id
        for item in wanted
        if (not failed.get(item.id, 0) and item.subject in waiting if item.part == TEXT else failed.get(item.id) == 0)
    }


def _codes(item: Item, name_of: NameOf) -> list[str | None]:
    return [name_of(UUID(stream)) for stream in item.streams]
