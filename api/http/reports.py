"""The annual report over HTTP: made, issued, and a file checked against what was issued."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field

from api.common.shapes.reports import AnnualReportJson, IssuedJson, VerdictJson, issued_json, verdict_json
from api.http.auth import ActorDep
from api.http.context import MomentsDep, ReportingDep, SettingsDep, language
from api.http.operations import Operation, file_of, may
from api.http.records import as_of_size
from api.http.serving import SANDBOX, disposition

router = APIRouter(prefix="/reports", tags=["reports"], route_class=Operation)

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


@router.get(
    "/annual",
    response_class=Response,
    openapi_extra=may("report.read", 404, changes=False),
    responses=file_of("application/json", "text/html", "application/pdf", shape=AnnualReportJson),
)
def annual(
    request: Request,
    actor: ActorDep,
    reporting: ReportingDep,
    moments: MomentsDep,
    settings: SettingsDep,
    organisation: Annotated[str, Query(max_length=100)],
    year: int,
    as_of: Annotated[str | None, Query(max_length=64)] = None,
    format: Ending = "json",
) -> Response:
    """The annual report of an organisation, as it stands at the last checkpoint or stood at ``as_of``."""
    report = reporting.annual(actor, organisation, year, as_of_size(as_of, moments))
    data = reporting.render(report, format, language(request))
    name = f"{organisation}-{year}.{format}"
    headers = {"Content-Disposition": disposition(name), "Content-Security-Policy": SANDBOX}
    if format == "json":
        headers = {}
    return Response(data, media_type=MEDIA_TYPES[format], headers=headers)


@router.post(
    "/issue",
    status_code=201,
    openapi_extra=may("report.issue", 404),
    responses={200: {"model": IssuedJson, "description": "It had been issued before."}},
)
def issue(
    response: Response,
    actor: ActorDep,
    reporting: ReportingDep,
    moments: MomentsDep,
    settings: SettingsDep,
    said: Issue,
) -> IssuedJson:
    """Issue the report: its digests become an event. The same report again is answered 200 and issues nothing."""
    done = reporting.issue(actor, said.organisation, said.year, as_of_size(said.as_of, moments), said.endings)
    if not done.changed:
        response.status_code = 200
    return issued_json(done)


@router.post(
    "/verify",
    openapi_extra=may("report.read", changes=False)
    | {
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
def verify(actor: ActorDep, reporting: ReportingDep, data: Annotated[bytes, Depends(raw_body)]) -> VerdictJson:
    """Send a file as the body: is it an issued report, and does the history still yield it?"""
    return verdict_json(reporting.verify_file(actor, data))
