"""Row 8: a search as a person makes it, against the bare engine asked for the same phrase.

Ours holds the scope of the person, the total, eleven facets, the hits in order and their snippets with marks. The bare
engine finds and ranks the phrase in title and body and reads the first page of stored documents.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from time import perf_counter
from typing import Any

from tantivy import Index, Occur, Query

from adapters.home.house import House
from adapters.search.schema import TOKENS, build_schema, tokens_analyzer
from benchmarks.measure import Comparison, Result, Target, paired, percentile
from benchmarks.words import DEPARTMENTS, GIVEN, SUBJECTS, SURNAMES
from benchmarks.world import World
from domain.ports.search import Scope, SearchRequest
from domain.text.folding import fold
from domain.text.tokens import tokenize

ROW, NAME = 8, "search"
PAGE = 20
QUERIES = 60
"""In a round: phrases of two to nine characters that a person would copy or type."""

PAPERLESS_MS = 680.0
"""Mean time to the first byte of a search in paperless-ngx; measured elsewhere, so the note says so."""
_SCHEMA = build_schema()


class Bare:
    def __init__(self, house: House) -> None:
        folders = {path.parent for path in house.settings.index_folder.rglob("meta.json")}
        newest = max(folders, key=lambda folder: folder.stat().st_mtime)
        self.index = Index(_SCHEMA, str(newest))
        self.index.register_tokenizer(TOKENS, tokens_analyzer())

    def search(self, words: str) -> int:
        searcher = self.index.searcher()
        phrase = phrase_tokens(words)
        fields = [self._query(field, phrase) for field in ("title", "body")]
        query = Query.boolean_query([(Occur.Should, each) for each in fields])
        hits = searcher.search(query, PAGE).hits
        return len([bytes(searcher.doc(address).get_first("text") or b"") for _, address in hits])

    def _query(self, field: str, phrase: list[str]) -> Query:
        if len(phrase) == 1:
            return Query.term_query(_SCHEMA, field, phrase[0])
        return Query.phrase_query(_SCHEMA, field, list(phrase))


def run(world: World, records: int) -> Result:
    house = world.searchable(records)
    bare = Bare(house)
    return compare(
        records,
        world.rounds(7),
        house.engine.search,
        bare.search,
        f"the bare engine: the phrase in title and body, {PAGE} stored documents",
        {"passages": bare.index.searcher().num_docs},
    )


def compare(
    records: int,
    rounds: int,
    search: Callable[[SearchRequest], object],
    raw_search: Callable[[str], object],
    against: str,
    facts: dict[str, Any],
) -> Result:
    """Searches of both in turns; the first round is of questions that were never asked."""
    random = Random(8)
    asked = [[question(random) for _ in range(QUERIES)] for _ in range(rounds)]
    everyone, one_school = Scope(everything=True), Scope(organisations=frozenset({"school-0001"}))
    taken: dict[str, list[list[float]]] = {"all": [], "school": [], "bare": []}

    def ours(which: str, scope: Scope, n: int) -> float:
        taken[which].append([milliseconds(search, SearchRequest(query=q, limit=PAGE, scope=scope)) for q in asked[n]])
        return percentile(taken[which][-1], 0.95)

    def raw(n: int) -> float:
        taken["bare"].append([milliseconds(raw_search, q) for q in asked[n]])
        return percentile(taken["bare"][-1], 0.95)

    all95, school95, bare95 = paired(
        rounds, lambda n: ours("all", everyone, n), lambda n: ours("school", one_school, n), raw
    )
    all50, bare50 = ([percentile(each, 0.5) for each in taken[which]] for which in ("all", "bare"))
    known = "paperless-ngx, mean time to first byte (known figure, another machine)"
    target = Target("at most", 1.5, 5)
    return Result(
        ROW,
        NAME,
        records,
        [
            Comparison("search p95, with total, facets and snippets", against, "ms", all95, bare95, target),
            Comparison("search p50, with total, facets and snippets", against, "ms", all50, bare50),
            Comparison("search p95 of a person who may see one school", against, "ms", school95, bare95, target),
            Comparison("search p95", known, "ms", all95, [PAPERLESS_MS] * rounds, Target("at most", 0.05)),
        ],
        facts,
    )


def phrase_tokens(words: str) -> list[str]:
    """A run's last character stands alone behind it, for prefixes: inside a phrase it is no token of the text."""
    tokens = tokenize(fold(words).text)
    return tokens[:-1] if len(tokens) > 1 else tokens


def question(random: Random) -> str:
    """As people ask: a subject, an office's name with what it did, a sentence's beginning."""
    kind = random.random()
    if kind < 0.4:
        return random.choice(SUBJECTS)
    if kind < 0.6:
        return random.choice(SUBJECTS)[:2]
    if kind < 0.8:
        return f"{random.choice(DEPARTMENTS)}到现场查看"
    return f"{random.choice(SURNAMES)}{random.choice(GIVEN)}"


def milliseconds(work: Callable[[Any], object], question: object) -> float:
    start = perf_counter()
    work(question)
    return 1000 * (perf_counter() - start)
