"""Folded text to tokens."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.text.folding import fold
from domain.text.tokens import BREAK, LONGEST_WORD, runs, tokenize


@pytest.mark.parametrize(
    ("folded", "tokens"),
    [
        ("党员大会", ["党员", "员大", "大会", "会"]),
        ("会", ["会"]),
        ("党员,2023", ["党员", "员", BREAK, "2023"]),
        ("“三会”、“一课”", [BREAK, "三会", "会", BREAK, "一课", "课", BREAK]),
        ("open house", ["open", "house"]),
        ("28日", ["28", "日"]),
        ("一段\n二段", ["一段", "段", BREAK, "二段", "段"]),
        ("a-b", ["a", BREAK, "b"]),
        ("", []),
        ("x" * (LONGEST_WORD + 1), ["x" * LONGEST_WORD, "x"]),
    ],
)
def test_what_tokens_are(folded: str, tokens: list[str]) -> None:
    """Bigrams and the last character of a run, whole words, one break for any punctuation."""
    assert tokenize(folded) == tokens


@given(st.text())
def test_tokens_survive_a_tokenizer_that_splits_at_blanks(text: str) -> None:
    """Tokens hold no blank and never two breaks in a row, so both engines see them as they are."""
    tokens = tokenize(fold(text).text)
    assert " ".join(tokens).split() == tokens
    assert (BREAK, BREAK) not in pairwise(tokens)
    assert all(token == BREAK or token.isalnum() or token[0] in "々〆〇" or len(token) <= 2 for token in tokens)


@given(st.text())
def test_runs_cover_what_tokens_come_from(text: str) -> None:
    """The runs of a text give the same tokens, one after the other."""
    folded = fold(text).text
    assert [token for run in runs(folded) for token in tokenize(run.text)] == tokenize(folded)
