"""Use cases of keepsakes: somebody who may file in a school keeps one, or says that it is lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from domain.keepsakes.events import KeepsakeKept
from domain.keepsakes.keepsake import Keepsake, replay

from domain.access import Actor
from domain.errors import NotFound
from domain.event import Stamp
from domain.organisations.policy import Policy
from domain.ports.events import EventStore
from domain.ports.surroundings import Clock, Entropy


class Keepsakes:
    def __init__(self, events: EventStore, policy: Policy, clock: Clock, entropy: Entropy) -> None:
        self.events, self.policy, self.clock, self.entropy = events, policy, clock, entropy

    def keep(self, actor: Actor, organisation: str, title: str, files: Sequence[dict[str, Any]] = ()) -> UUID:
        """Its id. Raises `NotAllowed`."""
        self.policy.require_in(actor, "record.file", organisation)
        stream = self.entropy.uuid()
        header = self._stamp(actor).header(stream, 1)
        self.events.append([KeepsakeKept(organisation=organisation, title=title, files=list(files), **header)])
        return stream

    def lose(self, actor: Actor, keepsake: UUID, reason: str) -> None:
        """Raises `NotFound`, `NotAllowed`, `AlreadyLost`."""
        kept = self.find(actor, keepsake)
        self.policy.require_in(actor, "record.file", kept.organisation)
        self.events.append([kept.lose(reason, self._stamp(actor))])

    def find(self, actor: Actor, keepsake: UUID) -> Keepsake:
        """Raises `NotFound`, `NotAllowed`."""
        kept = replay(self.events.stream(keepsake))
        if kept is None:
            raise NotFound("纪念物", "keepsake", str(keepsake))
        self.policy.require_in(actor, "record.read", kept.organisation)
        return kept

    def _stamp(self, actor: Actor) -> Stamp:
        return Stamp(actor.username, self.clock(), self.entropy.salt)
