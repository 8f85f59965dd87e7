"""Administration: the tree of organisations, people and their posts, accounts and roles, the state of the indexers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from starlette.datastructures import FormData

from adapters.accounts.store import Accounts
from adapters.erasures.log import ErasureLog
from api.common.shapes.erasures import proceedings_json
from api.http.auth import ActorDep
from api.http.context import (
    AccountsDep,
    AdministrationDep,
    ArchiveDep,
    ClockDep,
    ErasingDep,
    ErasureLogDep,
    NamesDep,
    PipelineDep,
    TroublesDep,
)
from api.web import shown
from api.web.desk import person_of
from api.web.file_record import FormDep
from api.web.locale import Speaker
from api.web.page import organisations_for, render, say, to
from domain.access import ROLES, Actor
from domain.erasing import STATES, Erasing
from domain.errors import InputError, NotFound
from domain.organisations.administering import Administration
from domain.organisations.directory import Directory
from domain.ports.surroundings import Clock
from domain.records.filing import Archive
from indexers.loop.dead_letters import NameOf, chosen, items, retry
from indexers.loop.status import JOBS, part_name
from indexers.pipeline import Pipeline

router = APIRouter(prefix="/admin")

Get = Callable[[str], str]
"""An input of the form, without the blanks around it."""

TABS = ("organisations", "people", "accounts", "erasures", "index")


@router.get("")
def first(archive: ArchiveDep, actor: ActorDep) -> Response:
    archive.policy.require_somewhere(actor, "directory.manage")
    return to("/admin/organisations")


@dataclass(frozen=True)
class Office:
    """What the pages of administration show."""

    archive: Archive
    erasing: Erasing
    erasures: ErasureLog
    accounts: Accounts
    pipeline: Pipeline
    names: Callable[[Actor], NameOf]
    clock: Clock


async def office(
    archive: ArchiveDep,
    erasing: ErasingDep,
    erasures: ErasureLogDep,
    accounts: AccountsDep,
    pipeline: PipelineDep,
    names: NamesDep,
    clock: ClockDep,
) -> Office:
    """Dependency: the parts together."""
    return Office(archive, erasing, erasures, accounts, pipeline, names, clock)


OfficeDep = Annotated[Office, Depends(office)]


@router.get("/{tab}")
def page(request: Request, office: OfficeDep, actor: ActorDep, tab: str, q: str = "") -> Response:
    return _page(request, office, actor, tab, q=q)


@router.post("/index/retry")
def retry_index(request: Request, office: OfficeDep, troubles: TroublesDep, actor: ActorDep, said: FormDep) -> Response:
    def work(get: Get) -> None:
        office.archive.policy.require_at_top(actor, "index.manage")
        item = get("item")
        log, queue = troubles.work, troubles.queue
        retry(log, queue, items(log, queue) if item == "all" else chosen(log, queue, [item], office.names(actor)))

    return _done(request, office, actor, "index", "retry", said, work)


@router.post("/erasures/{act}")
def decide(request: Request, office: OfficeDep, actor: ActorDep, act: str, said: FormDep) -> Response:
    def work(get: Get) -> None:
        match act:
            case "approve":
                office.erasing.approve(actor, get("record"))
            case "reject":
                office.erasing.reject(actor, get("record"), get("reason"))
            case _:
                raise NotFound("操作", "act", f"erasures/{act}")

    return _done(request, office, actor, "erasures", act, said, work)


@router.post("/{tab}/{act}")
def do(
    request: Request,
    office: OfficeDep,
    administration: AdministrationDep,
    actor: ActorDep,
    tab: str,
    act: str,
    said: FormDep,
) -> Response:
    return _done(
        request, office, actor, tab, act, said, lambda get: _act(administration, actor, f"{tab}/{act}", said, get)
    )


def _done(
    request: Request,
    office: Office,
    actor: Actor,
    tab: str,
    act: str,
    said: FormData,
    work: Callable[[Get], None],
) -> Response:
    """On to the page after ``work``; what was wrong with the form is told above it, and what was written stays."""
    office.archive.policy.require_somewhere(actor, "directory.manage")
    try:
        work(lambda key: _text(said, key).strip())
    except NotFound as error:
        if error.field is None:
            raise
        return _page(request, office, actor, tab, error=error, said=said)
    except InputError as error:
        return _page(request, office, actor, tab, error=error, said=said)
    return to(f"/admin/{tab}?done={act}")


def _text(said: FormData, key: str) -> str:
    value = said.get(key, "")
    return value if isinstance(value, str) else ""


def _act(admin: Administration, actor: Actor, what: str, said: FormData, get: Get) -> None:
    match what:
        case "organisations/add":
            admin.add_organisation(actor, get("code"), get("name"), get("parent") or None, get("kind"))
        case "organisations/rename":
            admin.rename_organisation(actor, get("code"), get("name"))
        case "people/add":
            post = get("post") or "党员"
            admin.add_person(
                actor, get("code"), get("name"), get("organisation"), post, get("since") or None, get("until") or None
            )
        case "people/post":
            since, until = get("since") or None, get("until") or None
            admin.take_post(actor, get("person"), get("organisation"), get("post"), since, until)
        case "people/leave":
            admin.leave_post(actor, get("person"), get("organisation"), get("post"), get("on"))
        case "accounts/open":
            admin.open_account(actor, get("username"), get("person") or None, password=_text(said, "password"))
        case "accounts/password":
            admin.set_password(actor, get("username"), _text(said, "password"))
        case "accounts/close":
            admin.close_account(actor, get("username"))
        case "accounts/grant":
            since, until = get("since") or None, get("until") or None
            admin.grant(actor, get("username"), get("role"), get("organisation"), since, until)
        case "accounts/revoke":
            admin.revoke(actor, get("username"), get("role"), get("organisation"), get("on") or None)
        case _:
            raise NotFound("操作", "act", what)


def _page(
    request: Request,
    office: Office,
    actor: Actor,
    tab: str,
    *,
    q: str = "",
    error: InputError | None = None,
    said: FormData | None = None,
) -> Response:
    archive = office.archive
    archive.policy.require_somewhere(actor, "directory.manage")
    if tab not in TABS:
        raise NotFound("页面", "page", tab)
    t, directory, today = say(request), archive.directory(), archive.today().isoformat()
    return render(
        request,
        f"admin/{tab}.html",
        error.http_status if error else 200,
        active="admin",
        tab=tab,
        tabs=TABS,
        q=q,
        done=request.query_params.get("done", "") if request.method == "GET" else "",
        error={"message": error.message(t.lang), "next": error.next_step(t.lang)} if error else None,
        said={key: v for key, v in said.items() if isinstance(v, str)} if said else {},
        places=organisations_for(archive, actor, "directory.manage"),
        tree=_tree(directory),
        people=_people(directory, today, q.strip()) if tab == "people" else [],
        everyone=[(p.code, p.name) for p in directory.people.values()] if tab == "accounts" else [],
        accounts=_accounts(office.accounts, directory, today) if tab == "accounts" else [],
        roles=[(key, role.said(t.lang)) for key, role in ROLES.items()],
        role_names={key: role.said(t.lang) for key, role in ROLES.items()},
        erasures=_erasures(office, actor, t) if tab == "erasures" else [],
        **_index(office, actor, t) if tab == "index" else {},
    )


def _erasures(office: Office, actor: Actor, t: Speaker) -> list[dict[str, Any]]:
    directory = office.archive.directory()
    proceedings = proceedings_json(office.erasing.proceedings(actor), office.erasures.left())["erasures"]
    return [
        {
            **each,
            "state_name": t.name(STATES[each["state"]]),
            "said": each["ground_zh" if t.lang == "zh" else "ground_en"],
            "proposer": person_of(directory, each["proposed_by"]),
            "decider": person_of(directory, each["decided_by"] or ""),
            "mine": each["proposed_by"] == actor.username,
            "left": each["incomplete"][t.lang] if each["incomplete"] else "",
        }
        for each in proceedings
    ]


def _index(office: Office, actor: Actor, t: Speaker) -> dict[str, Any]:
    """How far everything is, for any administrator; what failed, for those who answer for the whole archive."""
    state = office.pipeline.status(t.lang, office.names(actor))
    whole = office.archive.policy.may_at_top(actor, "index.manage")
    return {
        "state": {**state, "faults": [_trouble(item, t) for item in state["faults"]]},
        "whole": whole,
        "brief": lambda instant: shown.brief(datetime.fromisoformat(instant), office.clock(), office.archive.zone),
        "troubles": [_trouble(item, t) for item in (*state["aside"], *state["failing"])] if whole else [],
        "jobs": [_job(job, t) for job in state["jobs"]] if whole else [],
    }


def _trouble(item: dict[str, Any], t: Speaker) -> dict[str, Any]:
    return {**item, "part_name": t.name(part_name(item["part"]))}


def _job(job: dict[str, Any], t: Speaker) -> dict[str, Any]:
    name, _, machine = job["name"].partition("@")
    return {**job, "title": t.name(JOBS.get(name), name), "machine": machine}


def _tree(directory: Directory) -> list[dict[str, Any]]:
    def node(code: str) -> dict[str, Any]:
        organisation = directory.organisations[code]
        below = [node(child) for child in sorted(organisation.children)]
        return {"code": code, "name": organisation.name, "kind": organisation.kind, "below": below}

    return [node(directory.top)]


def _people(directory: Directory, today: str, q: str) -> list[dict[str, Any]]:
    return [
        {
            "code": person.code,
            "name": person.name,
            "posts": [
                {"organisation": post.organisation, "post": post.post, "held": post.held_on(today), "since": post.since,
                 "until": post.until}
                for post in person.posts
            ],
        }
        for person in sorted(directory.people.values(), key=lambda person: person.code)
        if not q or q in person.name or q in person.code
    ]  # fmt: skip


def _accounts(accounts: Accounts, directory: Directory, today: str) -> list[dict[str, Any]]:
    return [
        {
            "username": account.username,
            "person": directory.people[account.person].name if account.person in directory.people else "",
            "closed": account.closed,
            "password": accounts.has_password(account.username),
            "grants": [grant for grant in account.grants if grant.until is None or grant.until > today],
        }
        for account in sorted(directory.accounts.values(), key=lambda account: account.username)
    ]
