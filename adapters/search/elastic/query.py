"""From our query tree, a scope and filters to the server's queries.

Every query built here selects entries, that is revisions (see `mapping`). A phrase selects those that hold it in their
own words or in a part, so the words of a query may be found in different files of a record, and ``-word`` means that no
file of the record has it. Parts are looked up inside the scope: nobody learns of a file that he may not see.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from adapters.search.schema import FACETS, facet_value, filer
from adapters.search.translate import PART_SCORE, TITLE_BOOST, WORD_REST, day_limit
from domain.errors import InvalidQuery
from domain.ports.search import Scope, SearchRequest
from domain.text.query import And, Everything, Node, Not, Nothing, Or, Phrase, Tag

Query = dict[str, Any]
EVERYTHING: Query = {"match_all": {}}
NOTHING: Query = {"match_none": {}}
PARTS = "parts."


class QueryBuilder:
    """For one request: its scope and its point of time are in everything that is built.

    ``exact`` gives up words cut in the middle: for the rare query whose beginnings of words are too many.
    """

    def __init__(self, request: SearchRequest, *, exact: bool = False) -> None:
        self._exact = exact
        self._entries = [*_visible(request, ""), *_filters(request)]
        self._parts = _visible(request, PARTS)

    def entries(self, tree: Node) -> Query:
        """All that the request asks for, with scores by its text alone."""
        if isinstance(tree, Everything):
            return {"bool": {"filter": self._entries}}
        return {"bool": {"must": [self._tree(tree)], "filter": self._entries}}

    def parts(self, phrases: Sequence[Phrase]) -> Query | None:
        """The parts, inside their entries, that hold one of the phrases; None where no part can."""
        texts = [_in_part(phrase, self._exact) for phrase in phrases if phrase.where != "title"]
        return _all([any_of(texts), *self._parts]) if texts else None

    def _tree(self, tree: Node) -> Query:
        match tree:
            case Phrase():
                return self._phrase(tree)
            case Tag():
                return {"constant_score": {"filter": _tag(tree.name, (tree.value,))}}
            case Or(parts):
                return any_of([self._tree(part) for part in parts])
            case And(parts):
                wanted = [self._tree(part) for part in parts if not isinstance(part, Not)]
                unwanted = [self._tree(part.part) for part in parts if isinstance(part, Not)]
                return {"bool": {"must": wanted, "must_not": unwanted}}
            case Not(part):
                return {"bool": {"must_not": [self._tree(part)]}}
            case Everything():
                return EVERYTHING
            case Nothing():
                return NOTHING

    def _phrase(self, phrase: Phrase) -> Query:
        title = {"bool": {"must": [text("title", phrase, self._exact)], "boost": TITLE_BOOST}}
        if phrase.where == "title":
            return title
        own = text("body", phrase, self._exact)
        if phrase.where is None:
            choices = [title, own]
        elif phrase.where == "file":
            choices = [{"bool": {"must": [own], "filter": [{"term": {"kind": "file"}}]}}]
        else:
            choices = [{"bool": {"must": [own], "must_not": [{"term": {"kind": "file"}}]}}]
        inside = {"path": "parts", "score_mode": "none", "query": _all([_in_part(phrase, self._exact), *self._parts])}
        return any_of([*choices, {"constant_score": {"filter": {"nested": inside}, "boost": PART_SCORE}}])


# ── text ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def text(field: str, phrase: Phrase, exact: bool) -> Query:
    """A phrase in one field: its tokens, ready made, at consecutive positions."""
    tokens = phrase.tokens
    if len(tokens) == 1:
        whole: Query = {"term": {field: tokens[0]}}
        return any_of([whole, {"prefix": {field: tokens[0]}}]) if phrase.open_end else whole
    whole = {"match_phrase": {field: " ".join(tokens)}}
    if exact or not (phrase.open_start or phrase.open_end):
        return whole
    # Whole words score as they do, words only begun or ended by what little the intervals give.
    return any_of([whole, {"intervals": {field: _intervals(phrase, tokens)}}])


def _intervals(phrase: Phrase, tokens: tuple[str, ...]) -> Query:
    first, last = int(phrase.open_start), len(tokens) - int(phrase.open_end)
    steps: list[Query] = []
    if phrase.open_start:
        steps.append({"regexp": {"pattern": WORD_REST + tokens[0]}})
    if first < last:
        steps.append({"match": {"query": " ".join(tokens[first:last]), "ordered": True, "max_gaps": 0}})
    if phrase.open_end:
        steps.append({"prefix": {"prefix": tokens[-1]}})
    return {"all_of": {"intervals": steps, "ordered": True, "max_gaps": 0}}


def _in_part(phrase: Phrase, exact: bool) -> Query:
    query = text("parts.tokens", phrase, exact)
    return query if phrase.where is None else _all([query, {"term": {"parts.kind": phrase.where}}])


# ── limits ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _visible(request: SearchRequest, at: str) -> list[Query]:
    """What may be seen of entries, or of the parts in them: the current ones in scope, or those of the tree size."""
    size = request.as_of
    if size is None:
        return [{"term": {f"{at}live": True}}, *_scope(request.scope, at)]
    if not 0 < size < 2**63:
        return [NOTHING]
    # The leaf that made it lies below the size, the one that ended it does not.
    stood = [{"range": {f"{at}from_leaf": {"lt": size}}}, {"range": {f"{at}until_leaf": {"gte": size}}}]
    return [*stood, *_scope(request.scope, at)]


def _scope(scope: Scope, at: str) -> list[Query]:
    if scope.everything:
        return []
    if not scope.organisations:
        return [NOTHING]
    readable: list[Query] = [{"term": {f"{at}confidential": False}}]
    if scope.confidential:
        readable.append(_among(f"{at}below", scope.confidential))
    readers = [] if scope.person is None else [facet_value(scope.person)]
    if scope.username:
        readers.append(filer(scope.username))
    if readers:
        readable.append({"terms": {f"{at}reader": readers}})
    return [_among(f"{at}below", scope.organisations), any_of(readable)]


def _filters(request: SearchRequest) -> list[Query]:
    limits = [_tag(name, values) for name, values in request.filters.items() if values]
    for field, first, last in (
        ("occurred", request.occurred_from, request.occurred_to),
        ("recorded", request.recorded_from, request.recorded_to),
    ):
        ends = {"gte": day_limit(first, f"{field}_from"), "lte": day_limit(last, f"{field}_to")}
        if any(ends.values()):
            limits.append({"range": {field: {end: day for end, day in ends.items() if day is not None}}})
    if due := day_limit(request.due_before, "due_before"):
        limits.append({"range": {"due": {"gte": 1, "lt": due}}})
    return limits


def _tag(name: str, values: Iterable[str]) -> Query:
    if name not in FACETS:
        raise InvalidQuery(f"没有“{name}”这个筛选项", f"there is no filter {name!r}", field=name)
    return _among("below" if name == "organisation" else name, values)


def _among(field: str, values: Iterable[str]) -> Query:
    return {"terms": {field: sorted({facet_value(value) for value in values})}}


def _all(queries: list[Query]) -> Query:
    return queries[0] if len(queries) == 1 else {"bool": {"filter": queries}}


def any_of(queries: list[Query]) -> Query:
    """One of these at least; there is one to begin with."""
    return queries[0] if len(queries) == 1 else {"bool": {"should": queries, "minimum_should_match": 1}}
