"""What every search engine keeps from whom, beside its main suite: nothing outside a scope shows, by no way."""

from __future__ import annotations

import pytest

from domain.ports.search import Scope, SearchEngine
from tests.contract import search_engines
from tests.contract.search_corpus import document
from tests.contract.search_engines import NewEngine, ask, found

new_engine = search_engines.new_engine


@pytest.fixture(scope="module")
def guarded(new_engine: NewEngine) -> SearchEngine:
    """Open and confidential records in two schools."""
    other = {"organisation": "school-02", "organisation_path": ("bureau", "school-02")}
    engine = new_engine()
    engine.write(
        [
            document("open-1", "剖析", people=("甲",)),
            document("open-2", "剖析", people=("乙",), **other),
            document(
                "secret-1", "剖析", confidential=True, readers=("p1",), filed_by="clerk", form="述职", people=("丙",)
            ),
            document("secret-2", "剖析", confidential=True, readers=("p2",), form="对照", **other),
            document("mixed", "平常"),
            document("mixed", "剖析", source="file:0", source_name="x.txt", confidential=True, readers=("p1",)),
        ],
        (),
        5,
    )
    return engine


ONE, TWO = frozenset({"school-01"}), frozenset({"school-02"})


@pytest.mark.parametrize(
    ("scope", "records"),
    [
        (Scope(), set()),
        (Scope(organisations=ONE), {"open-1"}),
        (Scope(organisations=frozenset({"bureau"})), {"open-1", "open-2"}),
        (Scope(organisations=ONE, confidential=ONE), {"open-1", "secret-1", "mixed"}),
        (Scope(organisations=ONE | TWO, confidential=TWO), {"open-1", "open-2", "secret-2"}),
        (Scope(organisations=ONE, confidential=TWO), {"open-1"}),
        (Scope(organisations=ONE, person="p1"), {"open-1", "secret-1", "mixed"}),
        (Scope(organisations=ONE, username="clerk"), {"open-1", "secret-1"}),
        (Scope(organisations=TWO, username="clerk"), {"open-2"}),
        (Scope(organisations=ONE, username="p1"), {"open-1"}),
        (Scope(organisations=ONE, username=""), {"open-1"}),
        (Scope(organisations=TWO, person="p1"), {"open-2"}),
        (Scope(person="p1"), set()),
        (Scope(everything=True), {"open-1", "open-2", "secret-1", "secret-2", "mixed"}),
    ],
)
def test_nothing_outside_the_scope_shows(guarded: SearchEngine, scope: Scope, records: set[str]) -> None:
    """Neither as a hit, nor in the total, nor in a facet, nor in a snippet, nor by its absence."""
    result = ask(guarded, "剖析", scope=scope)
    assert {hit.record for hit in result.hits} == records
    assert result.total == len(records)
    assert sum(count for _, count in result.facets["status"]) == len(records)
    forms = {"secret-1": "述职", "secret-2": "对照"}
    assert {form for form, _ in result.facets["form"]} == {forms.get(record, "党课") for record in records}
    assert ("mixed" in found(guarded, "平常 -剖析", scope=scope)) == (
        "mixed" not in records and bool(scope.organisations & ONE or "bureau" in scope.organisations)
    )
    for hit in ask(guarded, "平常 OR 剖析", scope=scope).hits:
        assert hit.record in records or not any("剖析" in snippet.text for snippet in hit.snippets)
