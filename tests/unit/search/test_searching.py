"""Searching as one person: their scope is part of the question, and what the index says too much is left out."""

from __future__ import annotations

from domain.access import scope
from domain.ports.search import Hit, SearchRequest, SearchResult
from domain.search.searching import Searching
from tests.fakes import School, lecture
from tests.ledger_fakes import MemoryLedger


class Engine:
    """Answers what it is told to, and remembers what it was asked."""

    def __init__(self, *records: str) -> None:
        self.asked: list[SearchRequest] = []
        hits = tuple(Hit(record, 1, 1.0, ()) for record in records)
        facets = {"person": (("张敏", 2), ("p-1", 2)), "form": (("党课", 2),)}
        self.result = SearchResult(len(records), hits, facets, "next")

    def search(self, request: SearchRequest) -> SearchResult:
        self.asked.append(request)
        return self.result

    def position(self) -> int:
        return 4


def test_everybody_searches_their_own_scope() -> None:
    """Whatever scope was asked for; what was erased since is not shown, and people are counted by name."""
    school = School()
    ledger, clerk = MemoryLedger(school), school.actor("clerk")
    kept, gone = (
        school.archive.file(clerk, lecture(title=title), [school.file(title.encode())]).record for title in ("一", "二")
    )
    school.erasing.propose(school.actor("secretary"), gone.code, "privacy", "教党〔2024〕7号")
    school.erasing.approve(school.actor("admin"), gone.code)
    engine = Engine(str(kept.id), str(gone.id))
    everything = scope(school.actor("admin"), "2023-05-04")
    size = ledger.integrate()
    answer = Searching(engine=engine, archive=school.archive, ledger=ledger).search(
        clerk, SearchRequest("党课", scope=everything)
    )
    assert [request.scope for request in engine.asked] == [scope(clerk, "2023-05-04")] != [everything]
    assert [(each.hit.record, each.shown.code) for each in answer.hits] == [(str(kept.id), kept.code)]
    assert answer.facets == {"person": [("张敏", 2)], "form": [("党课", 2)]}
    assert (answer.total, answer.next, answer.behind) == (2, "next", size - 4)


def test_an_index_that_is_ahead_is_not_behind() -> None:
    """The index may have taken in what was integrated while the question was asked."""
    school = School()
    found = Searching(engine=Engine(), archive=school.archive, ledger=MemoryLedger(school))
    assert found.search(school.actor("clerk"), SearchRequest()).behind == 0
