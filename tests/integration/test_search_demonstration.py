"""The demonstration archive searched in both engines by the people of the demonstration: they get the same answers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

import pytest

from adapters.home.house import House, open_archive
from adapters.queue.text_queue import TextQueue
from adapters.work.log import SQLiteWorkLog
from domain.access import Actor
from domain.ports.search import SearchRequest
from domain.search.searching import Found, Results, Searching
from indexers.pipeline import Pipeline
from tests.contract.search_engines import engines
from tests.demo_world import demonstration

SEEN_WHOLE = 50
"""Hits up to which both engines read every part of each for its snippets."""

PEOPLE = ("admin", "clerk", "secretary", "inspector", "reader", "director")

QUERIES = (
    "", "党课", "立行立改", "“批评与自我批评”", "主题教育", "主題教育", "整改 台账", "会议 -党课",
    "谈心谈话 OR 民主评议",
    "title:党课", "file:签到", "正文:发言", "form:党课 学习", "人:严志衡", "严志衡", "家长 满意度", "2023", "4月",
    "安全",
    "“学习心得”", "NOT 会议", "签到表", "组织生活会 相互批评", "青禾区第一中学", "整改完成 OR 销号 OR 长期坚持",
    "没有这样的词",
)  # fmt: skip

NARROWED: tuple[dict[str, Any], ...] = (
    {"filters": {"organisation": ("school-01",)}},
    {"filters": {"organisation": ("school-02-teaching", "school-03")}},
    {"filters": {"family": ("rectification",)}},
    {"filters": {"family": ("self_analysis", "discussion"), "year": ("2021", "2023")}},
    {"filters": {"plan": ("p1-2023",)}},
    {"filters": {"plan": ("p2-2021", "p4-2022"), "status": ("signed",)}},
    {"filters": {"person": ("严志衡",)}},
    {"filters": {"file_type": ("pdf", "docx")}},
    {"filters": {"late": ("true",)}},
    {"filters": {"gaps": ("true",), "organisation": ("school-03",)}},
    {"occurred_from": "2021-03-01", "occurred_to": "2022-06-30"},
    {"recorded_from": "2023-05-01", "recorded_to": "2023-12-31"},
    {"due_before": "2025-01-01"},
    {"as_of": 200},
    {"as_of": 600, "filters": {"family": ("study_session",)}},
)


@dataclass
class Both:
    """``embedded`` and ``elastic`` are the same archive, asked through the same use case."""

    house: House
    embedded: Searching
    elastic: Searching

    def actor(self, name: str) -> Actor:
        return self.house.directory().account(name).actor()

    def ask(self, name: str, question: SearchRequest) -> tuple[Results, Results]:
        return tuple(each.search(self.actor(name), question) for each in (self.embedded, self.elastic))  # type: ignore[return-value]  # two


@pytest.fixture(scope="module")
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    """Elasticsearch is filled by the same indexer from the same ledger and the same texts."""
    house = open_archive(demonstration(tmp_path_factory).settings)
    with ExitStack() as stack:
        stack.callback(house.close)
        engine = stack.enter_context(engines("elastic", request, tmp_path_factory))()
        beside = tmp_path_factory.mktemp("beside") / "views.sqlite"
        indexer = Pipeline(house)._search_indexer(engine, TextQueue(beside), SQLiteWorkLog(beside))
        while indexer.run_once():
            pass
        assert engine.position() == house.engine.position() == house.ledger.size()
        yield Both(house, house.searching, Searching(engine=engine, archive=house.archive, ledger=house.ledger))


def shown(found: Found) -> tuple[object, ...]:
    return found.shown.code, found.hit.revision, found.hit.snippets


def require_same(both: Both, name: str, question: SearchRequest) -> int:
    """Totals, facets, hits and highlights; by relevance the order is each engine's own. Returns the total."""
    if question.sort == "relevance":
        question = replace(question, limit=1000)
    ours, theirs = both.ask(name, question)
    assert (theirs.total, theirs.facets, theirs.behind) == (ours.total, ours.facets, ours.behind), (name, question)
    if question.sort == "relevance":
        everything = [
            {(each.shown.code, each.hit.revision): each.hit.snippets for each in answer.hits}
            for answer in (ours, theirs)
        ]
        assert everything[0].keys() == everything[1].keys(), (name, question)
        assert len(everything[0]) == ours.total
        if ours.total <= SEEN_WHOLE:
            assert everything[0] == everything[1], (name, question)
    else:
        assert [shown(each) for each in theirs.hits] == [shown(each) for each in ours.hits], (name, question)
    return ours.total


@pytest.mark.slow
@pytest.mark.parametrize("name", PEOPLE)
def test_everybody_finds_the_same(both: Both, name: str) -> None:
    """Each question of each person: what they may not see is in no total and no facet of either engine."""
    totals = [
        require_same(both, name, SearchRequest(query=query, sort=sort, limit=20))
        for query in QUERIES
        for sort in ("relevance", "newest")
    ]
    assert sum(total > 0 for total in totals) > len(totals) / 2
    assert totals[-1] == totals[-2] == 0


@pytest.mark.slow
@pytest.mark.parametrize("narrowed", NARROWED, ids=lambda each: "-".join(map(str, each)))
def test_narrowed_questions_find_the_same(both: Both, narrowed: dict[str, Any]) -> None:
    """Filters, dates, deadlines and earlier tree sizes, with words and without."""
    totals = [
        require_same(both, name, SearchRequest(query=query, sort=sort, **narrowed))
        for name in ("secretary", "reader")
        for query in ("", "整改")
        for sort in ("relevance", "oldest")
    ]
    assert any(totals), "a question that finds nothing proves nothing"


@pytest.mark.slow
@pytest.mark.parametrize("sort", ["relevance", "newest", "oldest"])
def test_pages_follow_each_other_alike(both: Both, sort: Any) -> None:
    """All pages together are all hits, each once; in order of dates each page is the same."""
    for name, query in (("inspector", "学习"), ("secretary", ""), ("reader", "整改")):
        pages: list[list[list[str]]] = []
        for searching in (both.embedded, both.elastic):
            question, found = SearchRequest(query=query, sort=sort, limit=30), list[list[str]]()
            while True:
                answer = searching.search(both.actor(name), question)
                found.append([each.shown.code for each in answer.hits])
                if answer.next is None:
                    break
                question = replace(question, cursor=answer.next)
            pages.append(found)
            codes = [code for page in found for code in page]
            assert len(codes) == len(set(codes)) == answer.total
        assert len(pages[0]) > 1
        if sort == "relevance":
            assert {c for page in pages[0] for c in page} == {c for page in pages[1] for c in page}
        else:
            assert pages[0] == pages[1]


@pytest.mark.slow
def test_people_see_different_things(both: Both) -> None:
    """The questions are worth asking: who may see more finds more."""
    totals = {name: both.ask(name, SearchRequest())[0].total for name in PEOPLE}
    assert totals["director"] > totals["reader"] > totals["clerk"] > 0
    same = [("secretary", "clerk"), ("inspector", "director"), ("admin", "reader")]  # by the same school or district
    assert all(totals[one] == totals[other] for one, other in same)
