"""Documents for the search contract: a generated corpus whose right answers a plain substring search knows."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

from domain.ports.search import FOREVER, SearchDocument

WORDS = [
    "整改措施",
    "学习会议",
    "党员大会",
    "主题党日",
    "食堂",
    "安全",
    "责任清单",
    "三会一课",
    "组织生活",
    "工作",
    "计划",
    "会",
    "议",
    "年",
    "LED",
    "QQ群",
    "2023年",
    "9号",
    "学习",
    "会议记录",
]
MARKS = "，。、：；“”（）"


def document(record: str, text: str = "", **fields: Any) -> SearchDocument:
    """A record's own text, current from leaf 0, in school-01; ``fields`` say what is different."""
    plain = SearchDocument(
        record=record,
        revision=1,
        source="record",
        source_name="body",
        page=None,
        text=text,
        from_leaf=0,
        until_leaf=FOREVER,
        organisation="school-01",
        organisation_path=("bureau", "school-01"),
        family="study_session",
        form="党课",
        occurred_on="2023-04-21",
        recorded_on="2023-04-22",
        status="filed",
        confidential=False,
    )
    return replace(plain, **fields)


def passages(count: int, seed: int = 1) -> list[str]:
    """Texts of words and punctuation, and of characters at random between them."""
    chance = random.Random(seed)
    texts = []
    for _ in range(count):
        parts = []
        for _ in range(chance.randint(5, 25)):
            parts.append(
                chance.choice(WORDS) if chance.random() < 0.7 else "".join(chance.choices("党学习会议工作年整改", k=3))
            )
            if chance.random() < 0.3:
                parts.append(chance.choice(MARKS))
        texts.append("".join(parts))
    return texts
