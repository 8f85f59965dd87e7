"""What a search, or a list of records, answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api.common.shapes.declaring import TypedDict, shape

if TYPE_CHECKING:
    from domain.ports.search import Hit
    from domain.search.searching import Results
    from domain.subject import Shown


@shape
class SnippetJson(TypedDict):
    """A piece of text in which words were found."""

    source: str
    """The field of the record, or the name of the file."""
    page: int | None
    text: str
    marks: list[list[int]]
    """Start and end of each word that was found, in characters of ``text``."""


@shape
class HitJson(TypedDict):
    """A record that was found, in the version that the words are in."""

    record: str
    code: str
    title: str
    organisation: str
    family: str
    form: str
    occurred_on: str
    recorded_at: str
    status: str
    version: int
    late: bool
    gaps: int
    """How many there are."""
    snippets: list[SnippetJson]


@shape
class FacetJson(TypedDict):
    """How many of the records found have one value."""

    value: str
    count: int


@shape
class SearchJson(TypedDict):
    """Records found, as far as one may read them: totals and facets count nothing else."""

    total: int
    """Of records, on all pages."""
    took_ms: float
    hits: list[HitJson]
    facets: dict[str, list[FacetJson]]
    """By the name of the filter; the most frequent value first."""
    next: str | None
    """The ``cursor`` of the next page; null on the last."""
    behind: int
    """How many events the index has not taken in yet."""


def search_json(answer: Results, took_ms: float) -> SearchJson:
    """``took_ms`` in milliseconds, shown to a tenth."""
    return {
        "total": answer.total,
        "took_ms": round(took_ms, 1),
        "hits": [_hit(each.hit, each.shown) for each in answer.hits],
        "facets": {
            name: [{"value": value, "count": count} for value, count in values]
            for name, values in answer.facets.items()
        },
        "next": answer.next,
        "behind": answer.behind,
    }


def _hit(hit: Hit, shown: Shown) -> HitJson:
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
