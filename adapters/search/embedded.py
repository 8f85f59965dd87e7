"""The embedded search engine: `tantivy` in a folder of its own, written by one process and read by all.

The index is a view: losing it loses nothing. A batch and the tree size it leads to are one commit, so after a crash
the indexer goes on exactly behind what the index holds. The writer's lock (the engine's own, on a file in the
folder) is taken with the first write and kept until ``close``; readers see each commit with their next search.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from pathlib import Path

from tantivy import DocAddress, Document, Index, IndexWriter, Order, Query, Searcher

from adapters.search.cursor import Cursor, dated_next, decode, encode, ranked_next
from adapters.search.faults import index_faults
from adapters.search.revisions import plan
from adapters.search.schema import (
    FACETS,
    FORMAT,
    TOKENS,
    build_schema,
    from_engine,
    revision_no,
    tokens_analyzer,
)
from adapters.search.snapshot import Facets, Snapshot, limits
from adapters.search.snippets import snippets
from adapters.search.translate import Translator, limited
from domain.ports.search import Hit, SearchDocument, SearchRequest, SearchResult
from domain.text.query import Node, Phrase, Tag, parse, positive_phrases

WRITER_MEMORY = 64 * 1024 * 1024  # bytes of postings collected before the engine writes a segment
MOST_HITS = 1000  # in one page
FEW_DOCUMENTS = 256  # that a record has, as a rule, in all its revisions
FACET_VALUES = 50  # of each facet, the most frequent ones
_FACET_CANDIDATES = 1_000_000  # that each segment reports: all, so that a count is the number of records
_MOST_PARTS = 300  # read for the snippets of one page
SEGMENTS = "meta.json"  # the engine's own file; each commit replaces it
POSITION = "@position"  # id of the one document that is no document: it holds the position
NOTHING = "@nothing"  # id of none

Hits = list[tuple[float, DocAddress]]


class EmbeddedSearch:
    """Implements `domain.ports.search.SearchEngine`. Safe to share between threads."""

    def __init__(self, folder: Path) -> None:
        """Opens the index in ``folder``, or begins one. Raises `IndexDamaged`."""
        self._folder = folder / FORMAT
        self._schema = build_schema()
        self._lock = threading.Lock()  # guards _writer and everything it does
        self._writer: IndexWriter | None = None
        self._reading = threading.Lock()  # guards _seen
        self._seen: Snapshot | None = None
        with index_faults():
            self._folder.mkdir(parents=True, exist_ok=True)
            self._index = Index(self._schema, str(self._folder))
            self._index.register_tokenizer(TOKENS, tokens_analyzer())
            self._index.config_reader("manual")

    # ── writing ─────────────────────────────────────────────────────────────────────────────────────────────────

    def write(self, upserts: Sequence[SearchDocument], deletes: Sequence[str], position: int) -> None:
        """As the port says. Raises `IndexLocked` where another process writes; a failed batch leaves no trace."""
        with self._lock, index_faults():
            writer = self._open_writer()
            committed = False
            try:
                changes = plan(self._searcher(), self._schema, upserts, deletes)
                for id_ in (*changes.removed, POSITION):
                    writer.delete_documents_by_term("id", id_)
                for document in changes.added(self._schema):
                    writer.add_document(document)
                writer.add_document(self._position_document(position))
                writer.commit()
                committed = True
            finally:
                if not committed:
                    self._writer = None  # whatever it had collected goes with it

    def clear(self) -> None:
        """Empty it, position and all, in one commit."""
        with self._lock, index_faults():
            writer = self._open_writer()
            writer.delete_all_documents()
            writer.commit()
            writer.garbage_collect_files()

    def close(self) -> None:
        """Let go of the writer's lock, after merges under way have ended."""
        with self._lock, index_faults():
            if self._writer is not None:
                writer, self._writer = self._writer, None
                writer.wait_merging_threads()

    def _open_writer(self) -> IndexWriter:
        """The engine numbers a writer's operations on from the number of the last commit, which it gives to the first
        one again. A merge that a killed process left undone takes a deletion of that number for one that the segments
        changed by that commit have seen already, and what was to go is there again. So the first deletes nothing.
        """
        if self._writer is None:
            writer = self._index.writer(WRITER_MEMORY, 1)
            writer.delete_documents_by_term("id", NOTHING)
            self._writer = writer
        return self._writer

    def _position_document(self, position: int) -> Document:
        return Document.from_dict({"id": POSITION, "meta": json.dumps(position).encode()}, self._schema)

    # ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────

    def position(self) -> int:
        with index_faults():
            searcher = self._searcher()
            hits = searcher.search(Query.term_query(self._schema, "id", POSITION), 1).hits
            return int(json.loads(bytes(searcher.doc(hits[0][1]).get_first("meta") or b"0"))) if hits else 0

    def documents(self, record: str) -> list[str]:
        with index_faults():
            searcher = self._searcher()
            query = Query.term_query(self._schema, "record", record)
            # Room for the hits is taken before they are counted: a record with few documents must not ask for many.
            room = FEW_DOCUMENTS
            while len(hits := searcher.search(query, room).hits) == room:
                room *= 8
            return sorted(from_engine(searcher.doc(address)).id for _, address in hits)

    def search(self, request: SearchRequest) -> SearchResult:
        tree = parse(request.query, request.tags)
        with index_faults():
            snapshot = self._snapshot()
            try:
                return self._search(snapshot, tree, request, exact=False)
            except ValueError:  # too many words begin, or end, like a word cut in the middle: take it as a whole word
                return self._search(snapshot, tree, request, exact=True)

    def _searcher(self) -> Searcher:
        return self._snapshot().searcher

    def _snapshot(self) -> Snapshot:
        """The last commit, whoever made it. Only inside `index_faults`.

        A commit puts another file in the place of the one that names the segments; while it is the same there is
        nothing to read again, which would take as long as a search.
        """
        with self._reading:
            about = (self._folder / SEGMENTS).stat()
            commit = about.st_ino, about.st_mtime_ns, about.st_size
            if self._seen is None or self._seen.commit != commit:
                self._index.reload()
                # The file was looked at before, so a commit made meanwhile is another one the next time.
                self._seen = Snapshot(commit, self._index.searcher())
            return self._seen

    def _search(self, snapshot: Snapshot, tree: Node, request: SearchRequest, *, exact: bool) -> SearchResult:
        searcher = snapshot.searcher
        to = Translator(self._schema, searcher, request, exact=exact)
        query = to.heads(tree, request)
        cursor = None if request.cursor is None else decode(request.cursor, request)
        limit = min(max(request.limit, 0), MOST_HITS)
        facets = snapshot.counted((exact, *limits(request)), lambda: self._facets(searcher, query))
        total = sum(count for _, count in facets["late"])  # each head has this value exactly once: counted in one go
        ranked = request.sort == "relevance" and ranks(tree) and (cursor is None or cursor.behind is None)
        if cursor is not None:
            query = to.but(query, cursor.shown)
        if ranked:
            hits = searcher.search(query, limit + 1, count=False).hits
        else:
            hits = self._by_date(searcher, query, limit, cursor, to, descending=request.sort != "oldest")
        page, more = hits[:limit], len(hits) > limit
        behind = None
        if page and more:
            shown = self._numbers(searcher, page, "revision_no" if ranked else "order")
            behind = ranked_next(cursor, shown) if ranked else dated_next(cursor, shown[-1])
        return SearchResult(
            total=total,
            hits=self._hits(searcher, page, positive_phrases(tree), to),
            facets=dict(facets),
            next=None if behind is None else encode(behind, request),
        )

    def _by_date(
        self, searcher: Searcher, query: Query, limit: int, cursor: Cursor | None, to: Translator, *, descending: bool
    ) -> Hits:
        """The order key is unique, so a page goes on exactly behind the last, whatever was written meanwhile."""
        if cursor is not None and cursor.behind is not None:
            query = limited(query, to.behind(cursor.behind, descending=descending))
        order = Order.Desc if descending else Order.Asc
        hits = searcher.search(query, limit + 1, count=False, order_by_field="order", order=order).hits
        return [(0.0, address) for _, address in hits]

    def _numbers(self, searcher: Searcher, hits: Hits, field: str) -> list[int]:
        values = searcher.fast_field_values(field, [address for _, address in hits])
        return [int(value or 0) for value in values]

    def _facets(self, searcher: Searcher, query: Query) -> Facets:
        wanted = {
            name: {"terms": {"field": name, "size": FACET_VALUES, "segment_size": _FACET_CANDIDATES}} for name in FACETS
        }
        counted = searcher.aggregate(query, wanted)
        return {
            name: tuple(
                sorted(
                    ((str(bucket["key"]), int(bucket["doc_count"])) for bucket in counted[name]["buckets"]),
                    key=lambda value: (-value[1], value[0]),
                )
            )
            for name in FACETS
        }

    def _hits(self, searcher: Searcher, page: Hits, phrases: list[Phrase], to: Translator) -> tuple[Hit, ...]:
        heads = [(score, from_engine(searcher.doc(address))) for score, address in page]
        numbers = [revision_no(head.record, head.revision) for _, head in heads]
        parts: dict[int, list[SearchDocument]] = {}
        query = to.parts_of(numbers, phrases) if numbers else None
        if query is not None:
            for _, address in searcher.search(query, _MOST_PARTS, count=False).hits:
                part = from_engine(searcher.doc(address))
                parts.setdefault(revision_no(part.record, part.revision), []).append(part)
        return tuple(
            Hit(head.record, head.revision, score, snippets(head, parts.get(number, ()), phrases))
            for (score, head), number in zip(heads, numbers, strict=True)
        )


def ranks(tree: Node) -> bool:
    """Whether matches differ in score: where they do not, the newest come first."""
    if isinstance(tree, Phrase):
        return len(tree.tokens) > 1 or not tree.open_end
    return not isinstance(tree, Tag) and bool(positive_phrases(tree))
