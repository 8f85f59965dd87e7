"""Which batches of the ledger have a time that does not fit."""

from __future__ import annotations

from itertools import combinations
from random import Random
from typing import Any

import pytest

from operations.verify.batches import _out_of_order


@pytest.mark.parametrize(
    ("times", "odd"),
    [
        ("", set()),
        ("aabbcd", set()),
        ("bacd", {1}),  # either of the first two: the later one
        ("abzcd", {2}),
        ("abcdz", set()),
        ("zabcd", {0}),
        ("dbca", {0, 3}),
    ],
)
def test_as_few_as_possible(times: str, odd: set[int]) -> None:
    """One that was set back or ahead is told from its neighbours."""
    assert _out_of_order([(n, n + 1, time) for n, time in enumerate(times)]) == odd


def test_what_is_no_time() -> None:
    """It does not fit, and nothing is compared with it."""
    rows: list[tuple[Any, Any, Any]] = [(0, 1, "a"), (1, 2, None), (2, 3, 5), (3, 4, "b")]
    assert _out_of_order(rows) == {1, 2}


def test_any_times() -> None:
    """What is left never goes back, and no fewer could be left out."""
    random = Random(7)
    for _ in range(300):
        times = [random.choice("abcd") for _ in range(random.randrange(8))]
        odd = _out_of_order([(n, n + 1, time) for n, time in enumerate(times)])
        left = [time for n, time in enumerate(times) if n not in odd]
        assert left == sorted(left)
        longer = combinations(times, len(left) + 1)
        assert not any(list(each) == sorted(each) for each in longer)
