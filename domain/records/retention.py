"""保管期限: until when the files of a record have to be kept.

A period begins on the first day of the year after the one that the record belongs to, so that a year's records end
together. A record that does not say its period is kept for the shortest there is: whatever is decided about it later,
it will not be less.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from domain.event import Event
from domain.files import Keeping
from domain.records.content import Content
from domain.records.events import FilesAttached, RecordCorrected, RecordErased, RecordFiled

PERMANENT = "permanent"
YEARS = {"30y": 30, "10y": 10}
SHORTEST = min(YEARS.values())

AHEAD = max(YEARS.values())
"""Years for which what is permanent is kept at the least, counted anew each year: a lock without an end could never be
taken back, not even of a file that must not be there."""


def keeping(content: Content, recorded_on: date, today: date) -> Keeping:
    """By the content of a record. Never raises: of what is no content, the day of recording says the year."""
    if (period := content.get("retention")) == PERMANENT:
        return Keeping(date(today.year + 1 + AHEAD, 1, 1), permanent=True)
    years = YEARS.get(period, SHORTEST) if isinstance(period, str) else SHORTEST
    return Keeping(date(_year(content, recorded_on) + 1 + years, 1, 1))


def files_kept(history: Iterable[Event], today: date) -> dict[str, Keeping]:
    """For each file of a record, of earlier versions too, by its digest: as long as the current content says.

    What was erased is kept no longer.
    """
    digests: dict[str, None] = {}
    current: tuple[Content, date] | None = None
    for event in history:
        if isinstance(event, RecordFiled | FilesAttached | RecordCorrected):
            digests |= dict.fromkeys(str(file["sha256"]) for file in event.files)
        if isinstance(event, RecordFiled | RecordCorrected):
            current = event.content, event.at.date()
        if isinstance(event, RecordErased):
            digests = {digest: None for digest in digests if digest not in event.digests}
    return {} if current is None else dict.fromkeys(digests, keeping(*current, today))


def _year(content: Content, recorded_on: date) -> int:
    """Of the day on which it happened; nothing that is filed can have happened later than that."""
    try:
        return max(1, min(int(content["occurred"]["from"][:4]), recorded_on.year))
    except (KeyError, TypeError, ValueError):
        return recorded_on.year
