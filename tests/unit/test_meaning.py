"""Every finding is explained in a sentence that needs no knowledge of computers."""

from __future__ import annotations

import re
from typing import get_args

import pytest

from domain.errors import Lang
from operations.verify.findings import CLASSES, Class, Finding, Subject
from operations.verify.meaning import advice, meaning

JARGON = re.compile(
    r"hash|sha-?256|sql|merkle|\btiles?\b|leaf|byte|database|object store|json|哈希|散列|数据库|字节|叶|默克尔", re.I
)


@pytest.mark.parametrize("klass", CLASSES)
@pytest.mark.parametrize("subject", [*get_args(Subject), "something new"])
def test_every_finding_means_something(klass: Class, subject: Subject) -> None:
    """What it means and what to do, whole sentences in both languages, without technical words."""
    finding = Finding(klass, subject, "", "")
    for say in (meaning, advice):
        for lang, end in zip(get_args(Lang), "。.", strict=True):
            text = say(finding, lang)
            assert text.endswith(end) and len(text) > 8
            assert not JARGON.search(text), text
