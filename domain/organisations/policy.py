"""The policy asked of the directory as it stands: the one way to learn what an account may do, and where.

`domain.access` is the rule; here it meets the tree of organisations and the day. Use cases, commands, pages and HTTP
ask this and nothing else, so that no door has a rule of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from domain.access import Action, Actor, Decision, Target, decide
from domain.organisations.directory import Directory


class Policy:
    """``directory`` gives the tree as it is now, ``today`` the day on which roles have to be held."""

    def __init__(self, directory: Callable[[], Directory], today: Callable[[], date]) -> None:
        self.directory, self.today = directory, today

    def decide(self, actor: Actor, action: Action, target: Target) -> Decision:
        """What `domain.access.decide` says for today."""
        return decide(actor, action, target, self.today().isoformat())

    def may(self, actor: Actor, action: Action, target: Target) -> bool:
        """Whether it is allowed today."""
        return self.decide(actor, action, target).allowed

    def require(self, actor: Actor, action: Action, target: Target) -> None:
        """Raises `NotAllowed`."""
        self.decide(actor, action, target).require()

    # ── in an organisation ──────────────────────────────────────────────────────────────────────────────────────

    def may_in(self, actor: Actor, action: Action, organisation: str) -> bool:
        """In the organisation with this code; where there is none, as at a place without a superior."""
        return self.may(actor, action, self._in(organisation))

    def require_in(self, actor: Actor, action: Action, organisation: str) -> None:
        """Raises `NotAllowed`."""
        self.require(actor, action, self._in(organisation))

    # ── of the archive as a whole ───────────────────────────────────────────────────────────────────────────────

    def may_at_top(self, actor: Actor, action: Action) -> bool:
        """In the archive's own organisation. Raises `NotFound` where there is none yet."""
        return self.may(actor, action, Target((self.directory().top,)))

    def require_at_top(self, actor: Actor, action: Action) -> None:
        """Raises `NotAllowed`."""
        self.require(actor, action, Target((self.directory().top,)))

    # ── anywhere ────────────────────────────────────────────────────────────────────────────────────────────────

    def may_somewhere(self, actor: Actor, action: Action) -> bool:
        """At the top, or in one of the organisations in which the actor was ever granted a role."""
        places = (self.directory().top, *(grant.organisation for grant in actor.grants))
        return any(self.may_in(actor, action, place) for place in places)

    def require_somewhere(self, actor: Actor, action: Action) -> None:
        """Raises `NotAllowed`."""
        if not self.may_somewhere(actor, action):
            self.require(actor, action, Target(()))

    def places(self, actor: Actor, action: Action) -> list[str]:
        """Codes of the organisations where the actor may do it, parents first."""
        directory = self.directory()
        return [code for code in directory.below(directory.top) if self.may_in(actor, action, code)]

    def _in(self, organisation: str) -> Target:
        return Target(self.directory().path(organisation))
