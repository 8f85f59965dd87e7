"""Use cases of the directory: organisations, people and their posts, accounts and their roles.

Natural keys (an organisation's code, a person's code, a user name) give the stream its id, so two processes cannot
create the same one: the store has each version of a stream once.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, tzinfo
from typing import Any

from domain import days
from domain.access import ROLES, Actor
from domain.errors import Conflict, InputError, VersionConflict
from domain.event import Stamp, stream_id
from domain.organisations.codes import ORGANISATION_CODE
from domain.organisations.directory import Account, Directory
from domain.organisations.events import (
    AccountClosed,
    AccountOpened,
    DirectoryEvent,
    OrganisationAdded,
    OrganisationRenamed,
    PersonAdded,
    PostLeft,
    PostTaken,
    RoleGranted,
    RoleRevoked,
)
from domain.organisations.policy import Policy
from domain.ports.credentials import Credentials
from domain.ports.events import EventStore
from domain.ports.surroundings import Clock, Entropy

USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


class AlreadyThere(Conflict):
    code = "already_there"
    zh = "{kind_zh}“{name}”已经有了。"
    en = "The {kind_en} “{name}” exists already."


class BadCode(InputError):
    code = "bad_code"
    zh = "“{value}”不能作{kind_zh}：只能用小写字母、数字和连字符，以字母或数字开头和结尾，不超过 40 位。"
    en = "“{value}” is no {kind_en}: lower-case letters, digits and hyphens, at most 40, no hyphen at either end."


class BadValue(InputError):
    code = "bad_value"
    zh = "“{value}”不能作{kind_zh}；可用的有：{accepted}。"
    en = "“{value}” is no {kind_en}; accepted: {accepted}."


class Administration:
    def __init__(
        self,
        *,
        events: EventStore,
        directory: Callable[[], Directory],
        credentials: Callable[[], Credentials],
        clock: Clock,
        entropy: Entropy,
        zone: tzinfo,
    ) -> None:
        self.events, self.directory, self.clock, self.entropy, self.zone = events, directory, clock, entropy, zone
        self.credentials = credentials
        self.policy = Policy(directory, self._today)

    # ── organisations ───────────────────────────────────────────────────────────────────────────────────────────

    def add_organisation(self, actor: Actor, code: str, name: str, parent: str | None = None, kind: str = "") -> None:
        """``parent`` None: below the top organisation, or the top itself while there is none."""
        _code(code, "单位编号", "organisation code")
        directory = self.directory()
        if parent is None and directory.organisations:
            parent = directory.top
        if parent is not None:
            directory.organisation(parent)
            self.policy.require_in(actor, "directory.manage", parent)
        if code in directory.organisations:
            raise AlreadyThere(kind_zh="单位", kind_en="organisation", name=code, field="code")
        self._first(
            OrganisationAdded,
            actor,
            ("organisation", code),
            ("单位", "organisation", code),
            code=code,
            name=_name(name),
            kind=kind.strip(),
            parent=parent,
        )

    def rename_organisation(self, actor: Actor, code: str, name: str) -> None:
        """``name``: 1–100 characters. Raises `NotFound`, `NotAllowed`, `BadValue`."""
        self.directory().organisation(code)
        self.policy.require_in(actor, "directory.manage", code)
        self._next(OrganisationRenamed, actor, ("organisation", code), code=code, name=_name(name))

    # ── people ──────────────────────────────────────────────────────────────────────────────────────────────────

    def add_person(
        self,
        actor: Actor,
        code: str,
        name: str,
        organisation: str,
        post: str = "党员",
        since: str | None = None,
        until: str | None = None,
    ) -> None:
        """A person and the first post. Dates are YYYY-MM-DD; ``since`` defaults to 1900-01-01, known from the start."""
        _code(code, "人员编号", "person code")
        directory = self.directory()
        directory.organisation(organisation)
        self.policy.require_in(actor, "directory.manage", organisation)
        if code in directory.people:
            raise AlreadyThere(kind_zh="人员", kind_en="person", name=code, field="code")
        first, last = _period(since, until)
        stamp = self._stamp(actor)
        stream = stream_id("person", code)
        added = PersonAdded(code=code, name=_name(name), **stamp.header(stream, 1))
        taken = PostTaken(
            person=code, organisation=organisation, post=_name(post), since=first, until=last, **stamp.header(stream, 2)
        )
        self._append([added, taken], ("人员", "person", code))

    def take_post(
        self,
        actor: Actor,
        person: str,
        organisation: str,
        post: str,
        since: str | None = None,
        until: str | None = None,
    ) -> None:
        """Dates are YYYY-MM-DD: ``since`` the first day (1900-01-01 where none is given), ``until`` the first day
        without the post. Raises `NotFound`, `NotAllowed`, `BadDate`, and `BadValue` for a name of a post or an end that
        cannot be.
        """
        directory = self.directory()
        directory.person(person)
        directory.organisation(organisation)
        self.policy.require_in(actor, "directory.manage", organisation)
        first, last = _period(since, until)
        self._next(
            PostTaken,
            actor,
            ("person", person),
            person=person,
            organisation=organisation,
            post=_name(post),
            since=first,
            until=last,
        )

    def leave_post(self, actor: Actor, person: str, organisation: str, post: str, on: str) -> None:
        """``on``, YYYY-MM-DD, is the first day without the post; one that is not held on that day stays as it was.
        Raises `NotFound`, `NotAllowed`, `BadDate`.
        """
        directory = self.directory()
        directory.person(person)
        self.policy.require_in(actor, "directory.manage", directory.organisation(organisation).code)
        self._next(
            PostLeft,
            actor,
            ("person", person),
            person=person,
            organisation=organisation,
            post=post,
            on=days.day(on, "on"),
        )

    # ── accounts ────────────────────────────────────────────────────────────────────────────────────────────────

    def open_account(
        self,
        actor: Actor,
        username: str,
        person: str | None = None,
        *,
        password: str | None = None,
        role: str | None = None,
        organisation: str | None = None,
    ) -> None:
        """An account, with its password and a first ``role`` (at the top, unless in ``organisation``) in one act.

        Everything is looked at first, the password too: what is refused leaves nothing behind. Where a fault came
        between the event and the password, the same call again completes it. Without a role an account may do nothing
        yet, without a password nobody can sign in with it. Raises `BadCode`, `BadValue`, `NotAllowed`, `NotFound`,
        `AlreadyThere` and what `Credentials.prepare` does.
        """
        directory = self.directory()
        if not USERNAME.fullmatch(username) or username == "system":
            raise BadCode(value=username[:64], kind_zh="用户名", kind_en="user name", field="username")
        self.policy.require_at_top(actor, "account.manage")
        if person is not None:
            directory.person(person)
        place = organisation or directory.top
        granted = None
        if role is not None:
            directory.organisation(place)
            granted = _role(role)
        begun = directory.accounts.get(username)
        if begun is not None and (password is None or not self._lacks_only_the_password(begun, person)):
            raise AlreadyThere(kind_zh="账号", kind_en="account", name=username, field="username")
        prepared = None if password is None else self.credentials().prepare(username, password)
        if begun is None:
            self._open(actor, username, person, granted, place)
        elif granted and (granted, place) not in [(each.role, each.organisation) for each in begun.grants]:
            self.grant(actor, username, granted, place)
        if prepared is not None:
            self.credentials().keep(username, prepared)

    def close_account(self, actor: Actor, username: str) -> None:
        """Nobody signs in with it any more, and who is signed in is so no longer."""
        self.directory().account(username)
        self.policy.require_at_top(actor, "account.manage")
        self._next(AccountClosed, actor, ("account", username), username=username)
        self.credentials().end_all(username)

    def set_password(self, actor: Actor, username: str, password: str) -> None:
        """Somebody's, by whoever manages accounts, or one's own: every session of the account ends. Whoever sets a
        password can act as that account, so the top of the tree is asked. Raises what `Credentials.prepare` does.
        """
        self.require_credentials(actor, username)
        self.credentials().keep(username, self.credentials().prepare(username, password))

    def require_credentials(self, actor: Actor, username: str) -> None:
        """Passwords and tokens are set for oneself, or by whoever manages accounts. Raises `NotAllowed`, `NotFound`."""
        if username != actor.username:
            self.policy.require_at_top(actor, "account.manage")
        self.directory().account(username)

    def grant(
        self,
        actor: Actor,
        username: str,
        role: str,
        organisation: str,
        since: str | None = None,
        until: str | None = None,
    ) -> None:
        """``role`` by its key or its name in either language; the days as in `take_post`. Raises `NotFound`,
        `NotAllowed`, `BadDate`, `BadValue`.
        """
        directory = self.directory()
        directory.account(username)
        directory.organisation(organisation)
        self.policy.require_in(actor, "account.manage", organisation)
        first, last = _period(since, until)
        self._next(
            RoleGranted,
            actor,
            ("account", username),
            username=username,
            organisation=organisation,
            role=_role(role),
            since=first,
            until=last,
        )

    def revoke(self, actor: Actor, username: str, role: str, organisation: str, on: str | None = None) -> None:
        """``on``, YYYY-MM-DD, is the first day without the role: today, in the archive's zone, where none is given.
        Raises `NotFound`, `NotAllowed`, `BadDate`, `BadValue`.
        """
        self.directory().account(username)
        self.policy.require_in(actor, "account.manage", organisation)
        day = days.day(on, "on") if on else self._today().isoformat()
        self._next(
            RoleRevoked,
            actor,
            ("account", username),
            username=username,
            organisation=organisation,
            role=_role(role),
            on=day,
        )

    # ── inside ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _lacks_only_the_password(self, account: Account, person: str | None) -> bool:
        opened_so = not account.closed and account.person == person
        return opened_so and not self.credentials().has_password(account.username)

    def _open(self, actor: Actor, username: str, person: str | None, role: str | None, place: str) -> None:
        stamp, stream = self._stamp(actor), stream_id("account", username)
        events: list[DirectoryEvent] = [AccountOpened(username=username, person=person, **stamp.header(stream, 1))]
        if role is not None:
            first, last = _period(None, None)
            granted = RoleGranted(
                username=username, organisation=place, role=role, since=first, until=last, **stamp.header(stream, 2)
            )
            events.append(granted)
        self._append(events, ("账号", "account", username))

    def _today(self) -> date:
        return self.clock().astimezone(self.zone).date()

    def _stamp(self, actor: Actor) -> Stamp:
        return Stamp(actor.username, self.clock(), self.entropy.salt)

    def _first(
        self,
        kind: type[DirectoryEvent],
        actor: Actor,
        key: tuple[str, str],
        said: tuple[str, str, str],
        /,
        **facts: Any,
    ) -> None:
        self._append([kind(**facts, **self._stamp(actor).header(stream_id(*key), 1))], said)

    def _next(self, kind: type[DirectoryEvent], actor: Actor, key: tuple[str, str], /, **facts: Any) -> None:
        """What others say of the same organisation, person or account at the same moment holds beside it."""
        stream, stamp = stream_id(*key), self._stamp(actor)
        self.events.append_next(stream, lambda last: [kind(**facts, **stamp.header(stream, last + 1))])

    def _append(self, events: list[DirectoryEvent], said: tuple[str, str, str]) -> None:
        try:
            self.events.append(events)
        except VersionConflict:
            raise AlreadyThere(kind_zh=said[0], kind_en=said[1], name=said[2], field="code") from None


def _code(value: str, kind_zh: str, kind_en: str) -> None:
    if not ORGANISATION_CODE.fullmatch(value):
        raise BadCode(value=value[:64], kind_zh=kind_zh, kind_en=kind_en, field="code")


def _name(value: str) -> str:
    name = " ".join(value.split())
    if not 1 <= len(name) <= 100 or not name.isprintable():
        raise BadValue(value=name[:40], kind_zh="名称", kind_en="name", accepted="1–100", field="name")
    return name


def _role(value: str) -> str:
    for key, (zh, en) in ROLES.items():
        if value in (key, zh, en):
            return key
    accepted = "、".join(f"{zh}（{key}）" for key, (zh, _) in ROLES.items())
    raise BadValue(value=value[:40], kind_zh="角色", kind_en="role", accepted=accepted, field="role")


def _period(since: str | None, until: str | None) -> tuple[str, str | None]:
    first = days.day(since, "since") if since else "1900-01-01"
    last = days.day(until, "until") if until else None
    if last is not None and last <= first:
        raise BadValue(value=last, kind_zh="结束日期", kind_en="end date", accepted=f"> {first}", field="until")
    return first, last
