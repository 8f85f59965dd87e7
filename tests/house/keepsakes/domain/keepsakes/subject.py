"""Keepsakes, as `domain.streams` has them: a stream each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from domain.keepsakes.events import KeepsakeEvent, KeepsakeKept, KeepsakeLost
from domain.keepsakes.keepsake import Keepsake, audit, replay

from domain.event import Event
from domain.files import Keeping
from domain.ports.search import FOREVER, SearchDocument
from domain.subject import Kind, LeafEvent, Shown, Subject


def _kept(events: Sequence[Event], today: date) -> dict[str, Keeping]:
    """Ten years; what an event names stays as long."""
    until = today.replace(year=today.year + 10)
    return {file["sha256"]: Keeping(until) for event in events for file in vars(event).get("files", ())}


def _documents(history: Sequence[LeafEvent], directory: Any, *_: Any) -> list[SearchDocument]:
    """Its title, for whoever may read in its school."""
    kept = replay([each.event for each in history])
    if kept is None:
        return []
    day = kept.kept_at[:10]
    return [
        SearchDocument(
            record=str(kept.id), revision=1, source="title", source_name="title", page=None, text=kept.title,
            from_leaf=history[0].leaf, until_leaf=FOREVER, organisation=kept.organisation,
            organisation_path=tuple(directory.path(kept.organisation)), family="keepsake", form="keepsake",
            occurred_on=day, recorded_on=day, status=_status(kept), confidential=False, filed_by=kept.kept_by,
        )
    ]  # fmt: skip


def _shown(events: Sequence[Event], revision: int) -> Shown | None:
    kept = replay(events)
    if kept is None:
        return None
    return Shown(
        path=f"/keepsakes/{kept.id}", code="", title=kept.title, organisation=kept.organisation, family="keepsake",
        form="keepsake", occurred_on=kept.kept_at[:10], recorded_at=kept.kept_at, status=_status(kept),
        version=1, newest=1, files=kept.files,
    )  # fmt: skip


def _status(kept: Keepsake) -> str:
    return "filed" if kept.lost is None else "withdrawn"


KEEPSAKES = Subject(
    name="keepsake",
    zh="纪念物",
    en="keepsakes",
    topics="jianzheng:keepsake.",
    base=KeepsakeEvent,
    ids="random",
    first=KeepsakeKept,
    kinds=(
        Kind(KeepsakeKept, "收存", "kept", files=True, name="kept"),
        Kind(KeepsakeLost, "登记丢失", "registered as lost", files=False, name="lost"),
    ),
    audit=audit,
    keeps=_kept,
    documents=_documents,
    shown=_shown,
)
