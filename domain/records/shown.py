"""What a hit of a search shows of a record."""

from __future__ import annotations

from collections.abc import Sequence

from domain.event import Event
from domain.records.content import occurred_on
from domain.records.events import RecordEvent
from domain.records.replay import replay
from domain.subject import Shown


def shown(history: Sequence[Event], revision: int) -> Shown | None:
    """The record as it stood after event ``revision``; None for one that was erased: nobody is shown a word of it.
    ``newest`` alone is of the present."""
    events = [event for event in history if isinstance(event, RecordEvent)]
    present = replay(events)
    if present is None or present.status == "erased":
        return None
    record = replay(event for event in events if event.originator_version <= revision) or present
    state = record.current
    return Shown(
        path=f"/records/{record.code}",
        code=record.code,
        title=state.content["title"],
        organisation=record.organisation,
        family=state.content["family"],
        form=state.content["form"],
        occurred_on=occurred_on(state.content),
        recorded_at=record.filed_at,
        status=record.status,
        version=state.number,
        newest=present.current.number,
        late=record.late,
        gaps=len(state.gaps),
        item=record.item,
        files=tuple(entry.name for entry in state.files),
    )
