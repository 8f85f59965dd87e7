"""Of organisations, people and accounts."""

from __future__ import annotations

from domain.event import Event
from domain.organisations import events as directory
from tests.event_samples import HEADER, in_turn

SAMPLES: list[Event] = [
    directory.OrganisationAdded(code="school-01", name="第一中学", kind="school", parent=None, **HEADER),
    directory.OrganisationRenamed(code="school-01", name="实验中学", **HEADER),
    directory.PersonAdded(code="p-1", name="张敏", **HEADER),
    directory.PostTaken(person="p-1", organisation="school-01", post="书记", since="2020-01-01", until=None, **HEADER),
    directory.PostLeft(person="p-1", organisation="school-01", post="书记", on="2023-01-01", **HEADER),
    directory.AccountOpened(username="clerk", person="p-1", **HEADER),
    directory.AccountClosed(username="clerk", **HEADER),
    directory.RoleGranted(
        username="clerk", organisation="school-01", role="clerk", since="2020-01-01", until=None, **HEADER
    ),
    directory.RoleRevoked(username="clerk", organisation="school-01", role="clerk", on="2023-01-01", **HEADER),
]

ADDED, RENAMED, PERSON, TAKEN, LEFT, OPENED, CLOSED, GRANTED, REVOKED = SAMPLES

STREAMS = [
    in_turn([ADDED, RENAMED]),
    in_turn([PERSON, TAKEN, LEFT]),
    in_turn([OPENED, GRANTED, REVOKED, CLOSED]),
]
