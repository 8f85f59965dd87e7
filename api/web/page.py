"""A page: a template, the language, who is looking, and the state of the ledger that is always in sight."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import cache, partial
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from api.http.auth import csrf_token, optional_actor
from api.http.context import house_of, language
from api.http.static import url
from api.web import shown
from api.web.checking import CheckJob
from api.web.locale import Speaker, number, speaker
from domain.access import ROLES, Action, Actor
from domain.errors import IntegrityFault, JianzhengError, Unavailable
from domain.organisations.policy import Policy
from domain.ports.ledger import LedgerReader
from domain.ports.search import ORDERS
from domain.records.acts import ITEM_STATES, STATUSES
from domain.records.fields import FLAG
from domain.records.filing import Archive


@cache
def templates() -> Environment:
    """Loaded once; what a template names and nobody gave it is an error."""
    made = Environment(
        loader=PackageLoader("api", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    made.globals |= {"statuses": STATUSES, "item_states": ITEM_STATES, "flag": FLAG, "orders": ORDERS}
    return made


@dataclass(frozen=True)
class NavItem:
    key: str
    href: str


def render(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """The template with everything that each page needs."""
    text = templates().get_template(template).render(_surroundings(request) | values)
    lang = language(request)
    return HTMLResponse(text, status, headers={"Content-Language": lang, "Vary": "Accept-Language, Cookie"})


def render_bare(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """The same for whoever cannot be asked who they are: nothing of the archive is read."""
    lang = language(request)
    text = templates().get_template(template).render(_words(request) | values)
    return HTMLResponse(text, status, headers={"Content-Language": lang, "Vary": "Accept-Language, Cookie"})


def come_again(response: HTMLResponse, error: JianzhengError | None) -> HTMLResponse:
    """Say when, where the fault is one that passes."""
    if isinstance(error, Unavailable):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def to(href: str) -> RedirectResponse:
    """Go on to a page after a form was sent."""
    return RedirectResponse(href, 303)


def say(request: Request) -> Speaker:
    """In the language that the request asks for."""
    return speaker(language(request))


def check_job(request: Request) -> CheckJob:
    """The one check job of this server process."""
    state = request.app.state
    if not hasattr(state, "check_job"):
        state.check_job = CheckJob()
    job: CheckJob = state.check_job
    return job


def organisations_for(archive: Archive, actor: Actor, action: Action) -> list[tuple[str, str, int]]:
    """``(code, name, depth)`` of the organisations where the actor may do it, as the tree goes."""
    directory, permitted = archive.directory(), archive.policy.places(actor, action)
    if not permitted:
        return []
    least = min(len(directory.path(code)) for code in permitted)
    return [(code, directory.name(code), len(directory.path(code)) - least) for code in permitted]


def _surroundings(request: Request) -> dict[str, Any]:
    house, actor, t = house_of(request), optional_actor(request), say(request)
    archive, ledger = house.archive, house.ledger
    zone, directory = archive.zone, archive.directory()
    return _words(request) | {
        "actor": actor,
        "who": _who(actor, archive, t) if actor else None,
        "csrf": csrf_token(request) if actor else "",
        "nav": _nav(archive.policy, actor) if actor else [],
        "ledger": _ledger(ledger, check_job(request), archive.clock(), zone) if actor else None,
        "name": t.name,
        "number": number,
        "size": shown.size,
        "at": partial(shown.at, t, zone=zone),
        "day": partial(shown.day, t),
        "occurred": partial(shown.occurred, t),
        "value": partial(shown.value, t),
        "role_name": partial(shown.role, t),
        "kind": shown.kind,
        "org": directory.name,
    }


def _words(request: Request) -> dict[str, Any]:
    """Language and place; nobody is signed in."""
    t = say(request)
    return {
        "t": t,
        "lang": t.lang,
        "static": url,
        "html_lang": "zh-Hans" if t.lang == "zh" else "en",
        "other_lang": "en" if t.lang == "zh" else "zh",
        "here": _here(request),
        "archive_name": house_of(request).identity.name,
        "actor": None,
    }


def _here(request: Request) -> str:
    """Where the language switch comes back to: this page, when it was asked for with GET."""
    if request.method != "GET":
        return "/"
    query = f"?{request.url.query}" if request.url.query else ""
    return request.url.path + query


def _who(actor: Actor, archive: Archive, t: Speaker) -> dict[str, Any]:
    directory = archive.directory()
    person = directory.people.get(actor.person or "")
    today = archive.today().isoformat()
    held = [grant for grant in actor.grants if grant.held_on(today)]
    names = dict.fromkeys(ROLES[g.role].said(t.lang) for g in held if g.role in ROLES)
    return {
        "name": person.name if person else actor.username,
        "roles": list(names),
        "organisations": list(dict.fromkeys(directory.name(g.organisation) for g in held)),
    }


def _nav(policy: Policy, actor: Actor) -> list[NavItem]:
    items = [NavItem("desk", "/")]
    if policy.may_somewhere(actor, "record.file"):
        items.append(NavItem("file", "/file"))
    items += [NavItem("search", "/search"), NavItem("report", "/reports"), NavItem("verify", "/verify")]
    if policy.may_somewhere(actor, "directory.manage"):
        items.append(NavItem("admin", "/admin"))
    return items


def _ledger(ledger: LedgerReader, job: CheckJob, now: datetime, zone: tzinfo) -> Mapping[str, Any]:
    """Size and time of the ledger, and what the last full check found. Nothing is called sound that was not checked."""
    try:
        size = ledger.size()
        when = ledger.batch_time(size - 1) if size else None
    except (IntegrityFault, Unavailable):
        return {"size": None, "when": "", "check": job.last()}
    return {
        "size": size,
        "when": shown.brief(when, now, zone) if when else "",
        "check": job.last(),
    }
