"""The desk 工作台: what is missing, returned, awaiting sign-off and overdue, and what was filed last.

Everything but the latest filings comes from searches in the reader's own scope; nothing that does not exist is
counted, and while the index is away nothing is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from fastapi import APIRouter, Request, Response

from adapters.bootstrap import House
from api.http.auth import optional_actor
from api.http.context import HouseDep, takes_page
from api.web import shown, sign_in
from api.web.locale import Speaker
from api.web.page import render, say
from domain.access import Actor
from domain.errors import NotAllowed, NotSignedIn, Unavailable
from domain.ports import SearchRequest
from domain.records.content import occurred_on
from domain.records.events import RecordFiled
from domain.records.families import family
from domain.records.record import Record
from domain.searching import Answer

router = APIRouter()

SHOWN = 6
"""Lines of a list on the desk; the search page has them all."""

LATEST, LAST_LEAVES = 7, 400
"""Filings shown as the latest, and how far back in the ledger they are looked for."""

VALID = ("filed", "signed", "returned")
"""Statuses of records that count."""


@dataclass(frozen=True)
class Figure:
    key: str
    value: int
    href: str
    tone: str = ""


@router.get("/")
def front(request: Request, house: HouseDep) -> Response:
    """The desk of whoever is signed in; everybody else is greeted, and told what can be done here.

    A program that takes anything gets the page as well; one that wants JSON is told where to sign in.
    """
    actor = optional_actor(request)
    if actor is not None:
        return desk(request, house, actor)
    if not takes_page(request):
        raise NotSignedIn
    return sign_in.greet(request)


def desk(request: Request, house: House, actor: Actor) -> Response:
    try:
        found = _found(house, actor, say(request))
    except Unavailable:  # the index is away; where it is the database, the page cannot be made either, and says so
        found = {}
    return render(
        request,
        "desk.html",
        active="desk",
        away=not found,
        can_file=house.archive.policy.may_somewhere(actor, "record.file"),
        latest=_latest(house, actor),
        **found,
    )


def _found(house: House, actor: Actor, t: Speaker) -> dict[str, Any]:
    """What the desk shows of searches."""
    returned, returned_total = _find(house, actor, status=("returned",))
    gaps, gaps_total = _find(house, actor, gaps=("true",), status=VALID)
    waiting, waiting_total = _find(house, actor, status=("filed",))
    late_total = _count(house, actor, late=("true",), status=VALID)
    total = _count(house, actor, status=VALID)
    today = house.archive.today().isoformat()
    overdue, overdue_total = overdue_items(house, actor, today)
    mine_first = sorted(returned, key=lambda record: record.filed_by != actor.username)
    figures = [
        Figure("overdue", overdue_total, f"/search?due_before={today}", "bad"),
        Figure("returned", returned_total, "/search?status=returned", "bad"),
        Figure("gaps", gaps_total, "/search?gaps=true&status=filed&status=signed&status=returned&sort=newest"),
        Figure("waiting", waiting_total, "/search?status=filed&sort=newest"),
        Figure("late", late_total, "/search?late=true&sort=newest"),
        Figure("all", total, "/search?sort=newest"),
    ]
    return {
        "figures": figures,
        "overdue": overdue,
        "overdue_total": overdue_total,
        "overdue_all": f"/search?due_before={today}",
        "returned": [_returned(house, actor, record) for record in mine_first],
        "returned_total": returned_total,
        "gaps": [_line(house, record, t) for record in gaps],
        "gaps_total": gaps_total,
        "waiting": [_line(house, record, t) for record in waiting],
        "waiting_total": waiting_total,
    }


def overdue_items(house: House, actor: Actor, today: str) -> tuple[list[dict[str, Any]], int]:
    """Items not closed behind their deadline, those that began first, longest overdue first; and how many in all."""
    request = SearchRequest(due_before=today, sort="oldest", limit=SHOWN)
    answer = house.searching.search(actor, request)
    found = [_overdue(record, date.fromisoformat(today)) for record in _records(house, answer)]
    return sorted([item for item in found if item], key=lambda item: -item["days"]), answer.total


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


def _find(house: House, actor: Actor, **filters: tuple[str, ...]) -> tuple[list[Record], int]:
    answer = house.searching.search(actor, SearchRequest(filters=filters, sort="newest", limit=SHOWN))
    return _records(house, answer), answer.total


def _records(house: House, answer: Answer) -> list[Record]:
    return [house.archive.find(found.hit.record) for found in answer.hits]


def _count(house: House, actor: Actor, **filters: tuple[str, ...]) -> int:
    return house.searching.search(actor, SearchRequest(filters=filters, limit=1)).total


def _latest(house: House, actor: Actor) -> list[dict[str, Any]]:
    """The records that came into the ledger last and that the actor may see."""
    found: list[dict[str, Any]] = []
    size = house.ledger.size()
    leaves = {leaf.position: leaf for leaf in house.ledger.leaves(max(0, size - LAST_LEAVES), LAST_LEAVES)}
    for row in reversed(house.events.rows_at(list(leaves))):
        if row.topic != RecordFiled.TOPIC:
            continue
        try:
            record = house.archive.read(actor, str(row.id))
        except NotAllowed:
            continue
        found.append(
            {"code": record.code, "title": record.content["title"], "filed_at": record.filed_at,
             "files": len(record.files), "leaf": leaves[row.position].index}
        )  # fmt: skip
        if len(found) == LATEST:
            break
    return found


def _returned(house: House, actor: Actor, record: Record) -> dict[str, Any]:
    act = next(act for act in reversed(record.history) if act.name == "returned")
    return {
        "code": record.code,
        "title": record.content["title"],
        "by": person_of(house, act.by),
        "at": act.at,
        "reason": act.reason,
        "can_correct": house.archive.policy.may(actor, "record.correct", house.archive.target(record)),
    }


def _line(house: House, record: Record, t: Speaker) -> dict[str, Any]:
    found = family(record.content["family"])
    form = found.form(record.content["form"]) if found else None
    return {
        "code": record.code,
        "title": record.content["title"],
        "organisation": record.organisation,
        "occurred_on": occurred_on(record.content),
        "by": person_of(house, record.filed_by),
        "form": t.name(form, record.content["form"]),
        "gaps": [shown.gap(t, gap, record.content) for gap in record.current.gaps],
    }


def person_of(house: House, username: str) -> str:
    """The person behind an account, the user name where there is none."""
    directory = house.directory()
    account = directory.accounts.get(username)
    person = directory.people.get(account.person or "") if account else None
    return person.name if person else username
