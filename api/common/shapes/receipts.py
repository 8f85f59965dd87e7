"""What the check of a receipt answers, and what became of an event since its receipt was taken."""

from __future__ import annotations

from typing import Literal

from api.common.shapes.declaring import NotRequired, TypedDict, shape


@shape
class ErasedSince(TypedDict):
    """The event by which another one was lawfully erased."""

    record: str
    """The archival code."""
    revision: int
    at: str
    by: str
    basis: str
    ground: str
    ground_zh: str
    ground_en: str


@shape
class EventOutcome(TypedDict):
    """What became of an event that is named by its leaf hash."""

    known: bool
    """Whether this ledger has it."""
    erased: ErasedSince | None


@shape
class ReceiptFault(TypedDict):
    """Why a receipt proves nothing."""

    code: str
    message: str
    field: str | None
    line: int | None
    next: str
    file: NotRequired[str]


@shape
class ProvenFile(TypedDict):
    """A file that a proven event names."""

    name: str
    sha256: str
    size: int


@shape
class ProvenEvent(TypedDict):
    """An event that is in the ledger, as far as it says so itself."""

    record: str
    revision: int
    event: str
    name_zh: str
    name_en: str
    topic: str
    title: str | None
    code: str | None
    organisation: str | None
    at: str | None
    by: str | None
    reason: str
    files: list[ProvenFile]
    leaf_index: int
    leaf_hash: str
    """In base64."""


@shape
class Proven(TypedDict):
    """What is proven: one event, or (``complete``) every event that a record had."""

    record: str
    complete: bool
    events: list[ProvenEvent]


@shape
class ProvenCheckpoint(TypedDict):
    """The checkpoint that a receipt carries."""

    origin: str
    tree_size: int
    root: str
    """In base64."""
    key_id: str


@shape
class WitnessedBy(TypedDict):
    """A witness that cosigned it."""

    name: str
    at: str


@shape
class ComparedFile(TypedDict):
    """A file that was held against the receipt. ``name``: what the event calls it; null where no event names it."""

    path: str
    sha256: str
    name: str | None
    ok: bool


@shape
class CompleteReceipt(TypedDict):
    """The file of a completeness receipt: everything that happened to a record, up to one checkpoint."""

    format: str
    receipts: list[str]
    """Of each event, in order."""
    statement: str
    """The signed statement that these are all."""


@shape
class JudgementJson(TypedDict):
    """What a receipt proves."""

    ok: bool
    kind: Literal["event", "complete"]
    error: ReceiptFault | None
    proven: Proven | None
    """Null where nothing was proven."""
    checkpoint: ProvenCheckpoint | None
    witnesses: list[WitnessedBy]
    erased: ErasedSince | None
    warnings: list[str]
    files: list[ComparedFile]
