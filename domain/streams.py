"""The one table of subjects: every kind of stream, as its own folder declares it, and what follows for its events.

A new subject is a folder with a `Subject` in it and a line in `SUBJECTS`. All that meets events of every kind asks
here: what is stored and read, `verify`, receipts, cleanup, locks, erasure, search, naming, the words for acts. An event
that no subject declares cannot be stored.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from operator import itemgetter
from typing import Any
from uuid import UUID

from domain.event import Event, stream_id
from domain.keys.subject import KEYS
from domain.organisations.subject import ACCOUNTS, ORGANISATIONS, PEOPLE
from domain.records.subject import RECORDS, REGISTERS
from domain.reports.subject import REPORTS
from domain.subject import FILES, Kind, Subject, faults

SUBJECTS: tuple[Subject, ...] = (RECORDS, REGISTERS, ORGANISATIONS, PEOPLE, ACCOUNTS, REPORTS, KEYS)


class Undeclared(TypeError):
    """An event that no subject declares, or a declaration that says too little: a mistake in the program."""


if _faults := [*faults(SUBJECTS)]:
    raise Undeclared("; ".join(_faults))

KINDS: dict[type[Event], Kind] = {kind.event: kind for subject in SUBJECTS for kind in subject.kinds}
TOPICS: dict[str, Kind] = {kind.topic: kind for kind in KINDS.values()}
SUBJECT_OF: dict[type[Event], Subject] = {
    event: subject for subject in SUBJECTS for event in (*(kind.event for kind in subject.kinds), *subject.also)
}
ABOUT_FILES: frozenset[str] = frozenset(topic for topic, kind in TOPICS.items() if kind.files)
"""Topics of the events that name files."""


def undeclared(base: type[Event] = Event) -> Iterator[type[Event]]:
    """The events of the product that no subject declares, as far as their modules are imported."""
    for event in base.__subclasses__():
        if "TOPIC" in vars(event) and event.__module__.startswith("domain.") and event not in KINDS:
            yield event
        yield from undeclared(event)


if _undeclared := [event.__qualname__ for event in undeclared()]:
    raise Undeclared(f"no subject declares {', '.join(_undeclared)}")


def files_named(event: Event) -> list[dict[str, Any]]:
    """The files that an event names, each as it lists them."""
    kind = KINDS.get(type(event))
    return vars(event)[FILES] if kind is not None and kind.files else []


def stream_of(event: Event) -> UUID | None:
    """The stream in which an event belongs by what it says; None where its stream's id is random."""
    kind = KINDS[type(event)]
    return SUBJECT_OF[kind.event].stream(*(vars(event)[name] for name in kind.stream)) if kind.stream else None


def place_of(kind: Kind) -> itemgetter[Any]:
    """Gives of an event's attributes what `derived` makes the stream's id of."""
    return itemgetter(*kind.stream)


@lru_cache(maxsize=4096)
def derived(name: str, key: Any) -> str:
    """The id of a stream in 32 hexadecimal digits, by the subject's name and what `place_of` gives."""
    return stream_id(name, "/".join(map(str, key)) if type(key) is tuple else str(key)).hex
