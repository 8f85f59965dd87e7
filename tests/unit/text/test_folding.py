"""One spelling for every way of writing the same text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.text.folding import HAN, fold, well_formed

MIXED = st.text(alphabet="区區质質党黨 ()（）qūzhì\n\t，。ａＢ⑩㎡…é2028日・里裏々〇\u200b\u00a0\u3000", max_size=60)


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("黨組織覆覈臺帳", "党组织复核台帐"),
        ("ＱＱ群（２０２３）", "qq群(2023)"),
        ("解放思想 再出发", "解放思想再出发"),
        ("解放\n思想", "解放思想"),
        ("解放\r\n思想", "解放思想"),
        ("一段\n \n二段", "一段\n二段"),
        ("一段\r\n\r\n二段", "一段\n二段"),
        ("4月21日至4月28 日", "4月21日至4月28日"),
        ("Open  House\nLED", "open house led"),
        ("区(qū)教育、質（zhì）量", "区教育、质量"),
        ("內(nèi)容", "内容"),
        ("质(qū)量", "质(qū)量"),
        ("会(hui)议", "会(hui)议"),
        ("甲(a)乙", "甲(a)乙"),
        ("第⑩条㎡…", "第10条m2."),
        ("cafe\u0301", "café"),
        ("qu\u0304", "qū"),
        ("见\u200b证\ufeff", "见证"),
        ("", ""),
    ],
)
def test_what_a_fold_is(written: str, folded: str) -> None:
    """Script, width, case, blanks and pinyin noise make no difference."""
    assert fold(written).text == folded


def test_a_character_and_its_traditional_forms_fold_to_one() -> None:
    """Whatever character the converter makes of another, both fold alike."""
    from opencc import OpenCC

    simplify, complicate = OpenCC("t2s").convert, OpenCC("s2t").convert
    for char in map(chr, range(0x4E00, 0xA000)):
        assert fold(complicate(char)).text == fold(char).text
        assert fold(simplify(char)).text == fold(char).text


@given(MIXED | st.text(max_size=60))
def test_spans_lead_back_to_their_characters(text: str) -> None:
    """Each folded character comes from a span of the original that folds to it again (and spans ascend)."""
    folded = fold(text)
    behind = 0
    for at, char in enumerate(folded.text):
        start, end = folded.origin(at, at + 1)
        assert 0 <= start < end <= len(text)
        assert start >= behind or text[start:end] == text[slice(*folded.origin(at - 1, at))]
        behind = start
        if char not in " \n":
            assert char in fold(text[start:end]).text


@given(MIXED)
def test_folding_again_changes_nothing_but_noise(text: str) -> None:
    """A fold is its own fold with its blank lines, unless taking noise or blanks out brought new noise together."""
    once = fold(text).text
    if "(" not in once:
        assert fold(once.replace("\n", "\n\n")).text == once


@given(MIXED, st.data())
def test_a_copy_folds_to_a_copy(text: str, data: st.DataObject) -> None:
    """The fold of a passage is in the fold of the whole, whatever noise its edges cut through."""
    if "(" in text or "（" in text:
        return
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    copied = fold(text[start:end]).text.strip("\n ")
    assert copied in fold(text).text


@given(st.text())
def test_anything_folds(text: str) -> None:
    """Nothing makes folding fail, and what comes out is lower case without blanks between Han characters."""
    folded = fold(text).text
    assert not re.search(rf"[{HAN}][^\S\n]+[{HAN}]", folded)
    assert not re.search("[A-Z]", folded)


def test_lone_surrogates_are_replaced() -> None:
    """Text that no engine could store is made well-formed."""
    assert well_formed("a\ud800b") == "a?b"
    assert fold("a\ud800b").text == "a.b"
