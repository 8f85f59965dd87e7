"""Everything that can happen to a record. Stored for ever under these topics: change a shape only with an upcaster.

``content`` is that of `domain.records.content`; ``files`` are `FileEntry.as_json` objects and always the complete
list of the version; ``gaps`` are those found when the event was recorded, by the rules of that day.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from domain.event import Event, event


class RecordEvent(Event):
    """Base of the acts on one record."""


@event("jianzheng:record.filed")
class RecordFiled(RecordEvent):
    """``late``: it was filed more working days after it happened than the archive allows (补录)."""

    code: str
    organisation: str
    content: dict[str, Any]
    files: list[dict[str, Any]]
    gaps: list[dict[str, str]]
    late: bool


@event("jianzheng:record.files-attached")
class FilesAttached(RecordEvent):
    """``files`` holds the ones that were there and the ones that came."""

    files: list[dict[str, Any]]
    gaps: list[dict[str, str]]
    attached: list[str]  # names of those that came


@event("jianzheng:record.corrected")
class RecordCorrected(RecordEvent):
    """The whole content of the next version; the earlier one stays readable."""

    content: dict[str, Any]
    files: list[dict[str, Any]]
    gaps: list[dict[str, str]]
    reason: str


@event("jianzheng:record.signed-off")
class RecordSignedOff(RecordEvent):
    """审签: the secretary stands for the version that is current."""

    remark: str


@event("jianzheng:record.returned")
class RecordReturned(RecordEvent):
    """Sent back to whoever filed it; ``reason`` says what is to be mended."""

    reason: str


@event("jianzheng:record.withdrawn")
class RecordWithdrawn(RecordEvent):
    """It counts no more, and stays readable with its history."""

    reason: str


@event("jianzheng:record.progress-noted")
class ProgressNoted(RecordEvent):
    """A step in the life of a rectification item. ``on`` is the date it happened."""

    on: str
    note: str


@event("jianzheng:record.item-closed")
class ItemClosed(RecordEvent):
    """销号: what was done, verified; ``evidence`` are archival codes of records that prove it."""

    on: str
    note: str
    evidence: list[str]


# ── erasure ─────────────────────────────────────────────────────────────────────────────────────────────────────


@event("jianzheng:record.erasure-proposed")
class ErasureProposed(RecordEvent):
    """提请销毁: nothing is gone yet. ``digests`` are the files that shall go; none: all of the record shall."""

    ground: str
    basis: str
    digests: list[str]


@event("jianzheng:record.erasure-rejected")
class ErasureRejected(RecordEvent):
    """The proposal that stands open is not followed."""

    reason: str


@event("jianzheng:record.erased")
class RecordErased(RecordEvent):
    """销毁: by another account than the proposer's. From here on what it names may be destroyed, and nothing else.

    ``events`` are those whose stored state goes: ``version``, ``state`` (SHA-256 of the stored bytes) and ``at`` (when
    it was recorded), empty where only files go. ``digests`` are the files that go. The rest is what people need to
    find the place where the record was, and says nothing of anybody.
    """

    ground: str
    basis: str
    proposer: str
    events: list[dict[str, Any]]
    digests: list[str]
    code: str
    organisation: str
    family: str
    form: str
    year: int
    years: list[int]  # all that it ever belonged to


ERASURE_PREFIX = "jianzheng:record.eras"
"""With which the topics of the three begin. They are never erased themselves."""


@dataclass(frozen=True, kw_only=True)
class Tombstone(RecordEvent):
    """An event whose state was erased: what `domain.ledger.tombstone` leaves of it. It is never stored as such."""

    topic: str
    by: int
    state: str
    recorded_at: str = ""
    actor: str = ""
    salt: str = ""
