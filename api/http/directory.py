"""Organisations, people and accounts over HTTP. One sees those of the organisations that one may look into."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from adapters.bootstrap import House
from api.http.auth import ActorDep
from api.http.context import HouseDep
from api.http.records import storable
from domain.errors import NotFound

router = APIRouter(tags=["directory"])

Json = dict[str, Any]


class Body(BaseModel):
    """Lengths are bounded here, meaning is checked by the rules."""

    def checked(self) -> Json:
        return storable(self.model_dump())


class OrganisationIn(Body):
    code: str = Field(max_length=100)
    name: str = Field(max_length=400)
    parent: str | None = Field(None, max_length=100)
    kind: str = Field("", max_length=100)


class Name(Body):
    name: str = Field(max_length=400)


class PersonIn(Body):
    code: str = Field(max_length=100)
    name: str = Field(max_length=400)
    organisation: str = Field(max_length=100)
    post: str = Field("党员", max_length=400)
    since: str | None = Field(None, max_length=10)
    until: str | None = Field(None, max_length=10)


class PostIn(Body):
    organisation: str = Field(max_length=100)
    post: str = Field("党员", max_length=400)
    since: str | None = Field(None, max_length=10)
    until: str | None = Field(None, max_length=10)


class PostEnd(Body):
    organisation: str = Field(max_length=100)
    post: str = Field(max_length=400)
    on: str = Field(max_length=10)


class UserIn(Body):
    """``role`` and ``organisation`` grant a first role with the account."""

    username: str = Field(max_length=64)
    password: str = Field(max_length=1024)
    person: str | None = Field(None, max_length=100)
    role: str | None = Field(None, max_length=40)
    organisation: str | None = Field(None, max_length=100)


class GrantIn(Body):
    role: str = Field(max_length=40)
    organisation: str = Field(max_length=100)
    since: str | None = Field(None, max_length=10)
    until: str | None = Field(None, max_length=10)


class GrantEnd(Body):
    role: str = Field(max_length=40)
    organisation: str = Field(max_length=100)
    on: str | None = Field(None, max_length=10)


# ── organisations ───────────────────────────────────────────────────────────────────────────────────────────────


@router.get("/organisations")
def organisations(house: HouseDep, actor: ActorDep) -> Json:
    """The organisations that one may look into, as the tree goes: parents first."""
    codes = house.archive.policy.places(actor, "directory.read")
    return {"organisations": [_organisation(house, code) for code in codes]}


@router.post("/organisations", status_code=201)
def add_organisation(house: HouseDep, actor: ActorDep, said: OrganisationIn) -> Json:
    """Add an organisation below ``parent``, or below the top."""
    house.administration.add_organisation(actor, **said.checked())
    return _organisation(house, said.code)


@router.patch("/organisations/{code}")
def rename_organisation(house: HouseDep, actor: ActorDep, code: str, said: Name) -> Json:
    """Give an organisation another name from now on."""
    house.administration.rename_organisation(actor, code, **said.checked())
    return _organisation(house, code)


# ── people ──────────────────────────────────────────────────────────────────────────────────────────────────────


@router.get("/people")
def people(house: HouseDep, actor: ActorDep, organisation: str | None = None) -> Json:
    """People with a post in the organisations that one may look into; ``organisation``: today, there and below."""
    directory, seen = house.directory(), set(house.archive.policy.places(actor, "directory.read"))
    found = sorted(directory.people.values(), key=lambda person: person.code)
    if organisation is not None:
        if organisation not in seen:
            raise NotFound("单位", "organisation", organisation, field="organisation")
        found = directory.members(organisation, house.archive.today().isoformat())
    return {"people": [_person(house, p.code, seen) for p in found if any(q.organisation in seen for q in p.posts)]}


@router.post("/people", status_code=201)
def add_person(house: HouseDep, actor: ActorDep, said: PersonIn) -> Json:
    """Add a person with the first post."""
    house.administration.add_person(actor, **said.checked())
    return _person(house, said.code, set(house.archive.policy.places(actor, "directory.read")))


@router.post("/people/{code}/posts", status_code=201)
def take_post(house: HouseDep, actor: ActorDep, code: str, said: PostIn) -> Json:
    """A person takes a post."""
    house.administration.take_post(actor, code, **said.checked())
    return _person(house, code, set(house.archive.policy.places(actor, "directory.read")))


@router.post("/people/{code}/posts/end")
def leave_post(house: HouseDep, actor: ActorDep, code: str, said: PostEnd) -> Json:
    """A person leaves a post on a day."""
    house.administration.leave_post(actor, code, **said.checked())
    return _person(house, code, set(house.archive.policy.places(actor, "directory.read")))


# ── accounts ────────────────────────────────────────────────────────────────────────────────────────────────────


@router.get("/users")
def users(house: HouseDep, actor: ActorDep) -> Json:
    """Accounts with a role where one manages accounts; all of them for who manages the top."""
    directory, mine = house.directory(), set(house.archive.policy.places(actor, "account.manage"))
    if not mine:
        house.archive.policy.require_at_top(actor, "account.manage")
    everything = directory.top in mine
    names = sorted(
        name
        for name, account in directory.accounts.items()
        if everything or any(grant.organisation in mine for grant in account.grants)
    )
    return {"accounts": [_user(house, name) for name in names]}


@router.post("/users", status_code=201)
def add_user(house: HouseDep, actor: ActorDep, said: UserIn) -> Json:
    """Open an account with its password, and with a first role if one is given."""
    house.administration.open_account(actor, **said.checked())
    return _user(house, said.username)


@router.post("/users/{username}/close")
def close_user(house: HouseDep, actor: ActorDep, username: str) -> Json:
    """Close an account: its sessions end and its tokens stop working."""
    house.administration.close_account(actor, username)
    return _user(house, username)


@router.post("/users/{username}/roles", status_code=201)
def grant(house: HouseDep, actor: ActorDep, username: str, said: GrantIn) -> Json:
    """Grant a role in an organisation and below it."""
    house.administration.grant(actor, username, **said.checked())
    return _user(house, username)


@router.post("/users/{username}/roles/end")
def revoke(house: HouseDep, actor: ActorDep, username: str, said: GrantEnd) -> Json:
    """Take a role back, today or on a day."""
    house.administration.revoke(actor, username, **said.checked())
    return _user(house, username)


# ── inside ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _organisation(house: House, code: str) -> Json:
    directory = house.directory()
    found, path = directory.organisation(code), list(directory.path(code))
    return {"code": code, "name": found.name, "kind": found.kind, "parent": found.parent, "path": path}


def _person(house: House, code: str, seen: set[str]) -> Json:
    person = house.directory().person(code)
    return {"code": code, "name": person.name, "posts": [vars(p) for p in person.posts if p.organisation in seen]}


def _user(house: House, username: str) -> Json:
    account = house.directory().account(username)
    roles = [vars(grant) for grant in account.grants]
    return {"username": username, "person": account.person, "closed": account.closed, "roles": roles}
