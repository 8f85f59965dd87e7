"""A subject that the product does not have, declared for a test: souvenirs, which are kept and may get lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from domain import audit, erasing, streams
from domain.event import Event, Stamp, event
from domain.files import Keeping
from domain.organisations.directory import Directory
from domain.ports.search import FOREVER, SearchDocument
from domain.subject import Impossible, Kind, LeafEvent, Shown, Subject
from indexers import locks


class SouvenirEvent(Event):
    """Base of what happens to a souvenir."""


@event("jianzheng:souvenir.kept")
class Kept(SouvenirEvent):
    """Something was given that is worth keeping."""

    title: str
    files: list[dict[str, Any]]


@event("jianzheng:souvenir.lost")
class Lost(SouvenirEvent):
    """It is gone."""

    reason: str


@event("jianzheng:souvenir-list.noted")
class Noted(Event):
    """Entry of the list of a year, whose stream has an id that follows from it."""

    year: int


def audit_souvenir(events: Sequence[Event]) -> Impossible | None:
    """What is lost is not lost again."""
    return None if len(events) < 3 else Impossible(3, "丢失之后不能再丢失", "what is lost cannot be lost again")


def keeps(events: Sequence[Event], today: date) -> dict[str, Keeping]:
    return {file["sha256"]: Keeping(today) for event in events if isinstance(event, Kept) for file in event.files}


def documents(history: Sequence[LeafEvent], directory: Directory, *_: Any) -> list[SearchDocument]:
    """Its title, for whoever may read records at the top."""
    first, event = history[0]
    assert isinstance(event, Kept)
    return [
        SearchDocument(
            record=str(event.originator_id), revision=1, from_leaf=first, until_leaf=FOREVER,
            organisation=directory.top, organisation_path=(directory.top,), family="souvenir", form="souvenir",
            occurred_on=event.recorded_at[:10], recorded_on=event.recorded_at[:10], status="kept", confidential=False,
            readers=(), filed_by=event.actor, people=(), plan="", phase="", late=False, gaps=False, due="",
            source="record", source_name="body", page=None, text=event.title, file_type="",
        )
    ]  # fmt: skip


def shown(history: Sequence[Event], revision: int) -> Shown:
    event = history[0]
    assert isinstance(event, Kept)
    return Shown(
        path=f"/souvenirs/{event.originator_id}", code="", title=event.title, organisation="", family="souvenir",
        form="souvenir", occurred_on=event.recorded_at[:10], recorded_at=event.recorded_at, status="kept", version=1,
        newest=1,
    )  # fmt: skip


KEPT = Kind(Kept, "收存", "kept", files=True)
LOST = Kind(Lost, "丢失", "lost", files=False)
SOUVENIRS = Subject(
    name="souvenir",
    zh="纪念品",
    en="souvenirs",
    topics="jianzheng:souvenir.",
    base=SouvenirEvent,
    ids="random",
    first=Kept,
    kinds=(KEPT, LOST),
    audit=audit_souvenir,
    keeps=keeps,
    documents=documents,
    shown=shown,
)
NOTED = Kind(Noted, "登记", "noted", files=False, stream=("year",))
LISTS = Subject(
    name="souvenir-list", zh="清单", en="lists", topics="jianzheng:souvenir-list.", ids="derived", kinds=(NOTED,)
)
BOTH = (SOUVENIRS, LISTS)


def declare(monkeypatch: pytest.MonkeyPatch, *subjects: Subject) -> None:
    """As if these stood in `domain.streams.SUBJECTS` as well."""
    monkeypatch.setattr(streams, "SUBJECTS", (*streams.SUBJECTS, *subjects))
    for subject in subjects:
        for kind in subject.kinds:
            monkeypatch.setitem(streams.KINDS, kind.event, kind)
            monkeypatch.setitem(streams.TOPICS, kind.topic, kind)
            monkeypatch.setitem(streams.SUBJECT_OF, kind.event, subject)
    about_files = frozenset(topic for topic, kind in streams.TOPICS.items() if kind.files)
    for module in (streams, erasing, locks):
        monkeypatch.setattr(module, "ABOUT_FILES", about_files)
    monkeypatch.setattr(audit, "_RULES", {})


def kept(stamp: Stamp, stream: UUID, files: Sequence[dict[str, Any]] = ()) -> Kept:
    return Kept(title="校徽", files=list(files), **stamp.header(stream, 1))


def lost(stamp: Stamp, stream: UUID) -> Lost:
    return Lost(reason="搬迁时遗失", **stamp.header(stream, 2))


def noted(stamp: Stamp, year: int, version: int = 1) -> Noted:
    return replace(Noted(year=year, **stamp.header(LISTS.stream(year), version)))
