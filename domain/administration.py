"""Use cases of the directory: organisations, people and their posts, accounts and their roles.

Natural keys (an organisation's code, a person's code, a user name) give the stream its id, so two processes cannot
create the same one: the store has each version of a stream once.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, tzinfo
from typing import Any

from domain.access import ROLES, Action, Actor, Target, decide
from domain.errors import Conflict, InputError, VersionConflict
from domain.event import Stamp, stream_id
from domain.organisations.directory import Directory
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
from domain.ports import Clock, Entropy, EventStore
from domain.records.codes import ORGANISATION_CODE

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
        clock: Clock,
        entropy: Entropy,
        zone: tzinfo,
    ) -> None:
        self.events, self.directory, self.clock, self.entropy, self.zone = events, directory, clock, entropy, zone

    # ── organisations ───────────────────────────────────────────────────────────────────────────────────────────

    def add_organisation(self, actor: Actor, code: str, name: str, parent: str | None = None, kind: str = "") -> None:
        """``parent`` None: below the top organisation, or the top itself while there is none."""
        _code(code, "单位编号", "organisation code")
        directory = self.directory()
        if parent is None and directory.organisations:
            parent = next(o.code for o in directory.organisations.values() if o.parent is None)
        if parent is not None:
            directory.organisation(parent)
            self._require(actor, "directory.manage", parent)
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
        self.directory().organisation(code)
        self._require(actor, "directory.manage", code)
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
        self._require(actor, "directory.manage", organisation)
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
        directory = self.directory()
        directory.person(person)
        directory.organisation(organisation)
        self._require(actor, "directory.manage", organisation)
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
        directory = self.directory()
        directory.person(person)
        self._require(actor, "directory.manage", directory.organisation(organisation).code)
        self._next(
            PostLeft, actor, ("person", person), person=person, organisation=organisation, post=post, on=_day(on, "on")
        )

    # ── accounts ────────────────────────────────────────────────────────────────────────────────────────────────

    def open_account(self, actor: Actor, username: str, person: str | None = None) -> None:
        """An account without a role may do nothing yet. The password is the account store's matter."""
        directory = self.directory()
        if not USERNAME.fullmatch(username) or username == "system":
            raise BadCode(value=username[:64], kind_zh="用户名", kind_en="user name", field="username")
        self._require(actor, "account.manage", self._top())
        if person is not None:
            directory.person(person)
        if username in directory.accounts:
            raise AlreadyThere(kind_zh="账号", kind_en="account", name=username, field="username")
        self._first(
            AccountOpened,
            actor,
            ("account", username),
            ("账号", "account", username),
            username=username,
            person=person,
        )

    def close_account(self, actor: Actor, username: str) -> None:
        self.directory().account(username)
        self._require(actor, "account.manage", self._top())
        self._next(AccountClosed, actor, ("account", username), username=username)

    def grant(
        self,
        actor: Actor,
        username: str,
        role: str,
        organisation: str,
        since: str | None = None,
        until: str | None = None,
    ) -> None:
        directory = self.directory()
        directory.account(username)
        directory.organisation(organisation)
        self._require(actor, "account.manage", organisation)
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
        self.directory().account(username)
        self._require(actor, "account.manage", organisation)
        day = _day(on, "on") if on else self._today()
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

    def _today(self) -> str:
        return self.clock().astimezone(self.zone).date().isoformat()

    def _top(self) -> str:
        return next(o.code for o in self.directory().organisations.values() if o.parent is None)

    def _require(self, actor: Actor, action: Action, organisation: str) -> None:
        decide(actor, action, Target(self.directory().path(organisation)), self._today()).require()

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
        stream = stream_id(*key)
        version = self.events.last_version(stream) + 1
        self.events.append([kind(**facts, **self._stamp(actor).header(stream, version))])

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


def _day(value: str, field: str) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise BadValue(value=value[:40], kind_zh="日期", kind_en="date", accepted="YYYY-MM-DD", field=field) from None


def _period(since: str | None, until: str | None) -> tuple[str, str | None]:
    first = _day(since, "since") if since else "1900-01-01"
    last = _day(until, "until") if until else None
    if last is not None and last <= first:
        raise BadValue(value=last, kind_zh="结束日期", kind_en="end date", accepted=f"> {first}", field="until")
    return first, last
