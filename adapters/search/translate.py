"""From our query tree, a scope and filters to the embedded engine's queries.

Every query built here selects *heads* (see `schema`). A phrase selects the heads that hold it and the heads of the
parts that hold it, so the words of a query may be found in different files of a record, and ``-word`` means that no
file of the record has it. Parts are looked up inside the scope: nobody learns of a file that he may not see.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tantivy import FieldType, Occur, Query, Schema, Searcher

from adapters.search.schema import FACETS, day_number, facet_value, filer
from domain.errors import InvalidQuery
from domain.ports.search import Scope, SearchRequest
from domain.text.query import And, Everything, Node, Not, Nothing, Or, Phrase, Tag, TextField

MUST, SHOULD, MUST_NOT = Occur.Must, Occur.Should, Occur.MustNot
TITLE_BOOST = 3.0
PART_SCORE = 1.0  # of a record found only in its files: about what one rare word in the text gives
WORD_REST = "[0-9a-z\u00df-\u052f]*"  # what may stand before the rest of a word; no Han, so few terms are walked
_ENOUGH_FOR_A_SET = 16  # terms: fewer are quicker as a list of alternatives


class Translator:
    """For one search: one searcher (a snapshot), one scope, one point of time.

    ``exact`` gives up words cut in the middle: for the rare query whose beginnings of words are too many.
    """

    def __init__(self, schema: Schema, searcher: Searcher, request: SearchRequest, *, exact: bool = False) -> None:
        self._schema = schema
        self._searcher = searcher
        self._exact = exact
        now = request.as_of is None
        in_scope = self._scope(request.scope)
        as_it_stood = [] if request.as_of is None else self._as_of(request.as_of)
        self._visible = [*([self._term("live", True)] if now else as_it_stood), *in_scope]
        # "current" says head and live in one term: each term of the limits is read for every match
        self._visible_heads = [
            *([self._term("current", True)] if now else [self._term("head", True), *as_it_stood]),
            *in_scope,
        ]
        self._parts = searcher.doc_freq("head", False)
        self._holding: dict[Phrase, list[int]] = {}

    # ── heads ───────────────────────────────────────────────────────────────────────────────────────────────────

    def heads(self, tree: Node, request: SearchRequest) -> Query:
        """The heads of all that the request asks for, with scores by its text alone."""
        limits = _all([*self._visible_heads, *self._filters(request)])
        return _unscored(limits) if isinstance(tree, Everything) else limited(self._tree(tree), limits)

    def _tree(self, tree: Node) -> Query:
        match tree:
            case Phrase():
                return self._phrase(tree)
            case Tag():
                return Query.const_score_query(self._tag(tree.name, (tree.value,)), 1.0)
            case Or(parts):
                return _any([self._tree(part) for part in parts])
            case And(parts):
                wanted = [(MUST, self._tree(part)) for part in parts if not isinstance(part, Not)]
                unwanted = [(MUST_NOT, self._tree(part.part)) for part in parts if isinstance(part, Not)]
                return Query.boolean_query([*(wanted or [(MUST, self._everything())]), *unwanted])
            case Not(part):
                return Query.boolean_query([(MUST, self._everything()), (MUST_NOT, self._tree(part))])
            case Everything():
                return self._everything()
            case Nothing():
                return Query.empty_query()

    def _phrase(self, phrase: Phrase) -> Query:
        title = Query.boost_query(self.text("title", phrase), TITLE_BOOST)
        body = self.text("body", phrase)
        if phrase.where == "title":
            return title
        if phrase.where == "file":
            choices = [_all([body, self._term("kind", "file")])]
        elif phrase.where == "body":
            choices = [Query.boolean_query([(MUST, body), (MUST_NOT, self._term("kind", "file"))])]
        else:
            choices = [title, body]
        revisions = self._revisions(phrase)
        if revisions:
            in_parts = Query.term_set_query(self._schema, "revision_no", revisions)
            choices.append(Query.const_score_query(in_parts, PART_SCORE))
        return _any(choices)

    def _everything(self) -> Query:
        return _unscored(self._term("head", True))

    # ── parts ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _revisions(self, phrase: Phrase) -> list[int]:
        """Numbers of the revisions with a part that holds the phrase."""
        if not self._parts or phrase.where == "title":
            return []
        if phrase not in self._holding:
            query = _unscored(_all([self._in_part(phrase), *self._visible]))
            hits = self._searcher.search(query, limit=self._parts, count=False).hits
            numbers = self._searcher.fast_field_values("revision_no", [address for _, address in hits])
            self._holding[phrase] = sorted({int(number) for number in numbers if number is not None})
        return self._holding[phrase]

    def _in_part(self, phrase: Phrase) -> Query:
        query = self.text("part", phrase)
        kinds: Mapping[TextField, str] = {"body": "body", "file": "file"}
        return query if phrase.where is None else _all([query, self._term("kind", kinds[phrase.where])])

    def parts_of(self, revisions: Iterable[int], phrases: Iterable[Phrase]) -> Query | None:
        """The parts of these revisions that hold one of the phrases; None where there are none."""
        texts = [self._in_part(phrase) for phrase in phrases if phrase.where != "title" and self._revisions(phrase)]
        if not texts:
            return None
        numbers = [self._term("revision_no", number) for number in revisions]
        return _all([_any(texts), _unscored(_all([_any(numbers), *self._visible]))])

    # ── text ────────────────────────────────────────────────────────────────────────────────────────────────────

    def text(self, field: str, phrase: Phrase) -> Query:
        """A phrase in one field. Tokens hold nothing but letters, digits, Han and the break: no escapes needed."""
        tokens = list(phrase.tokens)
        last = tokens[-1] + (".?" if phrase.runs[-1].kind == "han" else ".*")
        if len(tokens) == 1:
            if not phrase.open_end:
                return self._term(field, tokens[0])
            return _any([self._term(field, tokens[0]), Query.regex_query(self._schema, field, last)])
        if self._exact or not (phrase.open_start or phrase.open_end):
            return Query.phrase_query(self._schema, field, list(tokens))
        patterns = [
            (WORD_REST if phrase.open_start else "") + tokens[0],
            *tokens[1:-1],
            last if phrase.open_end else tokens[-1],
        ]
        return Query.regex_phrase_query(self._schema, field, list(patterns))

    # ── limits ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _as_of(self, tree_size: int) -> list[Query]:
        """Current at this tree size: ``from_leaf < n <= until_leaf``."""
        if not 0 < tree_size < 2**63:
            return [Query.empty_query()]
        return [self._range("from_leaf", None, tree_size - 1), self._range("until_leaf", tree_size, None)]

    def _scope(self, scope: Scope) -> list[Query]:
        if scope.everything:
            return []
        if not scope.organisations:
            return [Query.empty_query()]
        readable = [self._term("confidential", False)]
        if scope.confidential:
            readable.append(self._among("below", scope.confidential))
        if scope.person is not None:
            readable.append(self._term("reader", facet_value(scope.person)))
        if scope.username:
            readable.append(self._term("reader", filer(scope.username)))
        return [self._among("below", scope.organisations), _any(readable)]

    def _filters(self, request: SearchRequest) -> list[Query]:
        limits = [self._tag(name, values) for name, values in request.filters.items() if values]
        for field, first, last in (
            ("occurred", request.occurred_from, request.occurred_to),
            ("recorded", request.recorded_from, request.recorded_to),
        ):
            if first or last:
                limits.append(self._range(field, day_limit(first, f"{field}_from"), day_limit(last, f"{field}_to")))
        if due := day_limit(request.due_before, "due_before"):
            limits.append(self._range("due", 1, due - 1))
        return limits

    def _tag(self, name: str, values: Iterable[str]) -> Query:
        if name not in FACETS:
            raise InvalidQuery(f"没有“{name}”这个筛选项", f"there is no filter {name!r}", field=name)
        return self._among("below" if name == "organisation" else name, values)

    def _among(self, field: str, values: Iterable[str]) -> Query:
        wanted = sorted({facet_value(value) for value in values})
        if len(wanted) > _ENOUGH_FOR_A_SET:
            return Query.term_set_query(self._schema, field, wanted)
        return _any([self._term(field, value) for value in wanted])

    def _term(self, field: str, value: str | int | bool) -> Query:
        return Query.term_query(self._schema, field, value)

    def _range(self, field: str, lowest: int | None, highest: int | None) -> Query:
        return Query.range_query(self._schema, field, FieldType.Unsigned, lowest, highest)

    def but(self, query: Query, revisions: Sequence[int]) -> Query:
        """Without the heads of the revisions with these numbers; the scores stay as they are."""
        if not revisions:
            return query
        shown = Query.term_set_query(self._schema, "revision_no", list(revisions))
        return Query.boolean_query([(MUST, query), (MUST_NOT, shown)])

    def behind(self, order: int, *, descending: bool) -> Query:
        """What comes after the head with this order key."""
        return self._range("order", None, order - 1) if descending else self._range("order", order + 1, None)


def day_limit(day: str | None, field: str) -> int | None:
    """An end of a range of dates as a number, None for an open end. Raises `InvalidQuery`."""
    if not day:
        return None
    if not (number := day_number(day)):
        raise InvalidQuery(f"“{day}”不是日期", f"{day!r} is not a date", field=field)
    return number


def _all(queries: list[Query]) -> Query:
    return queries[0] if len(queries) == 1 else Query.boolean_query([(MUST, query) for query in queries])


def _any(queries: list[Query]) -> Query:
    return queries[0] if len(queries) == 1 else Query.boolean_query([(SHOULD, query) for query in queries])


def _unscored(query: Query) -> Query:
    return Query.const_score_query(query, 0.0)


def limited(query: Query, limit: Query) -> Query:
    """What fits both; the score is that of ``query`` alone."""
    return _all([query, _unscored(limit)])
