"""The annual report over HTTP: made, issued, and a file checked against what was issued."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field

from api.http.auth import ActorDep
from api.http.context import HouseDep, language
from api.http.records import as_of_size
from api.http.serving import SANDBOX, disposition
from domain.reporting import Verdict

router = APIRouter(prefix="/reports", tags=["reports"])

Json = dict[str, Any]
Ending = Literal["json", "html", "pdf"]

MEDIA_TYPES: dict[str, str] = {
    "json": "application/json",
    "html": "text/html; charset=utf-8",
    "pdf": "application/pdf",
}


class Issue(BaseModel):
    organisation: str = Field(max_length=100)
    year: int
    as_of: str | None = Field(None, max_length=64)
    endings: list[Ending] = Field(["json", "html", "pdf"], max_length=3)


async def raw_body(request: Request) -> bytes:
    """The body as it came, whatever its type says it is; its size is bounded for all requests."""
    return await request.body()


@router.get("/annual", response_class=Response)
def annual(
    house: HouseDep,
    actor: ActorDep,
    request: Request,
    organisation: Annotated[str, Query(max_length=100)],
    year: int,
    as_of: Annotated[str | None, Query(max_length=64)] = None,
    format: Ending = "json",
) -> Response:
    """The annual report of an organisation, as it stands at the last checkpoint or stood at ``as_of``."""
    report = house.reporting.annual(actor, organisation, year, as_of_size(house, as_of))
    data = house.reporting.render(report, format, language(request))
    name = f"{organisation}-{year}.{format}"
    headers = {"Content-Disposition": disposition(name), "Content-Security-Policy": SANDBOX}
    if format == "json":
        headers = {}
    return Response(data, media_type=MEDIA_TYPES[format], headers=headers)


@router.post("/issue", status_code=201)
def issue(house: HouseDep, actor: ActorDep, response: Response, said: Issue) -> Json:
    """Issue the report: its digests become an event. The same report again is answered 200 and issues nothing."""
    done = house.reporting.issue(actor, said.organisation, said.year, as_of_size(house, said.as_of), said.endings)
    if not done.changed:
        response.status_code = 200
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


@router.post(
    "/verify",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
def verify(house: HouseDep, actor: ActorDep, data: Annotated[bytes, Depends(raw_body)]) -> Json:
    """Send a file as the body: is it an issued report, and does the history still yield it?"""
    return verdict_json(house.reporting.verify_file(actor, data))


def verdict_json(verdict: Verdict) -> Json:
    event = verdict.event
    return {
        "ok": verdict.ok,
        "issued": verdict.issued,
        "sha256": verdict.sha256,
        "leaf_index": verdict.leaf,
        "format": verdict.ending,
        "report": event
        and {
            "organisation": event.organisation,
            "year": event.year,
            "tree_size": event.tree_size,
            "root": event.root,
            "issued_at": event.recorded_at,
            "issued_by": event.actor,
        },
        "remarks": [{"code": r.code, "zh": r.zh, "en": r.en, "grave": r.grave} for r in verdict.remarks],
    }
