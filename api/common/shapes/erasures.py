"""What lawful erasure answers: the proceedings, and what a proposal or a decision came to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, cast

from api.common.shapes.declaring import TypedDict, shape
from api.common.shapes.records import ErasureJson, erasure_of
from domain.records.erasure import ground_json

if TYPE_CHECKING:
    from adapters.erasures.log import Left
    from domain.erasing import Considered, Proceeding


@shape
class DestroyedJson(TypedDict):
    """A file that was erased, and the number of the event that did it."""

    sha256: str
    revision: int


@shape
class SharedJson(TypedDict):
    """A file whose bytes stay, because other records name it."""

    sha256: str
    records: list[str]
    """The codes of those that one may read."""
    others: int
    """How many more there are."""


@shape
class ConsideredJson(TypedDict):
    """What a proposal or a decision came to. Nothing of the record itself: who decides need not be able to read it."""

    record: str
    code: str
    status: str
    revision: int
    erasure: ErasureJson | None
    destroyed: list[DestroyedJson]
    shared: list[SharedJson]
    changed: bool


@shape
class BothLanguages(TypedDict):
    """The same sentence in each language."""

    zh: str
    en: str


@shape
class ProceedingJson(TypedDict):
    """One proposal, and what became of it."""

    record: str
    code: str
    organisation: str
    state: str
    ground: str
    ground_zh: str
    ground_en: str
    basis: str
    proposed_by: str
    proposed_at: str
    decided_by: str | None
    decided_at: str | None
    reason: str
    digests: list[str]
    """Of the files that are meant; empty for all of the record."""
    revision: int
    """Of the event that decided it, or else proposed it."""
    incomplete: BothLanguages | None
    """What is left to be done, and why."""


@shape
class ProceedingsJson(TypedDict):
    """What was proposed, and what became of it, as far as one may propose or decide."""

    erasures: list[ProceedingJson]


def considered_json(outcome: Considered) -> ConsideredJson:
    """Files by their SHA-256, with the number of the event that erased each."""
    record = outcome.record
    return {
        "record": str(record.id),
        "code": record.code,
        "status": record.status,
        "revision": record.revision,
        "erasure": erasure_of(record),
        "destroyed": [{"sha256": sha256, "revision": by} for sha256, by in record.destroyed.items()],
        "shared": [
            {"sha256": each.sha256, "records": list(each.records), "others": each.others} for each in outcome.shared
        ],
        "changed": outcome.changed,
    }


def proceedings_json(proceedings: Iterable[Proceeding], left: Iterable[Left]) -> ProceedingsJson:
    """``erasure list``. ``left``: what is still to be done of those that were approved."""
    incomplete: dict[int, BothLanguages] = {each.position: {"zh": each.zh, "en": each.en} for each in left}
    return {"erasures": [_proceeding(each, incomplete.get(each.position)) for each in proceedings]}


def _proceeding(each: Proceeding, incomplete: BothLanguages | None) -> ProceedingJson:
    fields = {
        "record": str(each.record),
        "code": each.code,
        "organisation": each.organisation,
        "state": each.state,
        **ground_json(each.ground),
        "basis": each.basis,
        "proposed_by": each.proposed_by,
        "proposed_at": each.proposed_at,
        "decided_by": each.decided_by or None,
        "decided_at": each.decided_at or None,
        "reason": each.reason,
        "digests": list(each.digests),
        "revision": each.revision,
        "incomplete": incomplete,
    }
    return cast(ProceedingJson, fields)
