"""The JSON answers that scripts rely on, the same in commands and over HTTP. Keys may be added, never changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from adapters.ingest import Filed, Refused
from adapters.record_folder import Passed
from domain.errors import JianzhengError, Lang, NotFound, Unavailable
from domain.ports import ExtractedText
from domain.records.content import occurred_on
from domain.records.erasure import ground_json
from domain.records.events import FileEntry, RecordEvent
from domain.records.gaps import describe
from domain.records.record import Record, Version, replay

if TYPE_CHECKING:
    from adapters.bootstrap import House
    from domain.erasing import Considered, Proceeding
    from domain.reporting import Verdict
    from domain.searching import Answer, Found

Json = dict[str, Any]


def record_json(house: House, record: Record, version: int | None = None, as_of: int | None = None) -> Json:
    """``show``: the record with the content of a version, or as it stood when the ledger had ``as_of`` leaves.

    Raises `NotFound` for a version it does not have, or where it was not there yet.
    """
    leaves = {leaf.version: leaf.index for leaf in house.ledger.leaves_of(record.id)}
    record, state = standing(house, record, version, as_of)
    return {
        "record": str(record.id),
        "code": record.code,
        "version": state.number,
        "status": record.status,
        "organisation": record.organisation,
        **state.content,
        "occurred_on": occurred_on(state.content),
        "recorded_at": record.filed_at,
        "filed_by": record.filed_by,
        "late": record.late,
        "item": None if record.item is None else {"state": record.item, "closed_on": record.closed_on},
        "gaps": gaps_json(state),
        "files": _files(house, record, state.files),
        "history": [
            {
                "version": act.version,
                "event": act.name,
                "at": act.at,
                "by": act.by,
                "leaf_index": leaves.get(act.revision),
                "reason": act.reason,
                "revision": act.revision,
            }
            for act in record.history
        ],
        "as_of": as_of,
        "erasure": erasure_of(record),
    }


def erasure_of(record: Record) -> Json | None:
    """The proposal that stands open, or by what all of the record was erased."""
    said: Json
    if (proposal := record.proposal) is not None:
        said = {"state": "open", "basis": proposal.basis, "proposed_by": proposal.by, "proposed_at": proposal.at,
                "decided_by": None, "decided_at": None, "revision": proposal.revision,
                "digests": list(proposal.digests)}  # fmt: skip
        key = proposal.ground
    elif (erased := record.erased) is not None:
        said = {"state": "erased", "basis": erased.basis, "proposed_by": erased.proposer, "proposed_at": None,
                "decided_by": erased.actor, "decided_at": erased.recorded_at, "revision": erased.originator_version,
                "digests": []}  # fmt: skip
        key = erased.ground
    else:
        return None
    return {**said, **ground_json(key)}


def erasing_json(outcome: Considered) -> Json:
    """What a proposal or a decision came to. Nothing of the record itself: who decides need not be able to read it."""
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


def proceedings_json(house: House, found: Iterable[Proceeding]) -> Json:
    """``erasure list``."""
    left = {each.position: each for each in house.erasures.left()}
    return {
        "erasures": [
            {
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
                "incomplete": {"zh": left[each.position].zh, "en": left[each.position].en}
                if each.position in left
                else None,
            }
            for each in found
        ]
    }


def standing(
    house: House, record: Record, version: int | None = None, as_of: int | None = None
) -> tuple[Record, Version]:
    """The record as it stood, and the version asked for. Raises `NotFound`."""
    if as_of is not None and record.erased is None:  # of an erased one nothing else is left at any time
        leaves = house.ledger.leaves_of(record.id)
        record = _as_of(house, record, max((leaf.version for leaf in leaves if leaf.index < as_of), default=0))
    state = record.current if version is None else record.version(version)
    if state is None:
        raise NotFound("版本", "version", f"{record.code} v{version}", field="version")
    return record, state


def gaps_json(state: Version) -> list[Json]:
    return [
        {**gap, "zh": describe(gap, "zh", state.content), "en": describe(gap, "en", state.content)}
        for gap in state.gaps
    ]


def act_json(house: House, record: Record, changed: bool) -> Json:
    """What an act on a record came to: the record as `record_json` has it, and whether anything changed."""
    return {**record_json(house, record), "changed": changed}


def search_json(house: House, answer: Answer, took_ms: float) -> Json:
    return {
        "total": answer.total,
        "took_ms": round(took_ms, 1),
        "hits": [_hit(found) for found in answer.hits],
        "facets": {
            name: [{"value": value, "count": count} for value, count in values]
            for name, values in answer.facets.items()
        },
        "next": answer.next,
        "behind": answer.behind,
    }


def ingest_json(outcomes: Iterable[Filed | Refused], passed: Iterable[Passed], lang: Lang) -> Json:
    """``warnings`` beside the keys of the contract: what was seen and not filed, and files of 0 bytes."""
    answer: Json = {"filed": [], "unchanged": [], "failed": [], "warnings": []}
    for outcome in outcomes:
        if isinstance(outcome, Refused):
            answer["failed"].append(_refused(outcome, lang))
        else:
            answer["filed" if outcome.outcome.changed else "unchanged"].append(_filed(outcome))
    answer["warnings"] = [{"path": p.path, "code": p.code, "message": p.zh if lang == "zh" else p.en} for p in passed]
    return answer


def verdict_json(verdict: Verdict) -> Json:
    """``report verify``: whether a file is an issued report, and whether the history still yields it."""
    event = verdict.event
    report = event and {
        "organisation": event.organisation,
        "year": event.year,
        "tree_size": event.tree_size,
        "root": event.root,
        "issued_at": event.recorded_at,
        "issued_by": event.actor,
    }
    return {
        "ok": verdict.ok,
        "issued": verdict.issued,
        "sha256": verdict.sha256,
        "leaf_index": verdict.leaf,
        "format": verdict.ending,
        "report": report,
        "remarks": [{"code": r.code, "zh": r.zh, "en": r.en, "grave": r.grave} for r in verdict.remarks],
    }


def error_json(error: JianzhengError, lang: Lang) -> Json:
    return {"error": error.as_dict(lang)}


def _as_of(house: House, record: Record, revision: int) -> Record:
    events = [e for e in house.events.stream(record.id, limit=revision) if isinstance(e, RecordEvent)]
    then = replay(events) if revision else None
    if then is None:
        raise NotFound("当时的记录", "record at that time", record.code, field="as_of")
    then.destroyed = record.destroyed  # whatever was there then is gone now
    return then


def texts_of(house: House, record: Record, entries: Sequence[FileEntry]) -> list[ExtractedText | Unavailable | None]:
    """The text of each file, None where it is not there yet or was erased.

    While the store of texts is away its fault stands for each of them: a record is shown without, and nobody waits once
    for every file.
    """
    found: list[ExtractedText | Unavailable | None] = []
    for entry in entries:
        try:
            gone = entry.sha256 in record.destroyed
            found.append(None if gone else house.texts.get(entry.sha256))
        except Unavailable as error:
            return [error] * len(entries)
    return found


def text_status(text: ExtractedText | Unavailable | None) -> str:
    """``unknown`` while nobody can say."""
    if isinstance(text, Unavailable):
        return "unknown"
    return text.status if text else "pending"


def _files(house: House, record: Record, entries: Sequence[FileEntry]) -> list[Json]:
    """``erased``, the event that did it, stands with erased files alone; others have the keys that they ever had."""
    return [
        {
            "name": entry.name,
            "sha256": entry.sha256,
            "size": entry.size,
            "media_type": entry.media_type,
            "role": entry.role,
            "text_status": "erased" if entry.sha256 in record.destroyed else text_status(text),
        }
        | ({"erased": by} if (by := record.destroyed.get(entry.sha256)) is not None else {})
        for entry, text in zip(entries, texts_of(house, record, entries), strict=True)
    ]


def _hit(found: Found) -> Json:
    shown, hit = found.shown, found.hit
    return {
        "record": hit.record,
        "code": shown.code,
        "title": shown.title,
        "organisation": shown.organisation,
        "family": shown.family,
        "form": shown.form,
        "occurred_on": shown.occurred_on,
        "recorded_at": shown.recorded_at,
        "status": shown.status,
        "version": shown.version,
        "late": shown.late,
        "gaps": shown.gaps,
        "snippets": [
            {"source": s.source, "page": s.page, "text": s.text, "marks": [list(mark) for mark in s.marks]}
            for s in hit.snippets
        ],
    }


def _filed(outcome: Filed) -> Json:
    record = outcome.outcome.record
    return {
        "path": outcome.path,
        "record": str(record.id),
        "code": record.code,
        "version": record.current.number,
        "files": [{"name": f.name, "sha256": f.sha256, "size": f.size} for f in record.files],
        "late": record.late,
        "gaps": gaps_json(record.current),
    }


def _refused(outcome: Refused, lang: Lang) -> Json:
    error = outcome.error
    found: Json = {
        "path": outcome.path,
        "code": error.code,
        "message": error.message(lang),
        "field": error.field,
        "line": error.line,
        "next": error.next_step(lang),
    }
    if outcome.problems:
        found["problems"] = [
            {"field": p.field, "line": line, "message": p.zh if lang == "zh" else p.en} for line, p in outcome.problems
        ]
    return found
