"""The directory: the tree of organisations, people with their posts over time, accounts with their roles.

A fold over the directory's events. It is small (thousands, not millions), so it is kept in memory and brought up
to date by the few events that came since; folded only up to a position it says how things stood then.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from domain.access import Actor, Grant
from domain.errors import NotFound
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


@dataclass
class Organisation:
    code: str
    name: str
    kind: str
    parent: str | None
    children: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Post:
    organisation: str
    post: str
    since: str
    until: str | None

    def held_on(self, day: str) -> bool:
        """``day`` as YYYY-MM-DD, like both ends."""
        return self.since <= day and (self.until is None or day < self.until)


@dataclass
class Person:
    code: str
    name: str
    posts: list[Post] = field(default_factory=list)


@dataclass
class Account:
    username: str
    person: str | None
    grants: list[Grant] = field(default_factory=list)
    closed: bool = False

    def actor(self) -> Actor:
        """Who acts by this account: with all its roles, past and future ones too; with none once it is closed."""
        return Actor(self.username, self.person, () if self.closed else tuple(self.grants))


class Directory:
    """Folded in place by `apply`; ask, do not change. Not safe to fold from two threads at once."""

    def __init__(self) -> None:
        self.organisations: dict[str, Organisation] = {}
        self.people: dict[str, Person] = {}
        self.accounts: dict[str, Account] = {}
        self._by_name: defaultdict[str, list[str]] = defaultdict(list)
        self._ever_in: defaultdict[str, set[str]] = defaultdict(set)  # organisation → who ever had a post there

    # ── evolve ──────────────────────────────────────────────────────────────────────────────────────────────────

    def apply(self, event: DirectoryEvent) -> None:
        """Take in the next event, in the order of the store. Raises `KeyError` where it changes what no event made."""
        match event:
            case OrganisationAdded():
                made = Organisation(event.code, event.name, event.kind, event.parent)
                self.organisations[event.code] = made
                if event.parent is not None:
                    self.organisations[event.parent].children.append(event.code)
            case OrganisationRenamed():
                self.organisations[event.code].name = event.name
            case PersonAdded():
                self.people[event.code] = Person(event.code, event.name)
                self._by_name[event.name].append(event.code)
            case PostTaken():
                post = Post(event.organisation, event.post, event.since, event.until)
                self.people[event.person].posts.append(post)
                self._ever_in[event.organisation].add(event.person)
            case PostLeft():
                person = self.people[event.person]
                person.posts = [
                    Post(p.organisation, p.post, p.since, event.on)
                    if (p.organisation, p.post) == (event.organisation, event.post) and p.held_on(event.on)
                    else p
                    for p in person.posts
                ]
            case AccountOpened():
                self.accounts[event.username] = Account(event.username, event.person)
            case AccountClosed():
                self.accounts[event.username].closed = True
            case RoleGranted():
                grant = Grant(event.organisation, event.role, event.since, event.until)
                self.accounts[event.username].grants.append(grant)
            case RoleRevoked():
                account = self.accounts[event.username]
                account.grants = [
                    Grant(g.organisation, g.role, g.since, event.on)
                    if (g.organisation, g.role) == (event.organisation, event.role) and g.held_on(event.on)
                    else g
                    for g in account.grants
                ]

    def fold(self, events: Iterable[DirectoryEvent]) -> Directory:
        """`apply` each; the result is this directory itself."""
        for event in events:
            self.apply(event)
        return self

    # ── ask ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def organisation(self, code: str) -> Organisation:
        """By its code. Raises `NotFound`."""
        organisation = self.organisations.get(code)
        if organisation is None:
            raise NotFound("单位", "organisation", code, field="organisation")
        return organisation

    def person(self, code: str) -> Person:
        """By the code, not the name. Raises `NotFound`."""
        person = self.people.get(code)
        if person is None:
            raise NotFound("人员", "person", code, field="person")
        return person

    def account(self, username: str) -> Account:
        """By user name, closed ones too. Raises `NotFound`."""
        account = self.accounts.get(username)
        if account is None:
            raise NotFound("账号", "account", username)
        return account

    @property
    def top(self) -> str:
        """The code of the organisation without a superior: the archive's own. Raises `NotFound` before there is one."""
        for each in self.organisations.values():
            if each.parent is None:
                return each.code
        raise NotFound("单位", "organisation", "—", field="organisation")

    def path(self, code: str) -> tuple[str, ...]:
        """Codes from the top of the tree down to ``code``; just the code for an unknown one."""
        path = [code]
        while (organisation := self.organisations.get(path[-1])) is not None and organisation.parent is not None:
            path.append(organisation.parent)
        return tuple(reversed(path))

    def below(self, code: str) -> Iterator[str]:
        """``code`` and everything under it, parents first."""
        waiting = [code]
        while waiting:
            parent = waiting.pop()
            yield parent
            waiting.extend(reversed(self.organisations[parent].children if parent in self.organisations else []))

    def name(self, code: str) -> str:
        """What the organisation is called now; its code where there is none of that code."""
        organisation = self.organisations.get(code)
        return organisation.name if organisation else code

    def members(self, code: str, day: str) -> list[Person]:
        """People with a post in the organisation or below it on that day, by code."""
        codes = set(self.below(code))
        people = {person for each in codes & self._ever_in.keys() for person in self._ever_in[each]}
        return [
            person
            for person in map(self.people.__getitem__, sorted(people))
            if any(post.organisation in codes and post.held_on(day) for post in person.posts)
        ]

    def resolve(self, name: str, organisation: str, day: str) -> str | None:
        """The code of the one person that ``name`` (a name or a code) means in the organisation on that day.

        People of the organisation itself come first, then those below it, then those above: a branch's minutes
        name its own members, and the superior who came. Two of one name on the same level: nobody is meant.
        """
        if name in self.people:
            return name
        candidates = self._by_name.get(name, [])
        if not candidates:
            return None
        for codes in ({organisation}, set(self.below(organisation)), set(self.path(organisation))):
            fits = [
                code
                for code in candidates
                if any(post.organisation in codes and post.held_on(day) for post in self.people[code].posts)
            ]
            if len(fits) == 1:
                return fits[0]
            if fits:
                return None
        return None
