"""Organisations, people and accounts, as far as the one who asks may look into them."""

from __future__ import annotations

from collections.abc import Collection

from api.common.shapes.declaring import TypedDict, shape
from domain.access import Grant
from domain.organisations.directory import Directory


@shape
class OrganisationJson(TypedDict):
    """An organisation. ``path`` leads to it from the top."""

    code: str
    name: str
    kind: str
    parent: str | None
    path: list[str]


@shape
class OrganisationsJson(TypedDict):
    """Organisations, parents first."""

    organisations: list[OrganisationJson]


@shape
class PostJson(TypedDict):
    """A post. ``since`` is its first day, ``until`` the first day on which it is held no more."""

    organisation: str
    post: str
    since: str
    until: str | None


@shape
class PersonJson(TypedDict):
    """A person with the posts, past ones too, in the organisations that one may look into."""

    code: str
    name: str
    posts: list[PostJson]


@shape
class PeopleJson(TypedDict):
    """People, by code."""

    people: list[PersonJson]


@shape
class GrantJson(TypedDict):
    """A role. ``since`` is its first day, ``until`` the first day on which it holds no more."""

    organisation: str
    role: str
    since: str
    until: str | None


@shape
class AccountJson(TypedDict):
    """An account with its roles, past ones too."""

    username: str
    person: str | None
    """The code of the person whose account it is."""
    closed: bool
    roles: list[GrantJson]


@shape
class AccountsJson(TypedDict):
    """Accounts, by name."""

    accounts: list[AccountJson]


def organisation_json(directory: Directory, code: str) -> OrganisationJson:
    """Raises `NotFound`."""
    organisation, path = directory.organisation(code), list(directory.path(code))
    return {
        "code": code,
        "name": organisation.name,
        "kind": organisation.kind,
        "parent": organisation.parent,
        "path": path,
    }


def person_json(directory: Directory, code: str, seen: Collection[str]) -> PersonJson:
    """``seen``: the organisations that one may look into. Raises `NotFound`."""
    person = directory.person(code)
    posts: list[PostJson] = [
        {"organisation": each.organisation, "post": each.post, "since": each.since, "until": each.until}
        for each in person.posts
        if each.organisation in seen
    ]
    return {"code": code, "name": person.name, "posts": posts}


def account_json(directory: Directory, username: str) -> AccountJson:
    """Raises `NotFound`."""
    account = directory.account(username)
    roles = [grant_json(grant) for grant in account.grants]
    return {"username": username, "person": account.person, "closed": account.closed, "roles": roles}


def grant_json(grant: Grant) -> GrantJson:
    """Days are YYYY-MM-DD; ``until`` is the first on which the role is held no more."""
    return {"organisation": grant.organisation, "role": grant.role, "since": grant.since, "until": grant.until}
