"""Organisations, people and accounts: everything that says who may do what, where and when.

These events make up the *directory*. Their topics share a prefix, so that a store can give the directory's events
without reading all others. Credentials are never events.
"""

from __future__ import annotations

from domain.event import Event, event

DIRECTORY_PREFIX = "jianzheng:directory."


class DirectoryEvent(Event):
    """Base of everything the directory is folded from."""


@event("jianzheng:directory.organisation-added")
class OrganisationAdded(DirectoryEvent):
    """An organisation came into the tree below ``parent``; the first one, without a parent, is the top."""

    code: str
    name: str
    kind: str
    parent: str | None


@event("jianzheng:directory.organisation-renamed")
class OrganisationRenamed(DirectoryEvent):
    """From now on the organisation has another name; a report as of an earlier checkpoint shows the old one."""

    code: str
    name: str


@event("jianzheng:directory.person-added")
class PersonAdded(DirectoryEvent):
    """Somebody who takes part in what is recorded; the code tells people of one name apart."""

    code: str
    name: str


@event("jianzheng:directory.post-taken")
class PostTaken(DirectoryEvent):
    """The person has ``post`` (书记, 委员, 党员, 积极分子 …) in the organisation from one date until another."""

    person: str
    organisation: str
    post: str
    since: str
    until: str | None


@event("jianzheng:directory.post-left")
class PostLeft(DirectoryEvent):
    """The person no longer has the post from the day ``on``."""

    person: str
    organisation: str
    post: str
    on: str


@event("jianzheng:directory.account-opened")
class AccountOpened(DirectoryEvent):
    """Somebody may sign in; without a role the account may do nothing yet."""

    username: str
    person: str | None


@event("jianzheng:directory.account-closed")
class AccountClosed(DirectoryEvent):
    """Nobody may sign in with it any more; what it did stays under its name."""

    username: str


@event("jianzheng:directory.role-granted")
class RoleGranted(DirectoryEvent):
    """The account has ``role`` (one of `domain.access.ROLES`) in the organisation and everything below it."""

    username: str
    organisation: str
    role: str
    since: str
    until: str | None


@event("jianzheng:directory.role-revoked")
class RoleRevoked(DirectoryEvent):
    """The account no longer has the role from the day ``on``."""

    username: str
    organisation: str
    role: str
    on: str
