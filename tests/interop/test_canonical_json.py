"""`domain.ledger.canonical` against the `rfc8785` package, which other people wrote: the same bytes, or refused by us.

Ours stays because the ledger's bytes are for ever and our own to answer for; it is also 1.5 times as fast, refuses
fractions, and has one error for all that it refuses.
"""

from __future__ import annotations

from typing import Any

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from domain.ledger.canonical import MAX_INTEGER, canonical
from domain.ledger.errors import NotCanonical

TEXT = st.text(st.characters(exclude_categories=["Cs"])) | st.text(
    '\x00\x1f\x7f"\\/\u2028\ud7ff\ue000\uffff\U00010000é中'
)
EXACT = st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | TEXT
ANYTHING = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters())


def nested(leaves: st.SearchStrategy[Any], keys: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(keys, inner), max_leaves=12)


@given(nested(EXACT, TEXT))
@example({"\ue000": 1, "\U00010000": 2, "\uffff": [], "": {}})
def test_both_write_the_same_bytes(value: Any) -> None:
    """Whatever we commit to: texts, whole numbers and what is made of them, sorted by UTF-16 above U+FFFF too."""
    assert canonical(value) == rfc8785.dumps(value)


@given(nested(ANYTHING, st.text(st.characters())))
@example([1.0, 2**53, "\ud800"])
def test_whatever_we_write_they_write(value: Any) -> None:
    """Of arbitrary JSON we refuse all that they refuse, and every fraction besides."""
    try:
        ours = canonical(value)
    except NotCanonical:
        if not _with_fractions(value):
            with pytest.raises(ValueError, match=r"."):
                rfc8785.dumps(value)
        return
    assert ours == rfc8785.dumps(value)


def _with_fractions(value: Any) -> bool:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return isinstance(value, float) or any(map(_with_fractions, inside))
