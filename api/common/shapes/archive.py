"""How the archive fares: its checkpoint, its background work, the forensic check, and what can be reached."""

from __future__ import annotations

from typing import Literal

from api.common.shapes.declaring import Message, TypedDict, shape


@shape
class CheckpointJson(TypedDict):
    """The latest signed checkpoint, taken apart."""

    checkpoint: str
    """The signed note itself."""
    origin: str
    tree_size: int
    root: str
    """In base64."""
    vkey: str


# ── background work ─────────────────────────────────────────────────────────────────────────────────────────────


@shape
class LedgerProgress(TypedDict):
    """``behind``: events that are no leaves yet."""

    tree_size: int
    behind: int


@shape
class UnreadableEvent(TypedDict):
    """An event that the search index could not take in."""

    leaf_index: int
    why: str


@shape
class SearchProgress(TypedDict):
    """How far the search index is; null while its server is away, with the ``fault``."""

    position: int | None
    behind: int | None
    fault: Message | None
    unreadable: list[UnreadableEvent]


@shape
class FiguresProgress(TypedDict):
    """How far the figures of reports are."""

    position: int
    behind: int


@shape
class TextAside(TypedDict):
    """A file whose text could not be read."""

    sha256: str
    why: str
    code: str
    attempts: int


@shape
class TextProgress(TypedDict):
    """How many files wait for their text to be read, and were read."""

    waiting: int
    done: int
    aside: list[TextAside]


@shape
class WitnessProgress(TypedDict):
    """How one witness answered last."""

    name: str
    url: str
    tree_size: int | None
    cosigned_at: str | None
    alarm: bool
    """It saw a ledger that the present one does not continue."""
    attempts: int
    fault: Message | None


@shape
class WitnessesProgress(TypedDict):
    """Whether enough witnesses cosigned. ``tree_size`` and ``at`` are of the last checkpoint that met the quorum,
    ``since`` is when the first leaf came that none covers."""

    state: Literal["off", "witnessed", "unwitnessed", "alarm", "unknown"]
    quorum: str | None
    tree_size: int | None
    at: str | None
    since: str | None
    witnesses: list[WitnessProgress]
    fault: Message | None


@shape
class UnfinishedErasure(TypedDict):
    """An erasure of which something is left to be done."""

    record: str | None
    revision: int
    why: str


@shape
class StandingStill(TypedDict):
    """A part of the background work that stands still."""

    part: str
    code: str
    message: str
    attempts: int
    first: str | None
    last: str | None


@shape
class WorkEvent(TypedDict):
    """The event that background work stumbled over."""

    id: str
    version: int
    leaf_index: int | None
    position: int


@shape
class WorkItem(TypedDict):
    """An event or a file that background work could not do. ``aside``: it is tried again when somebody says so."""

    id: str
    part: str
    state: Literal["aside", "failing"]
    records: list[str]
    event: WorkEvent | None
    file: str | None
    error: Message
    attempts: int
    first: str
    last: str
    next: str | None


@shape
class JobJson(TypedDict):
    """When a job that goes by the clock was done last."""

    name: str
    last: str


@shape
class IndexStatus(TypedDict):
    """How far ledger, search, figures and texts are, what stands still, and what was set aside."""

    events: int
    ledger: LedgerProgress
    search: SearchProgress
    figures: FiguresProgress
    text: TextProgress
    witnesses: WitnessesProgress
    erasures: list[UnfinishedErasure]
    faults: list[StandingStill]
    aside: list[WorkItem]
    failing: list[WorkItem]
    jobs: list[JobJson]


@shape
class Retried(TypedDict):
    """How many items will be tried again."""

    retried: int


# ── the forensic check ──────────────────────────────────────────────────────────────────────────────────────────


@shape
class CheckedCounts(TypedDict):
    """How much was looked at."""

    events: int
    files: int
    bytes: int


@shape
class FindingJson(TypedDict("_Class", {"class": str})):
    """One thing that is not as it was recorded, and where."""

    subject: str
    record: str | None
    event: str | None
    """``<stream id>/<version>``."""
    file: str | None
    leaf_index: int | None
    detail: str


@shape
class SampleJson(TypedDict):
    """Of how many files some were hashed, and the seed that chooses the same ones again."""

    files: int
    of: int
    seed: int


@shape
class VerificationJson(TypedDict):
    """The outcome of the forensic check. It is sound when there is no finding."""

    ok: bool
    tree_size: int
    root: str
    """In hexadecimal."""
    checked: CheckedCounts
    findings: list[FindingJson]
    not_checked: list[str]
    leftovers: list[str]
    """Digests of files whose filing was interrupted."""
    sample: SampleJson | None
    """Null where every file was hashed."""


# ── what can be reached ─────────────────────────────────────────────────────────────────────────────────────────


@shape
class Alive(TypedDict):
    """The process answers."""

    status: Literal["ok"]


@shape
class Readiness(TypedDict):
    """What can be reached: ``ok``, ``missing`` or an error's code for each part."""

    status: Literal["ok", "unavailable"]
    parts: dict[str, str]


@shape
class StampJson(TypedDict):
    """A time stamp that is kept (RFC 3161)."""

    authority: str
    tree_size: int
    stamp: str
    """The name of the authority's answer."""
    note: str
    """The name of the note that was stamped."""


@shape
class StampsJson(TypedDict):
    """The time stamps that are kept."""

    timestamps: list[StampJson]
