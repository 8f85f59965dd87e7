"""Whatever a person copies out of a document finds it: in real plans, where they are at hand, and in ours."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opencc import OpenCC

from domain.ports.search import Scope, SearchEngine, SearchRequest
from domain.text.folding import HAN, WORD, fold
from domain.text.tokens import runs
from tests.contract.search_corpus import document
from tests.contract.search_engines import KINDS, engines

SEEDS = Path(__file__).parents[3] / "shared" / "seeds"

OURS = {
    "plan": (
        "校党总支“解放思想再出发, 追赶超越永向前”方案\n- 作者:\n- 时间:2018-06-15\n"
        "根据《实施方案》(教党字〔2018〕9 号)精神，1.开展专题学习 (4月21日至4月28 日)。"
        '利用QQ群、LED 屏,参学率达到90%以上。\r\n\r\n二、“三会一课"、主题党日……㈠组织⑩次'
    ),
    "noisy": (
        "永興小學\n為貫徹落實區(qū)教育工委黨建工作創(chuàng)新工程實施要求,"
        "提高能力素質(zhì),學習型|(zhì)黨組織，內(nèi)容"
    ),
}


def texts() -> dict[str, str]:
    real = {path.stem: path.read_text(encoding="utf-8") for path in sorted(SEEDS.glob("0*.txt"))}
    return {**OURS, **real}


@pytest.fixture(scope="module", params=KINDS)
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchEngine]:
    with engines(request.param, request, tmp_path_factory) as make:
        made = make()
        made.write([document(name, text, source="file:0", source_name=name) for name, text in texts().items()], (), 1)
        yield made


@cache
def convert(name: str, text: str) -> str:
    return str(OpenCC(name).convert(text))


def is_promised(copied: str, before: str, quoted: bool) -> bool:
    """Whether `domain.text.query` promises to find a copy that has the character ``before`` on its left."""
    if not quoted and re.search(r"(?:^|\s)(?:-[\w“\"]|NOT\s)", copied):
        return False
    words = [run for run in runs(fold(copied).text) if run.kind != "break"]
    if any(run.kind == "han" for run in words):
        return True
    if re.search(r"[à-ǿ]", before + copied) or len(words) < 2:  # pinyin alone, or the rest of a word
        return bool(words) and words[0].text.isdigit() and re.match(WORD, fold(before).text) is None
    return True


@pytest.mark.slow
@settings(max_examples=1500)
@given(st.data())
def test_a_copy_finds_its_document(engine: SearchEngine, data: st.DataObject) -> None:
    """2 to 40 characters from anywhere, in either script, with or without the pinyin, as they are or quoted."""
    name = data.draw(st.sampled_from(sorted(texts())))
    text = texts()[name]
    start = data.draw(st.integers(0, len(text) - 2))
    copied = text[start : start + data.draw(st.integers(2, 40))]
    copied = convert(data.draw(st.sampled_from(["t2s", "s2t"])), copied) if data.draw(st.booleans()) else copied
    if data.draw(st.booleans()):
        copied = re.sub(rf"(?<=[{HAN}])\([a-zà-ǿ]*[à-ǿ][a-zà-ǿ]*\)", "", copied)
    quoted = data.draw(st.booleans())
    if not is_promised(copied, text[start - 1 : start], quoted):
        return
    query = f"“{copied}”" if quoted else copied
    found = engine.search(SearchRequest(query=query, scope=Scope(everything=True), limit=100))
    assert name in {hit.record for hit in found.hits}, (query, start)


@pytest.mark.parametrize(
    "query",
    [
        "018〕9 号",
        "”方案",
        "- 作者:",
        "2018-06",
        "群、LED",
        "(4月21日至4月28 日)",
        '"、主题党日……(一)',
        "àng)新",
        "區(q",
    ],
)
def test_copies_with_rough_edges(engine: SearchEngine, query: str) -> None:
    """Cut inside a number, at punctuation, inside bracketed pinyin."""
    found = engine.search(SearchRequest(query=query, scope=Scope(everything=True), limit=100))
    assert {"plan", "noisy"} & {hit.record for hit in found.hits}
