"""Where a query was found in the original."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.text.folding import fold
from domain.text.highlight import LONGEST_SNIPPET, find, passage
from domain.text.query import parse, phrase, positive_phrases


def marked(text: str, query: str) -> list[str]:
    return [text[start:end] for start, end in find(text, positive_phrases(parse(query)))]


@pytest.mark.parametrize(
    ("text", "query", "expected"),
    [
        ("貫徹落實區(qū)教育 工委要求", "区教育工委", ["區(qū)教育 工委"]),
        ("學習型黨組織", "学习型党组织", ["學習型黨組織"]),
        ("第⑩条规定", "第10条", ["第⑩条"]),
        ("ＱＱ群、QQ空间", "qq", ["ＱＱ", "QQ"]),
        ("坛教党字〔2018〕9 号", "018〕9号", ["018〕9 号"]),
        ("2018年和18年", "18年", ["18年", "18年"]),
        ("2018", "018", []),
        ("整改，措施", "整改措施", []),
        ("整改，措施", "整改、措施", ["整改，措施"]),
        ("整改 食堂", "整改 -食堂", ["整改"]),
        ("整改措施", "整改 措施", ["整改措施"]),
        ("open\nHouse", '"open house"', ["open\nHouse"]),
    ],
)
def test_marks_are_the_very_characters(text: str, query: str, expected: list[str]) -> None:
    """Whatever folding took away between them is inside the mark, and nothing beyond."""
    assert marked(text, query) == expected


@given(st.text(alphabet="学习党课 ，2023qūa(）\n會", min_size=1, max_size=300), st.data())
def test_a_copy_is_marked(text: str, data: st.DataObject) -> None:
    """A passage cut out of a text is found in it, and the mark folds to what was cut."""
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    phrases = positive_phrases(phrase(text[start:end]))
    if not phrases or "(" in text or phrases[0].runs[0].kind == "word":
        return
    spans = find(text, phrases)
    assert spans
    wanted = [run.text for run in phrases[0].runs if run.kind != "break"]
    assert all(wanted[0] in fold(text[s:e]).text for s, e in spans)


@given(st.text(max_size=400), st.data())
def test_a_passage_is_a_slice(text: str, data: st.DataObject) -> None:
    """Never longer than allowed, marks inside it, its characters those of the original."""
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=8)))
    spans = list(zip(cuts[::2], cuts[1::2], strict=False))
    found = passage(text, spans)
    assert found.text == text[found.start : found.end]
    assert len(found.text) <= LONGEST_SNIPPET
    assert all(0 <= start < end <= len(found.text) for start, end in found.marks)
    assert not spans or found.marks


def test_the_passage_with_most_marks_is_shown() -> None:
    """Two words close together are better than one far away."""
    text = "整改" + "的" * 300 + "整改措施与措施" + "的" * 300
    found = passage(text, find(text, positive_phrases(parse("整改 措施"))))
    assert [found.text[s:e] for s, e in found.marks] == ["整改措施", "措施"]
