"""What taking in folders answers: what was filed, what was there before, what was refused."""

from __future__ import annotations

from collections.abc import Iterable

from adapters.intake.folders import Filed, NotFiled
from adapters.intake.record_folder import Passed
from api.common.shapes.declaring import Json
from api.common.shapes.records import gaps_json
from domain.errors import Lang


def ingest_json(outcomes: Iterable[Filed | NotFiled], passed: Iterable[Passed], lang: Lang) -> Json:
    """``warnings`` beside the keys of the contract: what was seen and not filed, and files of 0 bytes."""
    answer: Json = {"filed": [], "unchanged": [], "failed": [], "warnings": []}
    for outcome in outcomes:
        if isinstance(outcome, NotFiled):
            answer["failed"].append(_refused(outcome, lang))
        else:
            answer["filed" if outcome.outcome.changed else "unchanged"].append(_filed(outcome))
    answer["warnings"] = [{"path": p.path, "code": p.code, "message": p.zh if lang == "zh" else p.en} for p in passed]
    return answer


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


def _refused(outcome: NotFiled, lang: Lang) -> Json:
    error = outcome.error
    refusal: Json = {
        "path": outcome.path,
        "code": error.code,
        "message": error.message(lang),
        "field": error.field,
        "line": error.line,
        "next": error.next_step(lang),
    }
    if outcome.problems:
        refusal["problems"] = [
            {"field": p.field, "line": line, "message": p.zh if lang == "zh" else p.en} for line, p in outcome.problems
        ]
    return refusal
