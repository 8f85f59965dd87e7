"""Erasures: is everything gone that an event says is gone, and was nothing else taken away?

A tombstone keeps the tree as it was, whoever made it. So each must be one that a later event of its stream names; and
where an event erased something, its states, files, texts and index entries must be gone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple
from uuid import UUID

from domain.ledger.tombstone import PREFIX, read_tombstone
from domain.ports.blobs import BlobStore
from domain.records.events import RecordErased
from operations.verify.events import Describe
from operations.verify.findings import Verification

MAX_LISTED = 5

Row = tuple[str, int, str, bytes]
"""Stream (32 hexadecimal digits), version, topic and state of a sound event."""


class Remain(NamedTuple):
    """Something that is left of what was erased."""

    subject: Literal["file", "index"]
    name: str
    zh: str
    en: str


Remains = Callable[[UUID, bool, Iterable[str]], Iterable[Remain]]
"""Of a record, whether all of it was erased, and the digests of erased files → what indexes and caches still hold."""


@dataclass(frozen=True)
class Erasure:
    """What an event says that it erased."""

    stream: str
    version: int
    states: dict[int, str]  # version → digest
    digests: tuple[str, ...]

    @property
    def event(self) -> str:
        return f"{UUID(self.stream)}/{self.version}"


@dataclass
class Erasures:
    """Gathered while events are read: a handful among millions."""

    tombstones: dict[tuple[str, int], tuple[int, str]] = field(default_factory=dict)
    erasures: dict[tuple[str, int], Erasure] = field(default_factory=dict)

    def sound(self, stream: str, version: int, topic: str, state: bytes) -> None:
        if state.startswith(PREFIX):
            if (said := read_tombstone(state)) is not None:
                self.tombstones[stream, version] = said
        elif topic == RecordErased.TOPIC:
            self.erasures[stream, version] = Erasure(stream, version, *_said(state))

    def clear(self) -> None:
        self.tombstones.clear()
        self.erasures.clear()

    @property
    def digests(self) -> set[str]:
        """Of all files that were erased."""
        return {digest for each in self.erasures.values() for digest in each.digests}


def concerns(row: Row) -> bool:
    """Whether it is for `Erasures`; asked of every event."""
    return row[3][: len(PREFIX)] == PREFIX or row[2] == RecordErased.TOPIC


def check_tombstones(result: Verification, erasures: Erasures, describe: Describe) -> int:
    """Each was announced; and what was announced is a tombstone by now. Returns how many no erasure ever named: what
    these events said of files, nobody knows."""
    forged = 0
    for (stream, version), (by, state) in sorted(erasures.tombstones.items()):
        erasure = erasures.erasures.get((stream, by))
        announced = None if erasure is None or by <= version else erasure.states.get(version)
        if announced == state:
            continue
        if announced is None:
            zh, en = "内容被抹去，而没有销毁事件列出它", "its state was taken away, and no erasure names it"
        else:
            zh, en = "被抹去的内容不是销毁事件所列的", "what was taken away is not what the erasure names"
        forged += announced is None
        _event(result, "deleted" if announced is None else "altered", stream, version, describe, zh, en)
    known = {each.event for each in result.findings if each.event}
    for erasure in erasures.erasures.values():
        for version in sorted(erasure.states):
            name = f"{UUID(erasure.stream)}/{version}"
            if (erasure.stream, version) not in erasures.tombstones and name not in known:
                zh = f"销毁没有做完（事件 {erasure.event}）：它的内容还在"
                en = f"erasure incomplete (event {erasure.event}): its state is still there"
                _event(result, "stale", erasure.stream, version, describe, zh, en)
    return forged


def check_remains(
    result: Verification,
    erasures: Erasures,
    blobs: BlobStore,
    held: Callable[[str], bool],
    deleted_events: int,
    remains: Remains | None,
    describe: Describe,
) -> None:
    """Nothing of what was erased can be read any more, but a file that is ``held`` by another record; or was, perhaps,
    by an event that somebody deleted."""
    unclear: set[str] = set()
    for erasure in erasures.erasures.values():
        left = [
            Remain("file", file.sha256, f"文件 {file.sha256} 还读得出", f"the file {file.sha256} can be read")
            for file in blobs.fixity(erasure.digests)
            if file.computed is not None and not held(file.sha256)
        ]
        if remains is not None:
            left += [
                each
                for each in remains(UUID(erasure.stream), bool(erasure.states), erasure.digests)
                if each.subject != "file" or not held(each.name)
            ]
        record = describe(UUID(erasure.stream))
        for each in left:
            if deleted_events and each.subject == "file":
                unclear.add(each.name)
                continue
            result.add(
                "stale",
                each.subject,
                f"{record or ''} 销毁没有做完（事件 {erasure.event}）：{each.zh}。".lstrip(),
                f"{record or ''} erasure incomplete (event {erasure.event}): {each.en}.".lstrip(),
                record=record,
                event=erasure.event,
                file=each.name,
            )
    if unclear:
        listed = ", ".join(sorted(unclear)[:MAX_LISTED]) + (" …" if len(unclear) > MAX_LISTED else "")
        result.remark(
            f"有 {len(unclear)} 个销毁过的文件还读得出，可能是因为被删除的事件也引用过它：{listed}",
            f"{len(unclear)} erased files can still be read, perhaps because deleted events name them too: {listed}",
        )


def _event(result: Verification, klass: Any, stream: str, version: int, describe: Describe, zh: str, en: str) -> None:
    name, record = f"{UUID(stream)}/{version}", describe(UUID(stream))
    result.add(
        klass,
        "event",
        f"{record or ''} {name}：{zh}。".lstrip(),
        f"{record or ''} {name}: {en}.".lstrip(),
        record=record,
        event=name,
    )


def _said(state: bytes) -> tuple[dict[int, str], tuple[str, ...]]:
    """Of an event that somebody forged, what of it has the right kinds."""
    try:
        said = json.loads(state)
    except (ValueError, RecursionError):
        return {}, ()
    if not isinstance(said, dict):
        return {}, ()
    states = {
        each["version"]: each["state"]
        for each in _list(said.get("events"))
        if isinstance(each, dict) and type(each.get("version")) is int and isinstance(each.get("state"), str)
    }
    return states, tuple(_digests(said.get("digests")))


def _digests(value: Any) -> Iterator[str]:
    for each in _list(value):
        if isinstance(each, str) and len(each) == 64 and set(each) <= set("0123456789abcdef"):
            yield each


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
