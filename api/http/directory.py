"""Organisations, people and accounts over HTTP. One sees those of the organisations that one may look into."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api.common.shapes.directory import (
    AccountJson,
    AccountsJson,
    OrganisationJson,
    OrganisationsJson,
    PeopleJson,
    PersonJson,
    account_json,
    organisation_json,
    person_json,
)
from api.http.auth import ActorDep
from api.http.context import AdministrationDep, ArchiveDep, DirectoryDep
from api.http.operations import Operation, may
from api.http.records import storable
from domain.access import Action
from domain.errors import NotFound

router = APIRouter(tags=["directory"], route_class=Operation)

LOOK: Action = "directory.read"


class Body(BaseModel):
    """Lengths are bounded here, meaning is checked by the rules."""

    def checked(self) -> dict[str, Any]:
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
    since: str | None = None
    until: str | None = None


class PostIn(Body):
    organisation: str = Field(max_length=100)
    post: str = Field("党员", max_length=400)
    since: str | None = None
    until: str | None = None


class PostEnd(Body):
    organisation: str = Field(max_length=100)
    post: str = Field(max_length=400)
    on: str


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
    since: str | None = None
    until: str | None = None


class GrantEnd(Body):
    role: str = Field(max_length=40)
    organisation: str = Field(max_length=100)
    on: str | None = None


# ── organisations ───────────────────────────────────────────────────────────────────────────────────────────────


@router.get("/organisations", openapi_extra=may("filtered", changes=False))
def organisations(actor: ActorDep, archive: ArchiveDep, directory: DirectoryDep) -> OrganisationsJson:
    """The organisations that one may look into, as the tree goes: parents first."""
    known = directory()
    return {"organisations": [organisation_json(known, code) for code in archive.policy.places(actor, LOOK)]}


@router.post("/organisations", status_code=201, openapi_extra=may("directory.manage", 404))
def add_organisation(
    actor: ActorDep, administration: AdministrationDep, directory: DirectoryDep, said: OrganisationIn
) -> OrganisationJson:
    """Add an organisation below ``parent``, or below the top."""
    administration.add_organisation(actor, **said.checked())
    return organisation_json(directory(), said.code)


@router.patch("/organisations/{code}", openapi_extra=may("directory.manage"))
def rename_organisation(
    actor: ActorDep, administration: AdministrationDep, directory: DirectoryDep, code: str, said: Name
) -> OrganisationJson:
    """Give an organisation another name from now on."""
    administration.rename_organisation(actor, code, **said.checked())
    return organisation_json(directory(), code)


# ── people ──────────────────────────────────────────────────────────────────────────────────────────────────────


@router.get("/people", openapi_extra=may("filtered", 404, changes=False))
def people(
    actor: ActorDep, archive: ArchiveDep, directory: DirectoryDep, organisation: str | None = None
) -> PeopleJson:
    """People with a post in the organisations that one may look into; ``organisation``: today, there and below."""
    known, seen = directory(), set(archive.policy.places(actor, LOOK))
    members = sorted(known.people.values(), key=lambda person: person.code)
    if organisation is not None:
        if organisation not in seen:
            raise NotFound("单位", "organisation", organisation, field="organisation")
        members = known.members(organisation, archive.today().isoformat())
    return {
        "people": [person_json(known, p.code, seen) for p in members if any(q.organisation in seen for q in p.posts)]
    }


@router.post("/people", status_code=201, openapi_extra=may("directory.manage", 404))
def add_person(
    actor: ActorDep, administration: AdministrationDep, archive: ArchiveDep, directory: DirectoryDep, said: PersonIn
) -> PersonJson:
    """Add a person with the first post."""
    administration.add_person(actor, **said.checked())
    return person_json(directory(), said.code, archive.policy.places(actor, LOOK))


@router.post("/people/{code}/posts", status_code=201, openapi_extra=may("directory.manage"))
def take_post(
    actor: ActorDep,
    administration: AdministrationDep,
    archive: ArchiveDep,
    directory: DirectoryDep,
    code: str,
    said: PostIn,
) -> PersonJson:
    """A person takes a post."""
    administration.take_post(actor, code, **said.checked())
    return person_json(directory(), code, archive.policy.places(actor, LOOK))


@router.post("/people/{code}/posts/end", openapi_extra=may("directory.manage"))
def leave_post(
    actor: ActorDep,
    administration: AdministrationDep,
    archive: ArchiveDep,
    directory: DirectoryDep,
    code: str,
    said: PostEnd,
) -> PersonJson:
    """A person leaves a post on a day."""
    administration.leave_post(actor, code, **said.checked())
    return person_json(directory(), code, archive.policy.places(actor, LOOK))


# ── accounts ────────────────────────────────────────────────────────────────────────────────────────────────────


@router.get("/users", openapi_extra=may("account.manage", changes=False))
def users(actor: ActorDep, archive: ArchiveDep, directory: DirectoryDep) -> AccountsJson:
    """Accounts with a role where one manages accounts; all of them for who manages the top."""
    known, mine = directory(), set(archive.policy.places(actor, "account.manage"))
    if not mine:
        archive.policy.require_at_top(actor, "account.manage")
    everything = known.top in mine
    names = sorted(
        name
        for name, account in known.accounts.items()
        if everything or any(grant.organisation in mine for grant in account.grants)
    )
    return {"accounts": [account_json(known, name) for name in names]}


@router.post("/users", status_code=201, openapi_extra=may("account.manage", 404, top=True))
def add_user(actor: ActorDep, administration: AdministrationDep, directory: DirectoryDep, said: UserIn) -> AccountJson:
    """Open an account with its password, and with a first role if one is given."""
    administration.open_account(actor, **said.checked())
    return account_json(directory(), said.username)


@router.post("/users/{username}/close", openapi_extra=may("account.manage", top=True))
def close_user(
    actor: ActorDep, administration: AdministrationDep, directory: DirectoryDep, username: str
) -> AccountJson:
    """Close an account: its sessions end and its tokens stop working."""
    administration.close_account(actor, username)
    return account_json(directory(), username)


@router.post("/users/{username}/roles", status_code=201, openapi_extra=may("account.manage"))
def grant(
    actor: ActorDep, administration: AdministrationDep, directory: DirectoryDep, username: str, said: GrantIn
) -> AccountJson:
    """Grant a role in an organisation and below it."""
    administration.grant(actor, username, **said.checked())
    return account_json(directory(), username)


@router.post("/users/{username}/roles/end", openapi_extra=may("account.manage"))
def revoke(
    actor: ActorDep, administration: AdministrationDep, directory: DirectoryDep, username: str, said: GrantEnd
) -> AccountJson:
    """Take a role back, today or on a day."""
    administration.revoke(actor, username, **said.checked())
    return account_json(directory(), username)
