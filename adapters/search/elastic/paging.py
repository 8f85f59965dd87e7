"""One page of entries in order, with totals and facets, and where the next one begins.

The entries and the counts are asked for side by side. For the best twenty the server need not look at all that is
found; and counts alone it remembers until something is written, for whoever turns the page or comes by the same way.
The place of a page is what `adapters.search.cursor` says, so nothing is left open on the server.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapters.search.cursor import Cursor, dated_next, ranked_next
from adapters.search.elastic.connection import Connection
from adapters.search.elastic.faults import IndexMissing, fault_in
from adapters.search.elastic.mapping import ORDER_OFFSET
from adapters.search.elastic.query import Query

Sort = list[Mapping[str, str]]
BY_SCORE: Sort = [{"_score": "desc"}, {"order": "desc"}]
NEWEST: Sort = [{"order": "desc"}]
OLDEST: Sort = [{"order": "asc"}]


@dataclass(frozen=True)
class Question:
    query: Query
    sort: Sort
    limit: int
    facets: Mapping[str, Any]


@dataclass(frozen=True)
class Page:
    """``hits`` and ``facets`` are the server's own. ``next`` is None where nothing follows."""

    total: int
    hits: list[dict[str, Any]]
    facets: Mapping[str, Any]
    next: Cursor | None


def read_page(connection: Connection, index: str, question: Question, cursor: Cursor | None) -> Page:
    """Raises `IndexMissing` where a search of no index is answered."""
    ranked = question.sort is BY_SCORE and (cursor is None or cursor.behind is None)
    sort = NEWEST if question.sort is BY_SCORE and not ranked else question.sort
    header = {"index": index, "allow_partial_search_results": False}  # a part of a total is a wrong total
    counts = {"query": question.query, "size": 0, "aggs": question.facets, "track_total_hits": True}
    listed = {
        "query": _but(question.query, cursor),
        "sort": sort,
        "size": question.limit + 1,
        "_source": ["document", "parts.nth"],  # the latter says only that there are parts
        "track_total_hits": False,
    }
    if cursor is not None and cursor.behind is not None:
        listed["search_after"] = [cursor.behind - ORDER_OFFSET]
    with connection.asking() as client:
        searches: list[dict[str, Any]] = [header, counts, header, listed]
        answers = client.msearch(searches=searches)["responses"]
    for answer in answers:
        if "error" in answer:
            raise fault_in(answer["status"], answer)
        if not answer["_shards"]["total"]:
            raise IndexMissing(detail="no shard")
    counted, some = answers
    hits = some["hits"]["hits"][: question.limit]
    behind = None
    if hits and len(some["hits"]["hits"]) > question.limit:
        keys = [int(hit["sort"][-1]) + ORDER_OFFSET for hit in hits]
        behind = ranked_next(cursor, keys) if ranked else dated_next(cursor, keys[-1])
    return Page(counted["hits"]["total"]["value"], hits, counted["aggregations"], behind)


def _but(query: Query, cursor: Cursor | None) -> Query:
    """Without what was shown by relevance; the scores stay as they are."""
    if cursor is None or not cursor.shown:
        return query
    shown = {"terms": {"order": [key - ORDER_OFFSET for key in cursor.shown]}}
    return {"bool": {"must": [query], "must_not": [shown]}}
