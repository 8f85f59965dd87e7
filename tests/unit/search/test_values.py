"""What people write for a value of a field, as the index has it."""

from __future__ import annotations

import pytest

from domain.errors import InvalidQuery
from domain.search.values import keys, typed
from tests.fakes import School


@pytest.mark.parametrize(
    ("name", "word", "meant"),
    [
        ("family", "学习会议", ("study_session",)),
        ("family", "study_session", ("study_session",)),
        ("form", "党课", ("party_lecture",)),
        ("form", "party_lecture", ("party_lecture",)),
        ("form", "没有这种", ()),
        ("status", "待审签", ("filed",)),
        ("status", "returned", ("returned",)),
        ("status", "signed off", ("signed",)),
        ("year", "2023", ("2023",)),
        ("year", "2023年", ("2023",)),
        ("year", "2023年度", ("2023",)),
        ("year", "去年", ()),
        ("organisation", "school-01", ("school-01",)),
        ("organisation", "第一中学", ("school-01",)),
        ("organisation", "第九中学", ()),
        ("late", "是", ("true",)),
        ("gaps", "no", ("false",)),
        ("person", "张敏", ("张敏",)),
        ("plan", "p1-2023", ("p1-2023",)),
    ],
)
def test_words_and_keys_mean_the_same(name: str, word: str, meant: tuple[str, ...]) -> None:
    """In either language, by name or by key; what is no value of the field means nothing."""
    assert keys(name, word, School().directory()) == meant


def test_the_fields_of_a_query_are_read() -> None:
    """Those that mean nothing are left as they were typed, to be looked for as text."""
    directory = School().directory()
    assert typed("形式：党课 年：2023 单位:第九中学 食堂", directory) == {
        ("form", "党课"): ("party_lecture",),
        ("year", "2023"): ("2023",),
    }
    assert typed("", directory) == {}
    with pytest.raises(InvalidQuery):
        typed("字" * 3000, directory)
