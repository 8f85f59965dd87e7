"""The annual report 年报: made live from the events, downloaded, issued, and an issued file checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from starlette.datastructures import UploadFile

from adapters.figures.index import FiguresTables
from adapters.rendering.page import page as laid_out
from api.common.instants import tree_size
from api.http.auth import ActorDep
from api.http.context import ArchiveDep, EventsDep, MomentsDep, ReportingDep
from api.http.serving import disposition
from api.web.file_record import FormDep
from api.web.page import organisations_for, render, say, to
from api.web.parts import FiguresDep
from domain.access import Actor
from domain.errors import InputError, JianzhengError, Unavailable
from domain.event import stream_id
from domain.moments import Moments
from domain.ports.events import EventStore
from domain.ports.ledger import LedgerReader
from domain.records.events import RecordEvent
from domain.records.filing import Archive
from domain.reports.annual import InvalidYear, Report
from domain.reports.events import ReportIssued
from domain.reports.reporting import Verdict

router = APIRouter()

MEDIA_TYPES = {"json": "application/json", "html": "text/html; charset=utf-8", "pdf": "application/pdf"}

SOURCES = 500
"""Events behind a figure that are listed with the records they belong to."""


@dataclass(frozen=True)
class Question:
    organisation: str
    year: int
    as_of: str

    @property
    def query(self) -> str:
        at = f"&as_of={quote(self.as_of)}" if self.as_of else ""
        return f"organisation={quote(self.organisation)}&year={self.year}{at}"


@router.get("/reports")
def page(
    request: Request,
    archive: ArchiveDep,
    reporting: ReportingDep,
    figures: FiguresDep,
    moments: MomentsDep,
    events: EventsDep,
    actor: ActorDep,
    organisation: str = "",
    year: str = "",
    as_of: str = "",
) -> Response:
    t = say(request)
    places = organisations_for(archive, actor, "report.read")
    if not organisation and places:
        organisation = places[0][0]
    report: Report | None = None
    problem: JianzhengError | None = None
    known = _years(figures, archive, organisation)
    asked = Question(organisation, known[0], as_of.strip())
    try:
        asked = Question(organisation, _year(year or str(known[0]), archive), as_of.strip())
        report = reporting.annual(actor, organisation, asked.year, _size(asked.as_of, moments))
    except (InputError, Unavailable) as error:
        problem = error
    issuing = archive.policy.may_in(actor, "report.issue", organisation)
    return render(
        request,
        "report.html",
        problem.http_status if problem else 200,
        active="report",
        places=places,
        asked=asked,
        years=known,
        report=report,
        sheet=laid_out(report.as_json(), t.lang) if report else None,
        months=None,
        may_issue=issuing and report is not None,
        issued=_issued(events, organisation, asked.year),
        problem={"message": problem.message(t.lang), "next": problem.next_step(t.lang)} if problem else None,
    )


@router.get("/reports/file.{ending}")
def download(
    archive: ArchiveDep,
    reporting: ReportingDep,
    moments: MomentsDep,
    actor: ActorDep,
    ending: str,
    organisation: str,
    year: str,
    as_of: str = "",
    language: str = "",
) -> Response:
    """The report as a file; in Chinese, as it is issued, unless another language is asked for."""
    report = reporting.annual(actor, organisation, _year(year, archive), _size(as_of.strip(), moments))
    data = reporting.render(report, ending, "en" if language == "en" else "zh")
    name = f"{organisation}-{report.year}.{ending}"
    return Response(
        data,
        media_type=MEDIA_TYPES.get(ending, "application/octet-stream"),
        headers={"Content-Disposition": disposition(name)},
    )


@router.get("/reports/figure")
def figure(
    request: Request,
    archive: ArchiveDep,
    reporting: ReportingDep,
    moments: MomentsDep,
    events: EventsDep,
    actor: ActorDep,
    organisation: str,
    year: str,
    name: str,
    as_of: str = "",
) -> Response:
    """The events behind one figure, with the records they belong to."""
    report = reporting.annual(actor, organisation, _year(year, archive), _size(as_of.strip(), moments))
    entry = report.figures.get(name)
    leaves = entry["events"] if entry else []
    asked = Question(organisation, report.year, as_of.strip())
    return render(
        request,
        "figure.html",
        active="report",
        asked=asked,
        name_of=name[:200],
        figure=entry,
        report=report,
        lines=_lines(archive, moments.ledger, events, actor, leaves[:SOURCES]),
        rest=max(0, len(leaves) - SOURCES),
    )


@router.post("/reports/issue")
def issue(
    archive: ArchiveDep,
    reporting: ReportingDep,
    moments: MomentsDep,
    actor: ActorDep,
    organisation: Annotated[str, Form(max_length=100)],
    year: Annotated[str, Form(max_length=10)],
    as_of: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    asked = Question(organisation, _year(year, archive), as_of.strip())
    reporting.issue(actor, organisation, asked.year, _size(asked.as_of, moments))
    return to(f"/reports?{asked.query}#issued")


@router.get("/reports/verify")
def ask(request: Request, actor: ActorDep) -> Response:
    return render(request, "report_verify.html", active="report", verdict=None, problem=None, file_name="", places={})


@router.post("/reports/verify")
def verify(request: Request, reporting: ReportingDep, actor: ActorDep, said: FormDep) -> Response:
    t = say(request)
    sent = said.get("file")
    name = (sent.filename or "") if isinstance(sent, UploadFile) else ""
    verdict: Verdict | None = None
    problem: JianzhengError | None = None
    try:
        if not isinstance(sent, UploadFile) or not name:
            raise NothingSent
        verdict = reporting.verify_file(actor, sent.file.read())
    except (InputError, Unavailable) as error:
        problem = error
    return render(
        request,
        "report_verify.html",
        problem.http_status if problem else 200,
        active="report",
        verdict=verdict,
        remarks=[r.zh if t.lang == "zh" else r.en for r in verdict.remarks] if verdict else [],
        file_name=name,
        problem={"message": problem.message(t.lang), "next": problem.next_step(t.lang)} if problem else None,
    )


class NothingSent(InputError):
    code = "nothing_sent"
    zh = "没有选文件。"
    en = "No file was chosen."


def _year(said: str, archive: Archive) -> int:
    text = said.strip() or str(archive.today().year)
    if not (text.isascii() and text.isdecimal() and len(text) == 4):
        raise InvalidYear(text[:20])
    return int(text)


def _years(figures: FiguresTables, archive: Archive, organisation: str) -> list[int]:
    """What can be chosen, newest first: the years that have records, or this year where none has."""
    years = figures.years(archive.directory().below(organisation))
    return years[::-1] or [archive.today().year]


def _size(as_of: str, moments: Moments) -> int | None:
    return tree_size(as_of, moments) if as_of else None


def _issued(events: EventStore, organisation: str, year: int) -> list[ReportIssued]:
    stream = events.stream(stream_id("report", f"{organisation}/{year}"))
    return [event for event in reversed(stream) if isinstance(event, ReportIssued)]


def _lines(
    archive: Archive, ledger: LedgerReader, events: EventStore, actor: Actor, leaves: list[int]
) -> list[dict[str, Any]]:
    """One line for each record behind the figure; those that the reader may not see have no link and no title."""
    records: dict[str, list[int]] = {}
    for index in leaves:
        leaf = ledger.leaves(index, 1)
        if leaf:
            records.setdefault(str(leaf[0].id), []).append(index)
    lines = []
    for record_id, indices in records.items():
        line: dict[str, Any] = {"events": indices, "code": "", "title": "", "occurred_on": "", "organisation": ""}
        first = events.stream(UUID(record_id), limit=1)
        if first and isinstance(first[0], RecordEvent):
            try:
                record = archive.read(actor, record_id)
            except JianzhengError:
                record = None
            if record is not None:
                line |= {"code": record.code, "title": record.content["title"], "organisation": record.organisation,
                         "occurred_on": record.content["occurred"]["from"][:10]}  # fmt: skip
        line["id"] = record_id
        lines.append(line)
    return lines
