"""The base of all events, and how they are made: what happened, who did it, when the archive received it.

An event is a frozen dataclass of plain JSON values. It is stored as the JSON of its attributes under its ``TOPIC``;
both are for ever. To change an event's shape raise its ``class_version`` and write ``upcast_vN_vN+1``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, TypeVar, dataclass_transform
from uuid import NAMESPACE_URL, UUID, uuid5

from eventsourcing.utils import register_topic

NAMESPACE = uuid5(NAMESPACE_URL, "https://jianzheng.example/")
"""Streams with a natural key (an organisation's code, a register's year) have ids derived below this name."""


def stream_id(kind: str, key: str) -> UUID:
    """The id of the stream of ``kind`` whose natural key is ``key``: unique without asking anyone."""
    return uuid5(NAMESPACE, f"{kind}/{key}")


@dataclass(frozen=True, kw_only=True)
class Event:
    """What every event carries."""

    TOPIC: ClassVar[str]
    class_version: ClassVar[int] = 1

    originator_id: UUID
    originator_version: int
    recorded_at: str  # ISO 8601, UTC, microseconds
    actor: str  # user name of the account that acted; "system" for the archive itself
    salt: str  # 32 hex digits: makes the digest of a short content unguessable

    @property
    def at(self) -> datetime:
        """``recorded_at`` as an instant that knows its offset."""
        return datetime.fromisoformat(self.recorded_at)


@dataclass(frozen=True)
class Stamp:
    """Who acts, when, and with which salts: everything of an event that is not decided by the rules."""

    actor: str
    now: datetime
    salt: Callable[[], str]

    def header(self, stream: UUID, version: int) -> dict[str, Any]:
        """The common attributes of the event that becomes ``version`` of ``stream``; a fresh salt each time."""
        return {
            "originator_id": stream,
            "originator_version": version,
            "recorded_at": self.now.astimezone(UTC).isoformat(timespec="microseconds"),
            "actor": self.actor,
            "salt": self.salt(),
        }


EventT = TypeVar("EventT", bound=Event)


@dataclass_transform(kw_only_default=True, frozen_default=True)
def event(topic: str) -> Callable[[type[EventT]], type[EventT]]:
    """Class decorator: a frozen keyword-only dataclass, stored under its topic."""

    def decorate(cls: type[EventT]) -> type[EventT]:
        made = dataclass(frozen=True, kw_only=True)(cls)
        made.TOPIC = topic
        register_topic(topic, made)
        return made

    return decorate


Json = dict[str, Any]
