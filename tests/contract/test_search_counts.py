"""What every search engine counts, beside its main suite: what is due, and that counts are of this moment."""

from __future__ import annotations

from collections import Counter

import pytest

from domain.errors import InvalidCursor, InvalidQuery
from domain.ports.search import Scope, SearchEngine
from tests.contract import search_engines
from tests.contract.search_corpus import document
from tests.contract.search_engines import ask, found

new_engine, engine = search_engines.new_engine, search_engines.engine


def test_what_is_due(engine: SearchEngine) -> None:
    """Before a day, that day excluded; what has no deadline, or is closed, is never due."""
    days = {"r1": "2023-06-01", "r2": "2023-06-02", "r3": ""}
    engine.write([document(record, "整改", due=due) for record, due in days.items()], [], 1)
    assert found(engine, due_before="2023-06-02") == {"r1"}
    assert found(engine, due_before="2999-01-01") == {"r1", "r2"}
    assert found(engine, due_before="0001-01-01") == set()
    first = ask(engine, due_before="2999-01-01", limit=1, sort="oldest")
    assert (first.total, first.next is not None) == (2, True)
    with pytest.raises(InvalidCursor):
        ask(engine, due_before="2023-06-02", limit=1, sort="oldest", cursor=first.next)
    with pytest.raises(InvalidQuery):
        ask(engine, due_before="soon")


def test_counts_are_those_of_the_index_now(engine: SearchEngine) -> None:
    """The same search again, after another batch and for another person, counts what is there and may be seen."""
    engine.write([document("r1", "会议", form="党课")], (), 1)
    for nth in range(2, 5):
        for _ in range(2):
            result = ask(engine, "会议")
            assert (result.total, result.facets["form"]) == (nth - 1, (("党课", nth - 1),))
            assert ask(engine, "会议", scope=Scope(organisations=frozenset({"elsewhere"}))).facets["form"] == ()
            assert ask(engine, "会议", filters={"form": ("座谈",)}).total == 0
            assert ask(engine, "会议", as_of=0).total == 0
        engine.write([document(f"r{nth}", "会议", form="党课")], (), nth)


def test_counts_are_exact_however_many_values_there_are(engine: SearchEngine) -> None:
    """Thousands of names, none of them frequent in every batch: each count is that of the records."""
    count: Counter[str] = Counter()
    for batch in range(4):
        documents = []
        for nth in range(500):
            names = (f"甲{(nth * (batch + 1)) % 900:04}", f"乙{batch:02}{nth:04}")
            count.update(names)
            documents.append(document(f"r{batch}-{nth}", "会议", people=names))
        engine.write(documents, (), batch + 1)
    facet = ask(engine, "会议").facets["person"]
    assert facet == tuple(sorted(count.items(), key=lambda value: (-value[1], value[0]))[: len(facet)])
    assert len(facet) == 50
