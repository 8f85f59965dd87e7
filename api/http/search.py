"""Searching, and listing records: the same question with and without words."""

from __future__ import annotations

import time
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from adapters.bootstrap import House
from api import filters, shapes
from api.http.auth import ActorDep
from api.http.context import HouseDep
from api.http.records import as_of_size
from domain.access import Actor
from domain.ports import SearchRequest, Sort

router = APIRouter(tags=["search"])

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
    occurred_from: str | None = Field(None, alias="from", max_length=10)
    occurred_to: str | None = Field(None, alias="to", max_length=10)
    recorded_from: str | None = Field(None, max_length=10)
    recorded_to: str | None = Field(None, max_length=10)
    due_before: str | None = Field(None, max_length=10)
    as_of: str | None = Field(None, max_length=64)
    limit: int = Field(20, ge=1, le=filters.MOST)
    cursor: str | None = Field(None, max_length=2000)


class AskedWithWords(Asked):
    q: str = Field("", max_length=2000)
    sort: Sort = "relevance"


class AskedInOrder(Asked):
    sort: Sort = "newest"


@router.get("/search")
def search(house: HouseDep, actor: ActorDep, asked: Annotated[AskedWithWords, Query()]) -> dict[str, Any]:
    """Search the text of records and of their files; every total and facet counts only what one may read."""
    return _answer(house, actor, asked, asked.q, asked.sort)


@router.get("/records", tags=["records"])
def records(house: HouseDep, actor: ActorDep, asked: Annotated[AskedInOrder, Query()]) -> dict[str, Any]:
    """List records, newest first, with the filters and the answer of a search."""
    return _answer(house, actor, asked, "", asked.sort)


def _answer(house: House, actor: Actor, asked: Asked, query: str, sort: Sort) -> dict[str, Any]:
    begun = time.perf_counter()
    request = SearchRequest(
        query=query,
        filters=filters.filters({name: getattr(asked, name) for name in filters.FACETS}),
        occurred_from=filters.day(asked.occurred_from, "from"),
        occurred_to=filters.day(asked.occurred_to, "to"),
        recorded_from=filters.day(asked.recorded_from, "recorded_from"),
        recorded_to=filters.day(asked.recorded_to, "recorded_to"),
        due_before=filters.day(asked.due_before, "due_before"),
        as_of=as_of_size(house, asked.as_of),
        sort=sort,
        limit=asked.limit,
        cursor=asked.cursor,
    )
    answer = house.searching.search(actor, request)
    return shapes.search_json(house, answer, (time.perf_counter() - begun) * 1000)
