"""Use case: search as one person. The scope of what they may see is part of every query, totals and facets included."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

from domain.access import Actor, scope
from domain.errors import NotFound
from domain.ports.ledger import LedgerReader
from domain.ports.search import Hit, SearchEngine, SearchRequest
from domain.records.filing import Archive
from domain.search import values
from domain.streams import SUBJECT_OF
from domain.subject import Shown


@dataclass(frozen=True)
class Found:
    """A hit, and what it shows."""

    hit: Hit
    shown: Shown


@dataclass(frozen=True)
class Results:
    total: int
    hits: tuple[Found, ...]
    facets: dict[str, list[tuple[str, int]]]
    next: str | None
    behind: int  # events filed that the index has not taken in yet


class Searching:
    def __init__(self, *, engine: SearchEngine, archive: Archive, ledger: LedgerReader) -> None:
        self.engine, self.archive, self.ledger = engine, archive, ledger

    def search(self, actor: Actor, request: SearchRequest) -> Results:
        """``request.scope`` is replaced by the actor's own, whatever was asked for."""
        directory = self.archive.directory()
        mine = replace(
            request,
            scope=scope(actor, self.archive.today().isoformat()),
            tags=values.typed(request.query, directory),
        )
        page = self.engine.search(mine)
        # What was erased a moment ago may be in the index still; nobody is shown a word of it.
        hits = tuple(Found(hit, shown) for hit in page.hits if (shown := self._shown(hit)) is not None)
        facets = {name: list(values) for name, values in page.facets.items()}
        # People are indexed by name and by code, so that both can be asked for; they are counted by name.
        codes = directory.people
        facets["person"] = [(value, count) for value, count in facets.get("person", []) if value not in codes]
        return Results(page.total, hits, facets, page.next, max(0, self.ledger.size() - self.engine.position()))

    def _shown(self, hit: Hit) -> Shown | None:
        history = self.archive.events.stream(UUID(hit.record))
        shown = SUBJECT_OF[type(history[0])].shown if history else None
        if shown is None:
            raise NotFound("记录", "record", hit.record)
        return shown(history, hit.revision)
