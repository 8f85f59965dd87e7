"""Searching, and listing records: the same question with and without words."""

from __future__ import annotations

import time
from typing import Any

from fastapi import APIRouter, Request

from api.common import question
from api.common.shapes.search import SearchJson, search_json
from api.http.auth import ActorDep
from api.http.context import MomentsDep, SearchingDep, SettingsDep
from api.http.operations import Operation, may

router = APIRouter(tags=["search"], route_class=Operation)

_TYPED: dict[str, dict[str, Any]] = {
    "limit": {"type": "integer", "minimum": 1, "maximum": question.MOST, "default": question.PAGE},
    "sort": {"type": "string", "enum": list(question.SORTS)},
    **{name: {"type": "string", "format": "date"} for name in question.DATES},
    **{name: {"type": "array", "items": {"type": "string"}} for name in question.FACETS},
}
"""Schemas of the names that are more than a text."""


def _described(*names: str) -> dict[str, Any]:
    """What OpenAPI says of a question: its texts are read by `question`, not by the framework."""
    schemas = [(name, _TYPED.get(name, {"type": "string"})) for name in names]
    parameters = [{"name": name, "in": "query", "required": False, "schema": schema} for name, schema in schemas]
    return {"parameters": parameters, **may("filtered", changes=False)}


@router.get("/search", openapi_extra=_described(*question.NAMES))
def search(
    request: Request, searching: SearchingDep, moments: MomentsDep, settings: SettingsDep, actor: ActorDep
) -> SearchJson:
    """Search the text of records and of their files; every total and facet counts only what one may read.

    A filter given twice accepts either value; ``organisation`` includes those below it.
    """
    begun = time.perf_counter()
    asked = question.read(request.query_params.multi_items())
    answer = searching.search(actor, asked.request(moments))
    return search_json(answer, (time.perf_counter() - begun) * 1000)


@router.get("/records", tags=["records"], openapi_extra=_described(*(name for name in question.NAMES if name != "q")))
def records(
    request: Request, searching: SearchingDep, moments: MomentsDep, settings: SettingsDep, actor: ActorDep
) -> SearchJson:
    """List records, newest first, with the filters and the answer of a search."""
    begun = time.perf_counter()
    asked = question.read(pair for pair in request.query_params.multi_items() if pair[0] != "q")
    answer = searching.search(actor, asked.request(moments))
    return search_json(answer, (time.perf_counter() - begun) * 1000)
