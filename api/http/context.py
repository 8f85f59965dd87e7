"""What every route may ask of the request: the archive behind it, the language, whether it wants a page."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends, Request

from adapters.bootstrap import House
from domain.errors import Lang
from indexers.pipeline import Pipeline

API = "/api/"


def house_of(request: Request) -> House:
    return cast(House, request.app.state.house)


def pipeline_of(request: Request) -> Pipeline:
    """The one that runs in this process; where none does, one that can only say how things are."""
    state = request.app.state
    if state.pipeline is None:
        state.pipeline = Pipeline(state.house)
    return cast(Pipeline, state.pipeline)


HouseDep = Annotated[House, Depends(house_of)]
PipelineDep = Annotated[Pipeline, Depends(pipeline_of)]


def language(request: Request) -> Lang:
    """The ``lang`` cookie (what the person chose), else ``Accept-Language``, else the archive's own."""
    chosen = request.cookies.get("lang")
    if chosen in ("zh", "en"):
        return cast(Lang, chosen)
    best: Lang | None = None
    best_quality = 0.0
    for part in request.headers.get("accept-language", "")[:500].split(","):
        tag, _, parameter = part.partition(";")
        said = tag.strip().lower()[:2]
        quality = _quality(parameter)
        if said in ("zh", "en") and quality > best_quality:
            best, best_quality = cast(Lang, said), quality
    return best or house_of(request).settings.lang


def wants_page(request: Request) -> bool:
    """Is a person looking, rather than a program asking?"""
    return not request.url.path.startswith(API) and "text/html" in request.headers.get("accept", "")


def takes_page(request: Request) -> bool:
    """Would a page do? To a person and to a program that takes anything; not to one that asks for JSON."""
    accepted = request.headers.get("accept", "*/*")
    return wants_page(request) or ("json" not in accepted and ("*/*" in accepted or "text/*" in accepted))


def _quality(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
