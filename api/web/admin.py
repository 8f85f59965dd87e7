"""Administration: the tree of organisations, people and their posts, accounts and roles, the state of the indexers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.datastructures import FormData

from adapters.bootstrap import House
from api.common.composing import names
from api.common.shapes.erasures import proceedings_json
from api.http.auth import ActorDep
from api.http.context import HouseDep, pipeline_of
from api.web import shown
from api.web.desk import person_of
from api.web.file_record import FormDep
from api.web.locale import Speaker
from api.web.page import organisations_for, render, say, to
from domain.access import ROLES, Actor
from domain.errors import InputError, NotFound
from domain.organisations.directory import Directory
from indexers.pipeline import Pipeline
from indexers.setaside import chosen, items, retry

router = APIRouter(prefix="/admin")

TABS = ("organisations", "people", "accounts", "erasures", "index")


@router.get("")
def first(house: HouseDep, actor: ActorDep) -> Response:
    house.archive.policy.require_somewhere(actor, "directory.manage")
    return to("/admin/organisations")


@router.get("/{tab}")
def page(request: Request, house: HouseDep, actor: ActorDep, tab: str, q: str = "") -> Response:
    return _page(request, house, actor, tab, q=q)


@router.post("/{tab}/{act}")
def do(request: Request, house: HouseDep, actor: ActorDep, tab: str, act: str, said: FormDep) -> Response:
    house.archive.policy.require_somewhere(actor, "directory.manage")
    try:
        _act(house, actor, f"{tab}/{act}", {key: v for key, v in said.items() if isinstance(v, str)})
    except NotFound as error:
        if error.field is None:
            raise
        return _page(request, house, actor, tab, error=error, said=said)
    except InputError as error:
        return _page(request, house, actor, tab, error=error, said=said)
    return to(f"/admin/{tab}?done={act}")


def _act(house: House, actor: Actor, what: str, said: dict[str, str]) -> None:
    def get(key: str) -> str:
        return said.get(key, "").strip()

    admin = house.administration
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
            admin.open_account(actor, get("username"), get("person") or None, password=said.get("password", ""))
        case "accounts/password":
            admin.set_password(actor, get("username"), said.get("password", ""))
        case "accounts/close":
            admin.close_account(actor, get("username"))
        case "accounts/grant":
            since, until = get("since") or None, get("until") or None
            admin.grant(actor, get("username"), get("role"), get("organisation"), since, until)
        case "accounts/revoke":
            admin.revoke(actor, get("username"), get("role"), get("organisation"), get("on") or None)
        case "erasures/approve":
            house.erasing.approve(actor, get("record"))
        case "erasures/reject":
            house.erasing.reject(actor, get("record"), get("reason"))
        case "index/retry":
            house.archive.policy.require_at_top(actor, "index.manage")
            work, queue, one = house.work, house.queue, get("item")
            wanted = items(work, queue) if one == "all" else chosen(work, queue, [one], names(house)(actor))
            retry(work, queue, wanted)
        case _:
            raise NotFound("操作", "act", what)


def _page(
    request: Request,
    house: House,
    actor: Actor,
    tab: str,
    *,
    q: str = "",
    error: InputError | None = None,
    said: FormData | None = None,
) -> Response:
    house.archive.policy.require_somewhere(actor, "directory.manage")
    if tab not in TABS:
        raise NotFound("页面", "page", tab)
    t, directory, today = say(request), house.directory(), house.archive.today().isoformat()
    pipeline = pipeline_of(request)
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
        places=organisations_for(house, actor, "directory.manage"),
        tree=_tree(directory),
        people=_people(directory, today, q.strip()) if tab == "people" else [],
        everyone=[(p.code, p.name) for p in directory.people.values()] if tab == "accounts" else [],
        accounts=_accounts(house, directory, today) if tab == "accounts" else [],
        roles=[(key, zh if t.lang == "zh" else en) for key, (zh, en) in ROLES.items()],
        role_names={key: zh if t.lang == "zh" else en for key, (zh, en) in ROLES.items()},
        erasures=_erasures(house, actor, t) if tab == "erasures" else [],
        **_index(pipeline, house, actor, t) if tab == "index" else {},
    )


def _erasures(house: House, actor: Actor, t: Speaker) -> list[dict[str, Any]]:
    found = proceedings_json(house.erasing.proceedings(actor), house.erasures.left())["erasures"]
    return [
        {
            **each,
            "said": each["ground_zh" if t.lang == "zh" else "ground_en"],
            "proposer": person_of(house, each["proposed_by"]),
            "decider": person_of(house, each["decided_by"] or ""),
            "mine": each["proposed_by"] == actor.username,
            "left": each["incomplete"][t.lang] if each["incomplete"] else "",
        }
        for each in found
    ]


def _index(pipeline: Pipeline, house: House, actor: Actor, t: Speaker) -> dict[str, Any]:
    """How far everything is, for any administrator; what failed, for those who answer for the whole archive."""
    state = pipeline.status(t.lang, names(house)(actor))
    whole = house.archive.policy.may_at_top(actor, "index.manage")
    return {
        "state": state,
        "whole": whole,
        "brief": lambda instant: shown.brief(datetime.fromisoformat(instant), house.clock(), house.settings.zone),
        "troubles": [_trouble(item, t) for item in (*state["aside"], *state["failing"])] if whole else [],
        "jobs": [_job(job, t) for job in state["jobs"]] if whole else [],
    }


def _trouble(item: dict[str, Any], t: Speaker) -> dict[str, Any]:
    part = f"admin.part.{item['part']}"
    return {**item, "part_name": t(part) if t.has(part) else item["part"]}


def _job(job: dict[str, Any], t: Speaker) -> dict[str, Any]:
    name, _, machine = job["name"].partition("@")
    key = f"admin.job.{name}"
    return {**job, "title": t(key) if t.has(key) else name, "machine": machine}


def _tree(directory: Directory) -> list[dict[str, Any]]:
    def node(code: str) -> dict[str, Any]:
        found = directory.organisations[code]
        below = [node(child) for child in sorted(found.children)]
        return {"code": code, "name": found.name, "kind": found.kind, "below": below}

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


def _accounts(house: House, directory: Directory, today: str) -> list[dict[str, Any]]:
    return [
        {
            "username": account.username,
            "person": directory.people[account.person].name if account.person in directory.people else "",
            "closed": account.closed,
            "password": house.accounts.has_password(account.username),
            "grants": [grant for grant in account.grants if grant.until is None or grant.until > today],
        }
        for account in sorted(directory.accounts.values(), key=lambda account: account.username)
    ]
