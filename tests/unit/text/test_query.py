"""What a person types becomes a tree."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidQuery
from domain.text.query import (
    LONGEST_QUERY,
    MOST_WORDS,
    And,
    Everything,
    Node,
    Not,
    Nothing,
    Or,
    Phrase,
    Tag,
    parse,
    phrase,
    positive_phrases,
    typed_tags,
)


def tokens(query: str) -> list[tuple[str, ...]]:
    return [found.tokens for found in positive_phrases(parse(query))]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("整改措施", [("整改", "改措", "措施")]),
        ("整改措施，", [("整改", "改措", "措施")]),
        ("整改、措施", [("整改", "改", ",", "措施")]),
        ("党-员", [("党", ",", "员")]),
        ("a:b", [("a", ",", "b")]),
        ("- 作者:", [("作者",)]),
        ("会", [("会",)]),
        ("“解放 思想”", [("解放", "放思", "思想")]),
        ('"整改"、措施', [("整改", "改", ",", "措施")]),
        ("qū)教育", [("qū", ",", "教育"), ("教育",)]),
        ("(qū)教育", [("qū", ",", "教育"), ("教育",)]),
        ("落實區(q", [("落实", "实区", "区", ",", "q"), ("落实", "实区")]),
        ("區（qū", [("区", ",", "qū"), ("区",)]),
    ],
)
def test_what_a_phrase_looks_up(query: str, expected: list[tuple[str, ...]]) -> None:
    """Runs but the last end with their last character; edges lose punctuation and pinyin cut in two."""
    found = tokens(query)
    assert [each for each in found if each in expected] == expected


def is_and(tree: Node) -> And:
    assert isinstance(tree, And)
    return tree


def test_words_are_all_wanted_and_best_together() -> None:
    """Two words: both, or the two as one phrase, which ranks first."""
    tree = parse("整改 措施")
    assert tree == Or((And((phrase("整改"), phrase("措施"))), phrase("整改措施")))


@pytest.mark.parametrize("query", ["食堂 OR 餐厅", "食堂 或 餐厅", "食堂 | 餐厅", "食堂 ｜ 餐厅"])
def test_either(query: str) -> None:
    """Four ways of saying or."""
    assert parse(query) == Or((phrase("食堂"), phrase("餐厅")))


def test_either_binds_tighter_than_both() -> None:
    """As in any search box: the alternatives stand side by side."""
    assert parse("计划 食堂 或 餐厅") == And((phrase("计划"), Or((phrase("食堂"), phrase("餐厅")))))


@pytest.mark.parametrize("query", ["整改 -食堂", "整改 NOT 食堂", "整改 -“食堂”"])
def test_without(query: str) -> None:
    """Three ways of saying not."""
    assert parse(query) == And((phrase("整改"), Not(phrase("食堂"))))


def test_only_without() -> None:
    """Everything but: a negative alone is a query too."""
    assert parse("-食堂") == Not(phrase("食堂"))


@pytest.mark.parametrize(
    ("query", "tag"),
    [
        ("form:党课", Tag("form", "党课")),
        ("形式：党课", Tag("form", "党课")),
        ("单位:school-01", Tag("organisation", "school-01")),
        ('person:"张 敏"', Tag("person", "张 敏")),
        ("YEAR:2023", Tag("year", "2023")),
        ("状态：已退回", Tag("status", "已退回")),
        ("级别:filed", None),
    ],
)
def test_fields(query: str, tag: Tag | None) -> None:
    """A known field is asked for its value, or for the same characters in the text; an unknown one is text."""
    tree = parse(query)
    if tag is None:
        assert isinstance(tree, Phrase)
    else:
        assert isinstance(tree, Or)
        assert tree.parts[0] == tag
        assert isinstance(tree.parts[1], Phrase)


def test_text_fields() -> None:
    """A phrase can be wanted in the title, the text or the files only."""
    for query, where in (("title:计划", "title"), ("正文:计划", "body"), ("file:计划", "file")):
        found = positive_phrases(parse(query))[0]
        assert (found.where, found.tokens) == (where, ("计划",))


@pytest.mark.parametrize("query", ["", "  ", "\n\u3000"])
def test_nothing_typed_asks_for_everything(query: str) -> None:
    """An empty box browses."""
    assert parse(query) == Everything()


@pytest.mark.parametrize("query", ["，。", '"', "-", "- -", "“”", "()", "form: ："])
def test_only_punctuation_finds_nothing(query: str) -> None:
    """There is no token to look up, and no reason to show everything."""
    found = parse(query)
    assert found == Nothing() or query.startswith("form")


@pytest.mark.parametrize("query", ["OR", "或", "| 计划", "计划 OR", "a OR OR b", "NOT", "AND", "计划 AND"])
def test_an_operator_without_its_operands_is_text(query: str) -> None:
    """Nothing is refused."""
    assert parse(query) != Everything()


def test_open_edges() -> None:
    """A word at an edge may be cut in the middle; a single word only behind."""
    [whole] = [found for found in positive_phrases(parse("018〕9")) if len(found.tokens) == 3]
    assert whole.open_start
    assert whole.open_end
    single = phrase("018")
    assert isinstance(single, Phrase)
    assert not single.open_start
    assert single.open_end


@given(st.text(max_size=80) | st.text(alphabet='党a1 -"“”:|或ORNT()（qū', max_size=30))
def test_anything_parses(query: str) -> None:
    """Nothing that is typed raises."""
    parse(query)


def test_too_much_is_refused() -> None:
    """Endless queries are answered with an error that says how much is too much."""
    with pytest.raises(InvalidQuery, match=str(LONGEST_QUERY)):
        parse("学" * (LONGEST_QUERY + 1))
    with pytest.raises(InvalidQuery, match=str(MOST_WORDS)):
        parse("学 " * (MOST_WORDS + 1))


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        ("整改 －食堂", "整改 -食堂"),
        ("整改 −食堂", "整改 -食堂"),
        ("整改　－“食堂 卫生”", "整改 -“食堂 卫生”"),
        ("整改 －《食堂》", "整改 -《食堂》"),
        ("整改 ＮＯＴ 食堂", "整改 NOT 食堂"),
        ("食堂 ＯＲ 餐厅", "食堂 OR 餐厅"),
        ("食堂 ｜ 餐厅", "食堂 | 餐厅"),
        ("整改 ＂食堂 卫生＂", '整改 "食堂 卫生"'),
        ("年：２０２３ －形式：党课", "年:2023 -形式:党课"),
    ],
)
def test_wide_operators_mean_what_narrow_ones_do(wide: str, narrow: str) -> None:
    """As input methods write them."""
    assert parse(wide) == parse(narrow)


def test_what_is_put_in_brackets_is_left_out_as_well() -> None:
    """A minus before a title mark or a bracket counts."""
    for shown in ("-《食堂》", "-（食堂）", "-「食堂」", "-【食堂】"):
        assert parse(f"整改 {shown}") == parse("整改 -食堂"), shown


def test_values_of_fields_mean_what_they_are_said_to() -> None:
    """Any of the values, or the characters as text; what nobody explains stays as it was typed."""
    assert typed_tags("形式:党课 -年:2023 整改 标题:计划") == {("form", "党课"), ("year", "2023")}
    tree = parse("形式:党课", {("form", "党课"): ("party_lecture", "lecture")})
    assert isinstance(tree, Or)
    assert tree.parts[:2] == (Tag("form", "party_lecture"), Tag("form", "lecture"))
    assert parse("形式:党课", {("year", "党课"): ("x",)}) == parse("形式:党课")
