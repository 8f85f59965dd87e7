"""One page of entries in order, with totals and facets, and where the next one begins.

The entries and the counts are asked for side by side. For the best twenty the server need not look at all that is
found; and counts alone it remembers until something is written, for whoever turns the page or comes by the same way.

By date a page goes on behind the order key of the last entry shown, which is unique and never changes: what is written
meanwhile neither repeats nor hides another. By relevance scores change with every write, so the second page opens a
*point in time*, in which all further pages are read; the place is found in it again by the entry shown last. The first
page, behind which most people never go, leaves nothing open on the server. When a point in time has expired, another
is opened in the same way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapters.search.cursor import Cursor
from adapters.search.elastic.connection import Connection
from adapters.search.elastic.faults import SnapshotGone, fault_in
from adapters.search.elastic.query import Query
from domain.errors import InvalidCursor
from domain.search.errors import IndexDamaged

KEEP_ALIVE = "2m"
"""That somebody may read a page before he turns it. Until then the server keeps what it was read from."""

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
    """``hits`` and ``facets`` are the server's own. ``last`` is None where nothing follows."""

    total: int
    hits: list[dict[str, Any]]
    facets: Mapping[str, Any]
    last: Cursor | None
    place: dict[str, Any]  # that it was read from


def read_page(connection: Connection, index: str, question: Question, cursor: Cursor | None) -> Page:
    """Raises `InvalidCursor` for a place that cannot be."""
    if cursor is None:
        return _page(connection, question, {"index": index}, None, 0)
    if not -(2**63) <= cursor.order < 2**63:
        raise InvalidCursor
    if question.sort is not BY_SCORE:
        return _page(connection, question, {"index": index}, [cursor.order], cursor.shown)
    if cursor.snapshot:
        try:
            return _page(connection, question, _in(cursor.snapshot), [cursor.score, cursor.order], cursor.shown)
        except (SnapshotGone, IndexDamaged):  # expired; or the generation it was taken of is gone
            pass
    with connection.asking() as client:
        place = _in(client.open_point_in_time(index=index, keep_alive=KEEP_ALIVE)["id"])
    return _page(connection, question, place, _found_again(connection, question, place, cursor), cursor.shown)


def let_go(connection: Connection, page: Page) -> None:
    """What the server kept for the pages behind this one."""
    if page.last is None and "pit" in page.place:
        with connection.asking() as client:
            client.options(ignore_status=404).close_point_in_time(id=page.place["pit"]["id"])


def _in(snapshot: str) -> dict[str, Any]:
    return {"pit": {"id": snapshot, "keep_alive": KEEP_ALIVE}}


def _found_again(connection: Connection, question: Question, place: dict[str, Any], cursor: Cursor) -> list[Any]:
    """The sort values that the entry shown last has by now; those that it had, where it is gone."""
    only = {"bool": {"must": [question.query], "filter": [{"term": {"order": cursor.order}}]}}
    with connection.asking() as client:
        answer = client.search(**place, query=only, sort=question.sort, size=1, source=False, track_total_hits=False)
    hits = answer["hits"]["hits"]
    return list(hits[0]["sort"][: len(question.sort)]) if hits else [cursor.score, cursor.order]


def _page(
    connection: Connection, question: Question, place: dict[str, Any], behind: list[Any] | None, shown: int
) -> Page:
    header = {"allow_partial_search_results": False}  # a part of a total is a wrong total
    if "index" in place:
        header["index"] = place["index"]
    inside = {name: value for name, value in place.items() if name == "pit"}
    counts = {"query": question.query, "size": 0, "aggs": question.facets, "track_total_hits": True}
    listed = {
        "query": question.query,
        "sort": question.sort,
        "size": question.limit + 1,
        "_source": ["document", "parts.nth"],  # the latter says only that there are parts
        "track_total_hits": False,
    }
    if behind is not None:
        listed["search_after"] = behind
    with connection.asking() as client:
        searches: list[dict[str, Any]] = [header, counts | inside, header, listed | inside]
        answers = client.msearch(searches=searches)["responses"]
    for answer in answers:
        if "error" in answer:
            raise fault_in(answer["status"], answer)
        if not answer["_shards"]["total"]:
            raise SnapshotGone
    counted, page = answers
    hits, more = page["hits"]["hits"][: question.limit], len(page["hits"]["hits"]) > question.limit
    last = None
    if hits and more:
        values = hits[-1]["sort"][: len(question.sort)]  # in a point in time the server adds one of its own
        score = float(values[0]) if question.sort is BY_SCORE else 0.0
        last = Cursor(len(hits) + shown, score, int(values[-1]), str(page.get("pit_id", "")))
    return Page(counted["hits"]["total"]["value"], hits, counted["aggregations"], last, place)
