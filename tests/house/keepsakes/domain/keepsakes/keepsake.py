"""The keepsake: kept once, and lost at most once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.keepsakes.events import KeepsakeKept, KeepsakeLost

from domain.errors import InputError
from domain.event import Event, Stamp
from domain.subject import Impossible


class AlreadyLost(InputError):
    code = "keepsake_lost"
    zh = "“{title}”已经登记为丢失。"
    en = "“{title}” is registered as lost already."


@dataclass
class Keepsake:
    id: UUID
    organisation: str
    title: str
    kept_at: str
    kept_by: str
    files: tuple[str, ...]
    version: int = 1
    lost: str | None = None

    @classmethod
    def begin(cls, event: KeepsakeKept) -> Keepsake:
        """As it was given."""
        names = tuple(str(file["name"]) for file in event.files)
        return cls(event.originator_id, event.organisation, event.title, event.recorded_at, event.actor, names)

    def lose(self, reason: str, stamp: Stamp) -> KeepsakeLost:
        """Raises `AlreadyLost`."""
        if self.lost is not None:
            raise AlreadyLost(title=self.title)
        return KeepsakeLost(reason=reason, **stamp.header(self.id, self.version + 1))

    def apply(self, event: Event) -> None:
        """Take in what happened; it was decided before."""
        self.version = event.originator_version
        if isinstance(event, KeepsakeLost):
            self.lost = event.reason


def replay(events: Sequence[Event]) -> Keepsake | None:
    """None where no history of a keepsake begins so."""
    if not events or not isinstance(events[0], KeepsakeKept):
        return None
    kept = Keepsake.begin(events[0])
    for event in events[1:]:
        kept.apply(event)
    return kept


def audit(events: Sequence[Event]) -> Impossible | None:
    """What is lost is not lost again."""
    return None if len(events) < 3 else Impossible(3, "丢失之后不能再丢失", "what is lost cannot be lost again")
