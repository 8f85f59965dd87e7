"""What every search engine answers: the contract of `domain.ports.search.SearchEngine`."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.search.cursor import RANKED
from domain.errors import InvalidCursor, InvalidQuery
from domain.ports.search import FOREVER, Scope, SearchEngine, SearchRequest
from tests.contract import search_engines
from tests.contract.search_corpus import MARKS, document, passages
from tests.contract.search_engines import ALL, NewEngine, ask, found

new_engine, engine = search_engines.new_engine, search_engines.engine


# ── recall and precision ────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def corpus(new_engine: NewEngine) -> tuple[SearchEngine, dict[str, str]]:
    """300 records, half of them with their text in a file instead of in the record."""
    texts = {f"r{nth:03}": text for nth, text in enumerate(passages(300))}
    documents = []
    for nth, (record, text) in enumerate(texts.items()):
        if nth % 2:
            documents.append(document(record, text))
        else:
            documents.append(document(record, "无"))
            documents.append(document(record, text, source="file:0", source_name="a.docx", file_type="docx"))
    engine = new_engine()
    engine.write(documents, (), 300)
    return engine, texts


def test_han_phrases_are_found_exactly_where_the_characters_stand(corpus: tuple[SearchEngine, dict[str, str]]) -> None:
    """Of phrases of 1 to 6 Han characters: recall and precision are 1 against substring search."""
    engine, texts = corpus
    chance = random.Random(2)
    for _ in range(150):
        text = chance.choice(list(texts.values()))
        start = chance.randrange(len(text))
        phrase = text[start : start + chance.randint(1, 6)]
        if not all("\u4e00" <= char <= "\u9fff" for char in phrase):
            continue
        assert found(engine, phrase) == {record for record, text in texts.items() if phrase in text}, phrase


def test_phrases_never_reach_across_punctuation(engine: SearchEngine) -> None:
    """Each mark parts the words on its sides, unless the query has a mark there too."""
    engine.write([document(f"r{nth}", f"整改{mark}措施") for nth, mark in enumerate(MARKS)], (), 1)
    assert found(engine, "整改措施") == set()
    assert found(engine, "“改措”") == set()
    assert len(found(engine, "整改，措施")) == len(MARKS)
    assert len(found(engine, "整改 措施")) == len(MARKS)


def test_a_blank_line_parts_and_a_line_break_does_not(engine: SearchEngine) -> None:
    """Lines of a paragraph belong together."""
    engine.write(
        [document("r1", source="body", text="整改\n措施"), document("r2", source="body", text="整改\n\n措施")], (), 1
    )
    assert found(engine, "整改措施") == {"r1"}


def test_script_width_case_and_noise_make_no_difference(engine: SearchEngine) -> None:
    """However it is written and however it is typed, it is found."""
    ways = ["落实区教育工委ABC", "落實區(qū)教育 工委ａｂｃ", "落實區教育工委Abc"]
    engine.write([document(f"r{nth}", way) for nth, way in enumerate(ways)], (), 1)
    for way in (*ways, "實區(qū)教", "区教育工委"):
        assert found(engine, way) == {"r0", "r1", "r2"}, way


def test_words_are_whole_or_begun(engine: SearchEngine) -> None:
    """A word of letters or digits is found by its beginning, not by its inside; Han by any part."""
    engine.write([document("r1", "2023年LED屏"), document("r2", "第120233号")], (), 1)
    assert found(engine, "2023") == {"r1"}
    assert found(engine, "le") == {"r1"}
    assert found(engine, "ed") == set()
    assert found(engine, "屏") == {"r1"}


def test_a_short_beginning_of_very_many_words_is_answered(engine: SearchEngine) -> None:
    """However many numbers begin with a digit, a phrase that ends with it raises nothing."""
    engine.write([document("r1", "".join(f"第{number}号" for number in range(100_000, 120_000)))], (), 1)
    assert found(engine, "第1") <= {"r1"}
    assert found(engine, "第119999号") == {"r1"}


# ── the query language ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def school(new_engine: NewEngine) -> SearchEngine:
    """Four records with titles, texts and files."""
    engine = new_engine()
    engine.write(
        [
            document("r1", "整改方案\n\n食堂卫生要整改。", people=("张敏", "zhangmin"), plan="p1", phase="study"),
            document("r1", "签到：李强", source="file:0", source_name="签到表.txt", page=1, file_type="txt"),
            document("r1", "照片说明", source="file:1", source_name="照片.docx", page=1, file_type="docx"),
            document("r2", "会议\n\n餐厅卫生，整改到位。", form="支委会", occurred_on="2022-05-06", late=True),
            document("r3", "食堂", source="title", source_name="title", family="paper", form="计划", gaps=True),
            document("r3", "没有别的。", source="body", family="paper", form="计划", gaps=True),
            document("r4", "其他\n\n无关", organisation="school-02", organisation_path=("bureau", "school-02")),
        ],
        (),
        7,
    )
    return engine


@pytest.mark.parametrize(
    ("query", "records"),
    [
        ("整改", {"r1", "r2"}),
        ("整改 食堂", {"r1"}),
        ("整改 签到", {"r1"}),
        ("签到 照片", {"r1"}),
        ("食堂 OR 餐厅", {"r1", "r2", "r3"}),
        ("卫生 食堂 或 餐厅", {"r1", "r2"}),
        ("整改 -食堂", {"r2"}),
        ("卫生 -签到", {"r2"}),
        ("-签到", {"r2", "r3", "r4"}),
        ("title:食堂", {"r3"}),
        ("标题:整改", {"r1"}),
        ("body:食堂", {"r1"}),
        ("正文:别的", {"r3"}),
        ("file:签到", {"r1"}),
        ("file:整改", set()),
        ("form:支委会", {"r2"}),
        ("形式：党课 整改", {"r1"}),
        ("人:张敏", {"r1"}),
        ("person:zhangmin", {"r1"}),
        ("方案:p1", {"r1"}),
        ("phase:study", {"r1"}),
        ("year:2022", {"r2"}),
        ("-year:2023", {"r2"}),
        ("单位:bureau 整改", {"r1", "r2"}),
        ("organisation:school-02", {"r4"}),
        ("类别:paper", {"r3"}),
        ("status:filed", {"r1", "r2", "r3", "r4"}),
        ("，", set()),
        ("", {"r1", "r2", "r3", "r4"}),
    ],
)
def test_the_query_language(school: SearchEngine, query: str, records: set[str]) -> None:
    """Words may be in different files of a record; without means in none of them; fields are fields."""
    assert found(school, query) == records
    assert ask(school, query).total == len(records)


def test_titles_rank_first(school: SearchEngine) -> None:
    """The record that is about it comes before the one that mentions it."""
    assert [hit.record for hit in ask(school, "食堂").hits] == ["r3", "r1"]


@pytest.mark.parametrize(
    ("filters", "records"),
    [
        ({"organisation": ("bureau",)}, {"r1", "r2", "r3", "r4"}),
        ({"organisation": ("school-02", "school-99")}, {"r4"}),
        ({"form": ("党课", "支委会"), "year": ("2023",)}, {"r1", "r4"}),
        ({"file_type": ("docx",)}, {"r1"}),
        ({"late": ("true",)}, {"r2"}),
        ({"gaps": ("true",)}, {"r3"}),
        ({"form": ()}, {"r1", "r2", "r3", "r4"}),
    ],
)
def test_filters(school: SearchEngine, filters: dict[str, tuple[str, ...]], records: set[str]) -> None:
    """Any of the values of one facet, and all of the facets."""
    assert found(school, filters=filters) == records


def test_date_ranges(school: SearchEngine) -> None:
    """Both ends belong to the range, on either axis; what is no date is refused."""
    assert found(school, occurred_to="2022-05-06") == {"r2"}
    assert found(school, occurred_from="2022-05-07") == {"r1", "r3", "r4"}
    assert found(school, recorded_from="2023-04-22", recorded_to="2023-04-22") == {"r1", "r2", "r3", "r4"}
    assert found(school, recorded_to="2023-04-21") == set()
    with pytest.raises(InvalidQuery):
        ask(school, occurred_from="yesterday")


def test_an_unknown_filter_is_refused(school: SearchEngine) -> None:
    """Silently ignoring it would show more than was asked for."""
    with pytest.raises(InvalidQuery):
        ask(school, filters={"colour": ("red",)})


def test_facets_count_records(school: SearchEngine) -> None:
    """A record with three documents counts once, under each of its file types."""
    facets = ask(school).facets
    assert facets["organisation"] == (("school-01", 3), ("school-02", 1))
    assert facets["file_type"] == (("docx", 1), ("txt", 1))
    assert facets["person"] == (("zhangmin", 1), ("张敏", 1))
    assert facets["year"] == (("2023", 3), ("2022", 1))
    assert dict(facets["late"]) == {"false": 3, "true": 1}
    assert ask(school, "签到").facets["form"] == (("党课", 1),)


# ── what is shown ───────────────────────────────────────────────────────────────────────────────────────────────


def test_snippets_say_where(school: SearchEngine) -> None:
    """The title, the text and each file with its page; marks are exact."""
    [hit] = ask(school, "整改 签到").hits
    shown = [(s.source, s.page, [s.text[start:end] for start, end in s.marks]) for s in hit.snippets]
    assert shown == [("title", None, ["整改"]), ("body", None, ["整改"]), ("签到表.txt", 1, ["签到"])]


def test_marks_are_exact_in_the_original(engine: SearchEngine) -> None:
    """In another script and width, with noise and blanks inside, the mark is what was meant."""
    engine.write([document("r1", "前" * 500 + "。貫徹落實區(qū)教育 工委⑩號文，" + "后" * 500, source="body")], (), 1)
    [hit] = ask(engine, "区教育工委10号").hits
    [snippet] = hit.snippets
    assert [snippet.text[start:end] for start, end in snippet.marks] == ["區(qū)教育 工委⑩號"]
    assert len(snippet.text) <= 120


def test_browsing_shows_beginnings(school: SearchEngine) -> None:
    """Without a query each hit shows how its text begins."""
    hit = next(hit for hit in ask(school).hits if hit.record == "r2")
    assert hit.snippets[0].text.startswith("餐厅卫生")
    assert hit.snippets[0].marks == ()


# ── pages ───────────────────────────────────────────────────────────────────────────────────────────────────────


def pages(engine: SearchEngine, request: SearchRequest) -> list[str]:
    """The records of all pages in order."""
    records: list[str] = []
    while True:
        result = engine.search(request)
        records += [hit.record for hit in result.hits]
        if result.next is None:
            return records
        assert len(result.hits) == request.limit
        request = replace(request, cursor=result.next)


@pytest.mark.parametrize("sort", ["relevance", "newest", "oldest"])
@pytest.mark.parametrize("query", ["会议", "会", "", "学习 会议"])
def test_pages_hold_everything_once(corpus: tuple[SearchEngine, dict[str, str]], query: str, sort: str) -> None:
    """Page after page, every record exactly once, and the total is their number."""
    engine, _ = corpus
    request = SearchRequest(query=query, scope=ALL, limit=7, sort=sort)  # type: ignore[arg-type]  # one of the three
    records = pages(engine, request)
    assert len(records) == len(set(records)) == engine.search(request).total
    assert set(records) == found(engine, query)


def test_dates_in_order(engine: SearchEngine) -> None:
    """Newest and oldest first are each other's reverse, whatever the page size."""
    days = [f"2023-{month:02}-{day:02}" for month in range(1, 13) for day in (1, 1, 15)]
    engine.write([document(f"r{nth:02}", "会议", occurred_on=day) for nth, day in enumerate(days)], (), 1)
    day_of = {f"r{nth:02}": day for nth, day in enumerate(days)}
    newest = pages(engine, SearchRequest(query="会议", scope=ALL, limit=5, sort="newest"))
    oldest = pages(engine, SearchRequest(query="会议", scope=ALL, limit=4, sort="oldest"))
    assert oldest == newest[::-1]
    assert [day_of[record] for record in oldest] == sorted(days)


def test_pages_by_date_survive_writes_between_them(engine: SearchEngine) -> None:
    """What is filed or taken away while somebody turns pages neither repeats nor hides another record."""
    engine.write([document(f"r{nth:02}", "会议", occurred_on=f"2023-01-{nth + 1:02}") for nth in range(20)], (), 1)
    request = SearchRequest(query="会议", scope=ALL, limit=5, sort="newest")
    first = engine.search(request)
    engine.write([document("late", "会议", occurred_on="2023-06-01")], [document("r03").id], 2)
    rest = pages(engine, replace(request, cursor=first.next))
    assert [hit.record for hit in first.hits] + rest == [f"r{nth:02}" for nth in reversed(range(20)) if nth != 3]


def test_pages_by_relevance_survive_writes_between_them(engine: SearchEngine) -> None:
    """Each filing moves the scores of all others; still every record that was there is shown, and none twice."""
    texts = {f"r{nth:03}": "会议记录" + "安全" * (nth % 7) + "检查" * (nth % 5) for nth in range(120)}
    engine.write([document(record, text) for record, text in texts.items()], (), 1)
    request = SearchRequest(query="会议 安全 OR 检查", scope=ALL, limit=7)
    shown: list[str] = []
    for position in range(2, 100):
        result = engine.search(request)
        shown += [hit.record for hit in result.hits]
        if result.next is None:
            break
        request = replace(request, cursor=result.next)
        more = [document(f"n{position}-{nth}", "会议 安全" * nth, organisation="elsewhere") for nth in range(1, 5)]
        engine.write(more, (), position)
    assert len(shown) == len(set(shown))
    assert {record for record, text in texts.items() if "安全" in text or "检查" in text} <= set(shown)


def test_behind_the_best_the_others_come_by_date(engine: SearchEngine) -> None:
    """However many there are, the pages hold each of them once."""
    days = [f"2023-{1 + nth % 12:02}-{1 + nth % 28:02}" for nth in range(RANKED + 60)]
    engine.write(
        [document(f"r{nth:04}", "会议" * (1 + nth % 9), occurred_on=day) for nth, day in enumerate(days)], (), 1
    )
    records = pages(engine, SearchRequest(query="会议", scope=ALL, limit=99))
    assert len(records) == len(set(records)) == len(days)
    day_of = {f"r{nth:04}": day for nth, day in enumerate(days)}
    rest = [day_of[record] for record in records[6 * 99 :]]
    assert rest == sorted(rest, reverse=True)


def test_a_cursor_tells_nothing_of_what_may_not_be_seen(engine: SearchEngine) -> None:
    """It stays the same, whatever others file with the same words where the searcher may not look."""
    mine = Scope(organisations=frozenset({"school-01"}))
    engine.write([document(f"r{nth}", "会议 整改" + "安全" * nth) for nth in range(6)], (), 1)
    before = ask(engine, "会议 安全", limit=2, scope=mine).next
    hidden = [document(f"h{nth}", "会议 会议", organisation="school-02", confidential=True) for nth in range(50)]
    engine.write(hidden, (), 2)
    assert ask(engine, "会议 安全", limit=2, scope=mine).next == before is not None


@pytest.mark.parametrize("cursor", ["", "x", "AAAA", "会", "=" * 9, "A" * 60])
def test_a_damaged_cursor_is_refused(school: SearchEngine, cursor: str) -> None:
    """Whatever is not one of ours."""
    with pytest.raises(InvalidCursor):
        ask(school, cursor=cursor)


def test_a_cursor_belongs_to_its_search(school: SearchEngine) -> None:
    """Another query, sort or filter cannot go on with it."""
    cursor = ask(school, "整改", limit=1).next
    assert cursor is not None
    assert ask(school, "整改", limit=1, cursor=cursor).next is None
    for fields in ({"query": "食堂"}, {"sort": "oldest"}, {"filters": {"form": ("党课",)}}, {"as_of": 5}):
        with pytest.raises(InvalidCursor):
            engine_fields = {"query": "整改", **fields}
            ask(school, limit=1, cursor=cursor, **engine_fields)  # type: ignore[arg-type]  # the fields, by name


# ── whatever is typed ───────────────────────────────────────────────────────────────────────────────────────────


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=40) | st.text(alphabet="会议整改a1 -\"“”:|*?.\\[](){}^~+/&'ORNT或（qū#@!$", max_size=25))
def test_hostile_queries_never_raise(school: SearchEngine, query: str) -> None:
    """Any text is a query; any filter value is a value."""
    result = ask(school, query, limit=3)
    assert result.total >= len(result.hits)
    assert ask(school, filters={"form": (query,)}).total in range(5)
    assert ask(school, scope=Scope(organisations=frozenset({query}), person=query)).total in range(5)


def test_any_text_can_be_written(engine: SearchEngine) -> None:
    """Control characters, lone surrogates, endless words and nothing at all."""
    texts = ["\x00\x01会议", "\ud800会议", "x" * 100_000 + "会议", "", "\U0001f600会议", "\u202e会议"]
    engine.write([document(f"r{nth}", text, form=text[:3]) for nth, text in enumerate(texts)], (), 1)
    assert ask(engine).total == len(texts)
    assert found(engine, "会议") == {f"r{nth}" for nth, text in enumerate(texts) if text}


def test_another_reader_sees_each_commit(engine: SearchEngine) -> None:
    """The limit of a page is kept within bounds, and FOREVER is now."""
    engine.write([document("r1", "会议", until_leaf=FOREVER)], (), 1)
    assert ask(engine, "会议", limit=0).hits == ()
    assert ask(engine, "会议", limit=10**9).total == 1
