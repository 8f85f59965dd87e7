"""The index as one commit left it, with the facets of the searches made in it.

Counting facets reads every match, which takes longer than all the rest of a search. So another page, another order or
the same search once more takes those that were counted, as long as nothing was committed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tantivy import Searcher

from domain.ports.search import SearchRequest

MOST_KEPT = 64  # searches whose facets are kept

Facets = dict[str, tuple[tuple[str, int], ...]]
Limits = tuple[object, ...]


def limits(request: SearchRequest) -> Limits:
    """All of a request that decides which records it finds, the scope above all; the rest is how they are shown."""
    filters = sorted((name, tuple(values)) for name, values in request.filters.items())
    days = (request.occurred_from, request.occurred_to, request.recorded_from, request.recorded_to, request.due_before)
    return request.query, request.scope, tuple(filters), days, request.as_of


@dataclass(frozen=True)
class Snapshot:
    """``commit`` is what the file that names the segments looked like."""

    commit: tuple[int, int, int]
    searcher: Searcher
    facets: dict[Limits, Facets] = field(default_factory=dict)

    def counted(self, asked: Limits, count: Callable[[], Facets]) -> Facets:
        facets = self.facets.get(asked)
        if facets is None:
            if len(self.facets) >= MOST_KEPT:
                self.facets.clear()
            facets = self.facets[asked] = count()
        return facets
