"""Small parts of the pages: addresses one is sent on to, sizes, differences, marks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from api.common.question import read
from api.web import shown
from api.web.locale import speaker
from api.web.record import difference
from api.web.search import address, marked
from api.web.sign_in import inside
from domain.ports.search import Snippet

ZONE = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    "address",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)", "", "x",
     "/a\r\nb"],
)  # fmt: skip
def test_nobody_is_sent_to_another_site(address: str) -> None:
    """Given an address that is not a path of this site, the desk is meant."""
    assert inside(address) == "/"


def test_paths_of_this_site_are_kept() -> None:
    """Given a path with a query, it is where one goes on."""
    assert inside("/search?q=党课&page=2") == "/search?q=党课&page=2"


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 KB"), (999_499, "999 KB"), (999_500, "1.0 MB"), (3_200_000, "3.2 MB"),
     (5 * 10**15, "5000 TB")],
)  # fmt: skip
def test_sizes(count: int, said: str) -> None:
    """Bytes are said in the unit that keeps them short."""
    assert shown.size(count) == said


def test_marks_are_the_only_markup() -> None:
    """Given hostile text, only what was found is marked and everything is escaped."""
    said = marked(Snippet("body", None, "<b>立行</b>", ((3, 5), (2, 4), (50, 60))))
    assert said == "&lt;b&gt;<mark>立行</mark>&lt;/b&gt;"


def test_differences_show_what_went_and_what_came() -> None:
    """Both sides are whole and escaped; what differs is marked on its side."""
    assert difference("工作<画>", "工作<划>") == ("工作&lt;<del>画</del>&gt;", "工作&lt;<ins>划</ins>&gt;")
    long = "甲" * 20_001
    assert difference(long, "") == (f"<del>{long}</del>", "<ins></ins>")


def test_occurred_says_the_day_once() -> None:
    """A meeting on one day has one date; one over days has two."""
    t = speaker("zh")
    one = {"from": "2026-04-21T14:30+08:00", "to": "2026-04-21T16:30+08:00"}
    assert shown.occurred(t, one) == "2026 年 4 月 21 日 14:30 – 16:30"
    assert shown.occurred(t, {"from": "2026-04-21", "to": "2026-04-22"}) == "2026 年 4 月 21 日 – 2026 年 4 月 22 日"
    assert shown.occurred(speaker("en"), {"from": "2026-04-21"}) == "21 Apr 2026"


def test_brief_instants() -> None:
    """Today is said by the clock, this year by month and day, earlier ones by the date."""
    now = datetime(2026, 4, 21, 4, 0, tzinfo=UTC)
    assert shown.brief(now, now, ZONE) == "12:00"
    assert shown.brief(now - timedelta(days=1), now, ZONE) == "04-20 12:00"
    assert shown.brief(now - timedelta(days=365), now, ZONE) == "2025-04-21"


def test_an_address_keeps_what_was_asked_and_drops_what_is_taken_away() -> None:
    """Given filters in an address, each can be taken away alone; unknown names and empty values are passed over."""
    asked = read(
        [("q", "党课"), ("family", "paper"), ("family", "discussion"), ("from", "2026-01-01"), ("x", "y"), ("to", " ")]
    )
    assert asked.filters == {"family": ("paper", "discussion")}
    assert address(asked.without("family", "paper")) == "/search?q=%E5%85%9A%E8%AF%BE&family=discussion&from=2026-01-01"
    assert address(asked.without("from", "2026-01-01")) == "/search?q=%E5%85%9A%E8%AF%BE&family=paper&family=discussion"
