"""Searching, and listing records: the same question with and without words."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api import filters
from api.common.shapes.search import SearchJson, search_json
from api.http.auth import ActorDep
from api.http.context import LedgerDep, SearchingDep, SettingsDep
from api.http.operations import Operation, may
from api.http.records import as_of_size
from domain.ports import SearchRequest, Sort

router = APIRouter(tags=["search"], route_class=Operation)

Words = Annotated[list[str], Field(max_length=50)]


class Asked(BaseModel):
    """Filters and order. A filter given twice accepts either value; ``organisation`` includes those below it."""

    organisation: Words = []
    family: Words = []
    form: Words = []
    plan: Words = []
    phase: Words = []
    person: Words = []
    year: Words = []
    status: Words = []
    file_type: Words = []
    late: Words = []
    gaps: Words = []
    occurred_from: str | None = Field(None, alias="from")
    occurred_to: str | None = Field(None, alias="to")
    recorded_from: str | None = None
    recorded_to: str | None = None
    due_before: str | None = None
    as_of: str | None = Field(None, max_length=64)
    limit: int = Field(20, ge=1, le=filters.MOST)
    cursor: str | None = Field(None, max_length=2000)


class AskedWithWords(Asked):
    q: str = Field("", max_length=2000)
    sort: Sort = "relevance"


class AskedInOrder(Asked):
    sort: Sort = "newest"


@router.get("/search", openapi_extra=may("filtered", changes=False))
def search(
    actor: ActorDep,
    searching: SearchingDep,
    ledger: LedgerDep,
    settings: SettingsDep,
    asked: Annotated[AskedWithWords, Query()],
) -> SearchJson:
    """Search the text of records and of their files; every total and facet counts only what one may read."""
    begun = time.perf_counter()
    request = _request(asked, asked.q, asked.sort, as_of_size(asked.as_of, ledger, settings.zone))
    return search_json(searching.search(actor, request), (time.perf_counter() - begun) * 1000)


@router.get("/records", tags=["records"], openapi_extra=may("filtered", changes=False))
def records(
    actor: ActorDep,
    searching: SearchingDep,
    ledger: LedgerDep,
    settings: SettingsDep,
    asked: Annotated[AskedInOrder, Query()],
) -> SearchJson:
    """List records, newest first, with the filters and the answer of a search."""
    begun = time.perf_counter()
    request = _request(asked, "", asked.sort, as_of_size(asked.as_of, ledger, settings.zone))
    return search_json(searching.search(actor, request), (time.perf_counter() - begun) * 1000)


def _request(asked: Asked, query: str, sort: Sort, as_of: int | None) -> SearchRequest:
    return SearchRequest(
        query=query,
        filters=filters.filters({name: getattr(asked, name) for name in filters.FACETS}),
        occurred_from=filters.day(asked.occurred_from, "from"),
        occurred_to=filters.day(asked.occurred_to, "to"),
        recorded_from=filters.day(asked.recorded_from, "recorded_from"),
        recorded_to=filters.day(asked.recorded_to, "recorded_to"),
        due_before=filters.day(asked.due_before, "due_before"),
        as_of=as_of,
        sort=sort,
        limit=asked.limit,
        cursor=asked.cursor,
    )
