"""The embedded search engine and Elasticsearch answer alike: generated questions to a generated archive."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest

from domain.ports.search import Hit, Scope, SearchDocument, SearchEngine, SearchRequest
from tests.contract.search_engines import KINDS, engines
from tests.contract.search_questions import archive, questions

RECORDS = 250
QUESTIONS = 1000
ALIKE = 100
"""Questions to a round: a failure names the round, and few are asked again to find it."""


@pytest.fixture(scope="module")
def documents() -> list[SearchDocument]:
    return archive(RECORDS, seed=11)


@pytest.fixture(scope="module")
def both(
    documents: list[SearchDocument], request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, SearchEngine]]:
    """Both engines after the same batches, in which records come in pieces, twice, and are taken away again."""
    with ExitStack() as stack:
        made = {kind: stack.enter_context(engines(kind, request, tmp_path_factory))() for kind in KINDS}
        for engine in made.values():
            chance = random.Random(5)
            mixed = chance.sample(documents, len(documents))
            third = len(mixed) // 3
            engine.write(mixed[:third], (), 100)
            engine.write([*mixed[third : 2 * third], *mixed[:50]], [mixed[7].id, "r9999:1:body"], 200)
            engine.write(mixed[2 * third :], [each.id for each in mixed[:90:9]], 300)
            engine.write(mixed[7:9], (), 2 * RECORDS)
        yield made


def shown(hit: Hit) -> tuple[object, ...]:
    return hit.record, hit.revision, hit.snippets


@pytest.mark.parametrize("round_", range(QUESTIONS // ALIKE))
def test_the_same_answers(both: dict[str, SearchEngine], documents: list[SearchDocument], round_: int) -> None:
    """The same records, totals, facets and snippets with their marks, and in the same order where dates give it."""
    embedded, elastic = both["embedded"], both["elastic"]
    for question in questions(documents, ALIKE, seed=round_):
        ours, theirs = embedded.search(question), elastic.search(question)
        assert (theirs.total, dict(theirs.facets)) == (ours.total, dict(ours.facets)), question
        if question.sort == "relevance":
            everything = replace(question, limit=1000)
            found = [{(hit.record, hit.revision) for hit in each.search(everything).hits} for each in both.values()]
            assert found[0] == found[1], question
            assert len(found[0]) == ours.total, question
        else:
            assert [shown(hit) for hit in theirs.hits] == [shown(hit) for hit in ours.hits], question


def test_the_questions_are_worth_asking(both: dict[str, SearchEngine], documents: list[SearchDocument]) -> None:
    """Most of them find something, and hardly any finds everything: otherwise they would prove little."""
    totals = [both["embedded"].search(question).total for question in questions(documents, ALIKE, seed=0)]
    assert sum(total > 0 for total in totals) > ALIKE * 0.5
    assert len(set(totals)) > ALIKE * 0.2


def test_the_same_documents(both: dict[str, SearchEngine], documents: list[SearchDocument]) -> None:
    """Every record has the same documents on both, and both have come as far."""
    assert len({engine.position() for engine in both.values()}) == 1
    for record in sorted({each.record for each in documents})[::5]:
        assert both["elastic"].documents(record) == both["embedded"].documents(record)


def test_the_snippets_of_the_best_hits(both: dict[str, SearchEngine], documents: list[SearchDocument]) -> None:
    """By relevance the order may differ; what is shown under a hit does not."""
    for question in questions(documents, ALIKE, seed=99):
        if question.query:
            asked = SearchRequest(query=question.query, scope=Scope(everything=True), limit=1000)
            found = [{(h.record, h.revision): h.snippets for h in each.search(asked).hits} for each in both.values()]
            if len(found[0]) <= 50:  # the embedded engine reads the parts of so many hits at a time
                assert found[0] == found[1], question
