"""What can happen to a keepsake. Stored for ever under these topics."""

from __future__ import annotations

from typing import Any

from domain.event import Event, event


class KeepsakeEvent(Event):
    """Base of what happens to one keepsake."""


@event("jianzheng:keepsake.kept")
class KeepsakeKept(KeepsakeEvent):
    """A school was given something that is worth keeping."""

    organisation: str
    title: str
    files: list[dict[str, Any]]


@event("jianzheng:keepsake.lost")
class KeepsakeLost(KeepsakeEvent):
    """It is not there any more."""

    reason: str
