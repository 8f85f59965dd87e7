"""The search engine on Elasticsearch: one index, that is one generation (see `generations`).

The index is a view: losing it loses nothing. A batch is sent, made searchable, and only then is the tree size that it
leads to noted, in a document of the same index: after a crash anywhere between, the same batch is written again and
changes nothing. How two writers are kept apart, and what an older one sent from doing harm, says `position`. The scope
of whoever searches is in every query, that of totals, facets and snippets too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adapters.search.cursor import decode, encode
from adapters.search.elastic.bulk import Bulk
from adapters.search.elastic.changes import READ_AT_ONCE, changes, versions
from adapters.search.elastic.connection import Connection
from adapters.search.elastic.faults import IndexMissing, TooManyWords
from adapters.search.elastic.indices import Indices
from adapters.search.elastic.mapping import SHOWN_PARTS, unpacked
from adapters.search.elastic.paging import BY_SCORE, NEWEST, OLDEST, Page, Question, read_page
from adapters.search.elastic.position import MOST, Hold, Position, read
from adapters.search.elastic.query import Query, QueryBuilder
from adapters.search.embedded import FACET_VALUES, MOST_HITS, ranks
from adapters.search.schema import FACETS
from adapters.search.snippets import snippets
from domain.errors import InvalidQuery
from domain.ports.search import Hit, SearchDocument, SearchRequest, SearchResult
from domain.search.errors import DocumentRejected, IndexPositionAltered
from domain.text.folding import well_formed
from domain.text.query import Node, Phrase, parse, positive_phrases

_FACET_CANDIDATES = 100_000  # that each shard reports: all, so that a count is the number of records
_OUTBID = 3  # times that a batch goes in anew above versions that none of us gave
_FACETS: Mapping[str, Any] = {
    name: {"terms": {"field": name, "size": FACET_VALUES, "shard_size": _FACET_CANDIDATES}} for name in FACETS
}


class ElasticSearch:
    """Implements `domain.ports.search.SearchEngine`. Safe to share between threads."""

    def __init__(self, connection: Connection, indices: Indices, number: int | None = None) -> None:
        """The generation of that number; None is whichever serves, to read only."""
        self._connection, self._indices, self._number = connection, indices, number
        self._index = indices.alias if number is None else indices.name(number)
        self._hold = None if number is None else Hold(connection, self._index, indices.into(number))

    # ── writing ─────────────────────────────────────────────────────────────────────────────────────────────────

    def write(self, upserts: Sequence[SearchDocument], deletes: Sequence[str], position: int) -> None:
        """As the port says. Where it fails the position stays, and part of the batch may be in: write it again.

        Raises `IndexLocked` where another writer came between, and `IndexPositionAltered` where none of ours did.
        """
        hold, bulk = self._held(), Bulk(self._connection, self._indices.into(self._written()))
        claim = hold.claim()
        if upserts or deletes:
            newer = bulk.send(changes(self._connection, self._index, upserts, deletes, claim.version))
            for _ in range(_OUTBID):
                if not newer:
                    break
                claim = hold.outbid(self._highest(newer))
                newer = bulk.send(changes(self._connection, self._index, upserts, deletes, claim.version))
            if newer:
                raise DocumentRejected(min(newer), "version")
            with self._connection.working() as client:
                client.indices.refresh(index=self._index)
        hold.note(position)

    def begin(self) -> None:
        """Have the position there, where it is not yet. Waits until the index is ready."""
        self._held().begin()

    def _highest(self, ids: set[str]) -> int:
        """The highest version among these entries. Raises `DocumentRejected` for one that nothing can follow."""
        current = versions(self._connection, self._index, sorted(ids))
        for id_ in sorted(ids):
            if current.get(id_, MOST) >= MOST:  # or it was deleted by a version that is not told
                raise DocumentRejected(id_, "version")
        return max(current.values())

    def clear(self) -> None:
        """Remove it and make it again, empty."""
        number = self._written()
        serves = self._indices.serving() == number
        self._indices.remove(number)
        self._indices.create(number, serve=serves)
        self._hold = Hold(self._connection, self._index, self._indices.into(number))

    def close(self) -> None:
        """The connection belongs to whoever made it."""

    def _written(self) -> int:
        if self._number is None:
            raise IndexMissing(detail="no generation was chosen to write to")
        return self._number

    def _held(self) -> Hold:
        self._written()
        assert self._hold is not None
        return self._hold

    # ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────

    def position(self) -> int:
        """What the next `write` of this thread builds on. Raises `IndexPositionAltered`; a `write` then begins anew."""
        position = self.located()
        self.saw(position)
        if not position.sound:
            raise IndexPositionAltered
        return position.value

    def located(self) -> Position:
        """The position as it stands, known as soon as it is written, with the name of the index that it is of."""
        return read(self._connection, self._index)

    def is_of(self, index: str) -> bool:
        return self._index == index

    def saw(self, position: Position) -> None:
        if self._hold is not None:
            self._hold.saw(position)

    def documents(self, record: str) -> list[str]:
        query = {"bool": {"filter": [{"term": {"record": well_formed(record)}}]}}
        ids: list[str] = []
        behind: dict[str, Any] = {}
        while True:
            with self._connection.working() as client:
                answer = client.search(
                    index=self._index,
                    query=query,
                    sort=[{"order": "asc"}],
                    size=READ_AT_ONCE,
                    source_includes=["members"],
                    allow_partial_search_results=False,
                    **behind,
                )
            hits = answer["hits"]["hits"]
            ids += [id_ for hit in hits for id_ in hit["_source"].get("members", ())]
            if len(hits) < READ_AT_ONCE:
                return sorted(ids)
            behind = {"search_after": hits[-1]["sort"]}

    def search(self, request: SearchRequest) -> SearchResult:
        tree = parse(request.query, request.tags)
        try:
            return self._search(tree, request, QueryBuilder(request))
        except TooManyWords:  # begin, or end, like a word cut in the middle: take it as a whole word
            pass
        try:
            return self._search(tree, request, QueryBuilder(request, exact=True))
        except TooManyWords:
            raise InvalidQuery("词太多", "it has too many words") from None

    def _search(self, tree: Node, request: SearchRequest, to: QueryBuilder) -> SearchResult:
        cursor = None if request.cursor is None else decode(request.cursor, request)
        if request.sort == "relevance" and ranks(tree):
            sort = BY_SCORE
        else:
            sort = OLDEST if request.sort == "oldest" else NEWEST
        limit = min(max(request.limit, 0), MOST_HITS)
        page = read_page(self._connection, self._index, Question(to.entries(tree), sort, limit, _FACETS), cursor)
        hits = self._hits(page, positive_phrases(tree), to)
        return SearchResult(
            total=page.total,
            hits=hits,
            facets={name: _counted(page.facets[name]) for name in FACETS},
            next=None if page.next is None else encode(page.next, request),
        )

    def _hits(self, page: Page, phrases: list[Phrase], to: QueryBuilder) -> tuple[Hit, ...]:
        ids = [hit["_id"] for hit in page.hits if hit["_source"].get("parts")]
        query = to.parts(phrases) if ids else None
        parts = {} if query is None else self._parts(ids, query)
        hits = []
        for hit in page.hits:
            head = unpacked(hit["_source"]["document"])
            shown = snippets(head, parts.get(hit["_id"], ()), phrases)
            hits.append(Hit(head.record, head.revision, float(hit.get("_score") or 0.0), shown))
        return tuple(hits)

    def _parts(self, ids: list[str], query: Query) -> dict[str, list[SearchDocument]]:
        """The parts with the words that were looked for, of these entries of one page."""
        inner = {"size": SHOWN_PARTS, "sort": [{"parts.nth": "asc"}], "_source": ["parts.document"]}
        nested = {"nested": {"path": "parts", "score_mode": "none", "query": query, "inner_hits": inner}}
        with self._connection.asking() as client:
            answer = client.search(
                index=self._index,
                query={"bool": {"filter": [{"ids": {"values": ids}}, nested]}},
                size=len(ids),
                source=False,
                track_total_hits=False,
                allow_partial_search_results=False,
            )
        return {
            hit["_id"]: [unpacked(part["_source"]["document"]) for part in hit["inner_hits"]["parts"]["hits"]["hits"]]
            for hit in answer["hits"]["hits"]
        }


def _counted(facet: Mapping[str, Any]) -> tuple[tuple[str, int], ...]:
    values = ((str(bucket["key"]), int(bucket["doc_count"])) for bucket in facet["buckets"])
    return tuple(sorted(values, key=lambda value: (-value[1], value[0])))
