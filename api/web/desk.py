"""The desk 工作台: what is missing, returned, awaiting sign-off and overdue, and what was filed last.

Everything but the latest filings comes from searches in the reader's own scope; nothing that does not exist is
counted, and while the index is away nothing is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from fastapi import APIRouter, Request, Response

from api.common.question import Question
from api.http.auth import optional_actor
from api.http.context import ArchiveDep, EventsDep, LedgerDep, MomentsDep, SearchingDep, takes_page
from api.web import shown, sign_in
from api.web.locale import Speaker
from api.web.page import render, say
from api.web.search import address
from domain.access import Actor
from domain.errors import NotAllowed, NotSignedIn, Unavailable
from domain.organisations.directory import Directory
from domain.ports.events import EventStore
from domain.ports.ledger import LedgerReader
from domain.records.content import occurred_on
from domain.records.events import RecordFiled
from domain.records.families import family
from domain.records.filing import Archive
from domain.records.record import Record
from domain.search.searching import Results

router = APIRouter()

SHOWN = 6
"""Lines of a list on the desk; the search page has them all."""

LATEST, LAST_LEAVES = 7, 400
"""Filings shown as the latest, and how far back in the ledger they are looked for."""

VALID = ("filed", "signed", "returned")
"""Statuses of records that count."""

RETURNED = Question(filters={"status": ("returned",)})
GAPS = Question(filters={"gaps": ("true",), "status": VALID})
WAITING = Question(filters={"status": ("filed",)})
LATE = Question(filters={"late": ("true",), "status": VALID})
ALL = Question(filters={"status": VALID})

Ask = Callable[[Question], Results]
"""A search as the one who looks at the desk."""


@dataclass(frozen=True)
class Figure:
    key: str
    value: int
    href: str
    tone: str = ""


@router.get("/")
def front(
    request: Request,
    archive: ArchiveDep,
    searching: SearchingDep,
    ledger: LedgerDep,
    moments: MomentsDep,
    events: EventsDep,
) -> Response:
    """The desk of whoever is signed in; everybody else is greeted, and told what can be done here.

    A program that takes anything gets the page as well; one that wants JSON is told where to sign in.
    """
    actor = optional_actor(request)
    if actor is None:
        if not takes_page(request):
            raise NotSignedIn
        return sign_in.greet(request)
    try:
        tasks = _tasks(lambda asked: searching.search(actor, asked.request(moments)), archive, actor, say(request))
    except Unavailable:  # the index is away; where it is the database, the page cannot be made either, and says so
        tasks = {}
    return render(
        request,
        "desk.html",
        active="desk",
        away=not tasks,
        can_file=archive.policy.may_somewhere(actor, "record.file"),
        latest=_latest(archive, ledger, events, actor),
        **tasks,
    )


def _tasks(ask: Ask, archive: Archive, actor: Actor, t: Speaker) -> dict[str, Any]:
    """What the desk shows of searches. Each figure leads to the list that it counts."""
    directory, today = archive.directory(), archive.today()
    due = Question(dates={"due_before": today.isoformat()})
    overdue, overdue_total = overdue_items(ask, archive, due, today)
    returned, gaps, waiting = (_first(ask, asked) for asked in (RETURNED, GAPS, WAITING))
    mine_first = sorted(_records(archive, returned), key=lambda record: record.filed_by != actor.username)
    figures = [
        Figure("overdue", overdue_total, address(due), "bad"),
        Figure("returned", returned.total, address(RETURNED), "bad"),
        Figure("gaps", gaps.total, address(GAPS)),
        Figure("waiting", waiting.total, address(WAITING)),
        *(
            Figure(key, ask(asked.but(limit="1")).total, address(asked))
            for key, asked in (("late", LATE), ("all", ALL))
        ),
    ]
    return {
        "figures": figures,
        "lists": {figure.key: figure.href for figure in figures},
        "overdue": overdue,
        "overdue_total": overdue_total,
        "returned": [_returned(archive, actor, record) for record in mine_first],
        "returned_total": returned.total,
        "gaps": [_line(directory, record, t) for record in _records(archive, gaps)],
        "gaps_total": gaps.total,
        "waiting": [_line(directory, record, t) for record in _records(archive, waiting)],
        "waiting_total": waiting.total,
    }


def _first(ask: Ask, asked: Question) -> Results:
    return ask(asked.but(limit=str(SHOWN)))


def _records(archive: Archive, answer: Results) -> list[Record]:
    return [archive.find(each.hit.record) for each in answer.hits]


def overdue_items(ask: Ask, archive: Archive, due: Question, today: date) -> tuple[list[dict[str, Any]], int]:
    """Items not closed behind their deadline, those that began first, longest overdue first; and how many in all."""
    answer = _first(ask, due.but(sort="oldest"))
    items = [_overdue(record, today) for record in _records(archive, answer)]
    return sorted([item for item in items if item], key=lambda item: -item["days"]), answer.total


def _overdue(record: Record, today: date) -> dict[str, Any] | None:
    """None for an item that was closed, or given time, after the index took it in."""
    days = (today - date.fromisoformat(record.due)).days if record.due else 0
    if days <= 0:
        return None
    responsible = record.content.get("responsible", {}).get("name") or record.content.get("department", "")
    return {
        "code": record.code,
        "title": record.content["title"],
        "responsible": responsible,
        "deadline": record.due,
        "days": days,
    }


def _latest(archive: Archive, ledger: LedgerReader, events: EventStore, actor: Actor) -> list[dict[str, Any]]:
    """The records that came into the ledger last and that the actor may see."""
    latest: list[dict[str, Any]] = []
    size = ledger.size()
    leaves = {leaf.position: leaf for leaf in ledger.leaves(max(0, size - LAST_LEAVES), LAST_LEAVES)}
    for row in reversed(events.rows_at(list(leaves))):
        if row.topic != RecordFiled.TOPIC:
            continue
        try:
            record = archive.read(actor, str(row.id))
        except NotAllowed:
            continue
        latest.append(
            {"code": record.code, "title": record.content["title"], "filed_at": record.filed_at,
             "files": len(record.files), "leaf": leaves[row.position].index}
        )  # fmt: skip
        if len(latest) == LATEST:
            break
    return latest


def _returned(archive: Archive, actor: Actor, record: Record) -> dict[str, Any]:
    act = next(act for act in reversed(record.history) if act.name == "returned")
    return {
        "code": record.code,
        "title": record.content["title"],
        "by": person_of(archive.directory(), act.by),
        "at": act.at,
        "reason": act.reason,
        "can_correct": archive.policy.may(actor, "record.correct", archive.target(record)),
    }


def _line(directory: Directory, record: Record, t: Speaker) -> dict[str, Any]:
    kind = family(record.content["family"])
    form = kind.form(record.content["form"]) if kind else None
    return {
        "code": record.code,
        "title": record.content["title"],
        "organisation": record.organisation,
        "occurred_on": occurred_on(record.content),
        "by": person_of(directory, record.filed_by),
        "form": t.name(form, record.content["form"]),
        "gaps": [shown.gap(t, gap, record.content) for gap in record.current.gaps],
    }


def person_of(directory: Directory, username: str) -> str:
    """The person behind an account, the user name where there is none."""
    account = directory.accounts.get(username)
    person = directory.people.get(account.person or "") if account else None
    return person.name if person else username
