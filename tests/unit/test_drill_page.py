"""docs/TAMPER-DRILL.md is of the drill that there is."""

from __future__ import annotations

from tests.drill.kinds import KINDS
from tests.drill.limits import LIMITS, MEANS
from tests.drill.page import PAGE, names_on
from tests.drill.registry import TARGETS

TEXT = PAGE.read_text("utf-8")


def test_the_kinds_that_the_page_lists_are_those_of_the_drill() -> None:
    """By name, class and target, none too many and none too few."""
    assert names_on(TEXT) == {(each.name, each.klass, TARGETS[each.target][1]) for each in KINDS.values()}


def test_the_page_says_what_cannot_be_found() -> None:
    """Each limit has its row, with the means that find it."""
    for each in LIMITS:
        cells = " | ".join("✓" if means in each.finds else "—" for means in MEANS)
        assert f"| {each.zh} · {each.en} | {cells} |" in TEXT


def test_the_last_drill_missed_nothing() -> None:
    """What is committed is a drill of at least 500 mutations embedded and 100 on servers, in which no case failed."""
    assert "没有通过" not in TEXT
    totals = [line.split() for line in TEXT.splitlines() if line.startswith(">") and "false findings" in line]
    counts = [(int(words[3]), int(words[5]), int(words[7]), int(words[10])) for words in totals]
    assert [count[0] >= least for count, least in zip(counts, (500, 100), strict=True)] == [True, True]
    assert all(found == exact == mutations and not false for mutations, found, exact, false in counts)
