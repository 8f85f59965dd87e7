"""The desk: what it counts is what there is, however much of it there is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from tests.cli_world import BACK_ENDS
from tests.http_world import World, record, world_on

ITEMS = 9
FIGURE = re.compile(r'<li><a href="(/search[^"]*)"[^>]*><b>([\d,]+)</b>')


@pytest.fixture(params=BACK_ENDS)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with world_on(request.param, request, tmp_path / "archive") as made:
        yield made


def item(n: int, deadline: str) -> dict[str, object]:
    return record(family="rectification", form="problem_item", title=f"第 {n} 项", problem="灯不亮", deadline=deadline)


def test_overdue_items_are_counted_and_the_longest_overdue_are_shown(world: World) -> None:
    """More than the desk has lines for; closed, withdrawn and corrected ones are no longer among them."""
    clerk, secretary = world.program("clerk-here"), world.program("secretary-here")
    codes = []
    for n in range(ITEMS):
        answer = clerk.post("/api/v1/records", json=item(n, f"2023-05-{n + 1:02}"))
        assert answer.status_code == 201, answer.text
        codes.append(answer.json()["code"])
    world.clock.forward(days=30)
    assert secretary.post(f"/api/v1/records/{codes[0]}/close", json={"note": "修好了"}).status_code == 200
    assert secretary.post(f"/api/v1/records/{codes[1]}/withdraw", json={"reason": "重复"}).status_code == 200
    later = {"record": item(2, "2023-12-31"), "reason": "延期"}
    assert clerk.post(f"/api/v1/records/{codes[2]}/correct", json=later).status_code == 200
    world.catch_up()
    page = world.signed_in("secretary-here").get("/").text
    overdue = page.split('id="overdue"')[1].split("</section>")[0]
    assert [f"第 {n} 项" in overdue for n in range(ITEMS)] == [False] * 3 + [True] * 6
    assert 'href="/search?due_before=2023-06-03"' in page
    browser = world.signed_in("secretary-here")
    listed = browser.get("/search?due_before=2023-06-03").text
    assert 'name="due_before" value="2023-06-03"' in listed  # kept when other filters are chosen
    assert "整改期限早于" in listed
    assert browser.get("/search").status_code == 200
    answer = secretary.get("/api/v1/search", params={"due_before": "2023-06-03"}).json()
    assert {hit["code"] for hit in answer["hits"]} == set(codes[3:])
    assert world.program("secretary-there").get("/api/v1/search?due_before=2023-06-03").json()["total"] == 0


def test_each_figure_leads_to_as_many_records(world: World) -> None:
    """What a figure counts is the list behind it, also where a record that was late or unsigned was withdrawn."""
    clerk, secretary = world.program("clerk-here"), world.program("secretary-here")
    late = {"from": "2022-03-01"}
    made = [
        record(title="迟来的党课", occurred=late),
        record(title="又一课"),
        item(0, "2023-05-01"),
        record(occurred=late),
    ]
    codes = [
        clerk.post("/api/v1/records", json=each).json()["code"] for each in (*made, {**made[0], "title": "重复的"})
    ]
    assert secretary.post(f"/api/v1/records/{codes[3]}/withdraw", json={"reason": "重复"}).status_code == 200
    assert secretary.post(f"/api/v1/records/{codes[1]}/return", json={"reason": "缺签到表"}).status_code == 200
    world.catch_up()
    browser = world.signed_in("secretary-here")
    figures = [(unescape(href), count) for href, count in FIGURE.findall(browser.get("/").text)]
    listed = [browser.get(href).text.count('<article class="hit">') for href, _ in figures]
    assert listed == [int(count) for _, count in figures]
    assert len(figures) == 6 and 0 not in listed
