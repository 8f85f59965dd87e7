"""What annual reports answer: the report itself, what issuing it came to, and whether a file is one that was issued."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api.common.shapes.declaring import Json, TypedDict, shape

if TYPE_CHECKING:
    from domain.reports.reporting import Issued, Verdict


@shape
class TreeJson(TypedDict):
    """The ledger at one size."""

    tree_size: int
    root: str
    """In hexadecimal."""


@shape
class GeneratedFrom(TypedDict):
    """What a report was made of."""

    events: int
    last_recorded_at: str | None


@shape
class FigureJson(TypedDict):
    """A figure: its value, its unit, and the leaf indices of the events behind it."""

    value: float
    unit: str
    events: list[int]


@shape
class AnnualReportJson(TypedDict):
    """The annual report of an organisation."""

    organisation: str
    organisation_name: str
    year: int
    as_of: TreeJson
    day: str
    """Up to which things count as overdue."""
    fold_version: int
    """By which rules it was counted."""
    generated_from: GeneratedFrom
    figures: dict[str, FigureJson]
    """By name."""
    sections: list[Json]
    """How it is laid out; the cells name figures."""


@shape
class IssuedJson(TypedDict):
    """A report that was issued."""

    organisation: str
    year: int
    as_of: TreeJson
    fold_version: int
    digests: dict[str, str]
    """The SHA-256 of each file, by its ending."""
    issued_at: str
    issued_by: str
    changed: bool
    """False where this very report had been issued before."""


@shape
class IssuedReport(TypedDict):
    """The report that a file is of."""

    organisation: str
    year: int
    tree_size: int
    root: str
    issued_at: str
    issued_by: str


@shape
class FileRemark(TypedDict):
    """One thing that was found about a file. ``grave``: it must not be relied on."""

    code: str
    zh: str
    en: str
    grave: bool


@shape
class VerdictJson(TypedDict):
    """Whether a file is an issued report, and whether the history still yields it."""

    ok: bool
    issued: bool
    sha256: str
    leaf_index: int | None
    """Of the event that issued it."""
    format: str | None
    report: IssuedReport | None
    remarks: list[FileRemark]


def issued_json(done: Issued) -> IssuedJson:
    """What was issued, when (ISO 8601, UTC) and by whom; ``changed`` is False where it had been issued before."""
    event = done.event
    return {
        "organisation": event.organisation,
        "year": event.year,
        "as_of": {"tree_size": event.tree_size, "root": event.root},
        "fold_version": event.fold_version,
        "digests": event.digests,
        "issued_at": event.recorded_at,
        "issued_by": event.actor,
        "changed": done.changed,
    }


def verdict_json(verdict: Verdict) -> VerdictJson:
    """``report verify``."""
    event = verdict.event
    report: IssuedReport | None = (
        None
        if event is None
        else {
            "organisation": event.organisation,
            "year": event.year,
            "tree_size": event.tree_size,
            "root": event.root,
            "issued_at": event.recorded_at,
            "issued_by": event.actor,
        }
    )
    return {
        "ok": verdict.ok,
        "issued": verdict.issued,
        "sha256": verdict.sha256,
        "leaf_index": verdict.leaf,
        "format": verdict.ending,
        "report": report,
        "remarks": [{"code": r.code, "zh": r.zh, "en": r.en, "grave": r.grave} for r in verdict.remarks],
    }
