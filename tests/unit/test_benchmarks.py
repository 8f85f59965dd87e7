"""Each row of the benchmarks runs, at a size too small to measure, and says what it found in the shape that is read."""

from __future__ import annotations

import copy
import json
from argparse import Namespace
from collections import namedtuple
from collections.abc import Iterator
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from benchmarks import machine, receipting, run, scale, table
from benchmarks.generate import Generator
from benchmarks.measure import Comparison, Target
from benchmarks.world import World
from domain.records import content
from domain.records.events import RecordFiled

DiskUsage = namedtuple("DiskUsage", "total used free")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(tmp_path_factory.mktemp("bench"), rounds=1) as made:
        yield made


@pytest.mark.slow
@pytest.mark.parametrize("row", run.rows(), ids=lambda row: row.NAME)
def test_row_runs(row: run.Row, world: World) -> None:
    """A row compares something with something and can be written as JSON and as a line of the table."""
    said = json.loads(json.dumps(row.run(world, 40).as_json()))
    assert (said["row"], said["name"], said["records"]) == (row.ROW, row.NAME, 40)
    assert said["comparisons"]
    for comparison in said["comparisons"]:
        assert set(comparison) == {
            "work", "against", "unit", "ours", "theirs", "ratio", "rounds", "target", "met", "note",
        }  # fmt: skip
        for spread in (comparison["ours"], comparison["theirs"], comparison["ratio"]):
            assert 0 < spread["min"] <= spread["median"] <= spread["max"]
        assert (comparison["met"] is None) == (comparison["target"] is None)
    assert len(list(table.lines(said))) == len(said["comparisons"])


def test_generated_records_obey_the_rules() -> None:
    """The content of a generated record is exactly what the rules make of the same record written by a clerk."""
    filed = [event for filing in islice(Generator(40).filings(), 200) for event in filing]
    records = [event for event in filed if isinstance(event, RecordFiled)]
    assert len({record.content["form"] for record in records}) == 10
    for record in records:
        wanted = copy.deepcopy(record.content)
        for _, person in content.people(wanted):
            del person["person"]
        found = content.check(_written(wanted), zone=ZoneInfo("Asia/Shanghai"), today=date(2025, 1, 31))
        assert (found.problems, found.content) == ((), wanted)


def test_generator_repeats_itself() -> None:
    """Two generators with one seed make the same events, so that two sides of a comparison get the same work."""
    first, second = (list(islice(Generator(1000).filings(), 50)) for _ in range(2))
    assert first == second
    assert list(Generator(1000).directory("top")) == list(Generator(1000).directory("top"))


def test_batches_hold_every_filing_once() -> None:
    """Batches are cut between filings and leave none out."""
    events = [event for batch in Generator(40).batches(37, size=10) for event in batch]
    assert sum(isinstance(event, RecordFiled) for event in events) == 37
    assert len(events) == 74


@pytest.mark.parametrize(
    ("target", "ours", "met"),
    [
        (Target("at least", 0.5), [5.0, 6.0, 1.0], True),
        (Target("at least", 0.5), [4.0, 4.9, 9.0], False),
        (Target("at most", 1.3), [13.0, 1.0, 99.0], True),
        (Target("at most", 1.5, 5), [20.0, 20.0, 20.0], True),
        (Target("at most", 1.5, 5), [20.1, 20.1, 20.1], False),
    ],
)
def test_target_is_met_by_the_median(target: Target, ours: list[float], met: bool) -> None:
    """One lucky or unlucky round changes nothing; an allowance is added to the limit."""
    assert Comparison("work", "yardstick", "u", ours, [10.0, 10.0, 10.0], target).met is met


def test_rows_are_chosen_by_number_or_name() -> None:
    """A row is asked for by its number or name; any other word is refused with the words that are known."""
    assert [row.ROW for row in run.chosen(["search", "1"])] == [1, 8]
    assert len(run.chosen(["all"])) == len(run.MODULES) - len(run.BY_NAME)
    assert [row.NAME for row in run.chosen(["8"], on_servers=True)] == ["search", "search-passages"]
    with pytest.raises(SystemExit, match="search"):
        run.chosen(["speed"])


def test_table_replaces_what_was_measured_before(tmp_path: Path) -> None:
    """Writing the table keeps the rest of the page, says what was missed, and works again on its own result."""
    page = tmp_path / "PERFORMANCE.md"
    page.write_text(f"before\n{table.BEGIN}\nold\n{table.END}\nafter\n", "utf-8")
    row = {
        "row": 1,
        "name": "append",
        "records": 10_000,
        "comparisons": [Comparison("work", "other", "s", [2.0], [1.0], Target("at most", 1)).as_json()],
        "facts": {},
    }
    measured = {"machine": machine.describe(tmp_path), "rows": [row]}
    for _ in range(2):
        table.write(measured, page)
    text = page.read_text("utf-8")
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "old" not in text
    assert (
        text.count("| 1 `append` | 10,000 | work | other | 2 s | 1 s | 2.00 / **2.00** / 2.00 | ≤ 1 | **missed** |")
        == 1
    )
    page.write_text("no place", "utf-8")
    with pytest.raises(SystemExit, match="no place for the figures"):
        table.write(measured, page)


def test_rows_that_were_not_measured_again_stay(tmp_path: Path) -> None:
    """In their order, and with the day on which they were measured; so it is of rows measured on a third day."""
    page = tmp_path / "PERFORMANCE.md"
    page.write_text(f"{table.BEGIN}\nNot measured yet.\n{table.END}\n", "utf-8")
    facts = machine.describe(tmp_path)

    def measured(day: str, *rows: tuple[int, str, float]) -> dict[str, Any]:
        made = [
            {
                "row": number,
                "name": name,
                "records": records,
                "comparisons": [Comparison("work", "other", "s", [took], [1.0]).as_json()],
                "facts": {},
            }
            for number, name, took in rows
            for records in (10_000, 100_000)
        ]
        return {"machine": {**facts, "date": day}, "rows": made}

    table.write(measured("2026-01-01", (1, "one", 1.0), (2, "two", 1.0), (12, "three", 1.0)), page)
    table.write(measured("2026-02-02", (2, "two", 2.0), (5, "five", 2.0)), page)
    table.write(measured("2026-03-03", (5, "five", 3.0)), page)
    lines = page.read_text("utf-8").splitlines()
    assert [line.partition(": ")[0] for line in lines if "2026" in line] == [
        "Measured on 2026-01-01", "`two`", "`five`",
    ]  # fmt: skip
    assert "2026-02-02" in next(line for line in lines if line.startswith("`two`"))
    rows = [line.split(" | ") for line in lines if "`" in line and line.startswith("| ")]
    assert [(row[0], row[1], row[4]) for row in rows] == [
        ("| 1 `one`", "10,000", "1 s"), ("| 1 `one`", "100,000", "1 s"),
        ("| 2 `two`", "10,000", "2 s"), ("| 2 `two`", "100,000", "2 s"),
        ("| 5 `five`", "10,000", "3 s"), ("| 5 `five`", "100,000", "3 s"),
        ("| 12 `three`", "10,000", "1 s"), ("| 12 `three`", "100,000", "1 s"),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["append-single", *run.BY_NAME])
@pytest.mark.parametrize("on_servers", [False, True])
def test_page_has_a_place_for_each_row(name: str, on_servers: bool, tmp_path: Path) -> None:
    """Figures that took an hour to measure are not lost for want of a mark on the page."""
    page = tmp_path / "PERFORMANCE.md"
    page.write_text(table.PAGE.read_text("utf-8"), "utf-8")
    marks = run.marks(run.chosen([name], on_servers), Namespace(servers=on_servers))
    table.write({"machine": machine.describe(tmp_path), "rows": []}, page, marks)
    assert table.PAGE.read_text("utf-8").count(marks[0]) == page.read_text("utf-8").count(marks[0]) == 1


@pytest.mark.parametrize(("most", "said"), [(200, 200), (120, 100), (20, None)])
def test_lower_rates_are_tried_until_receipts_keep_their_second(
    monkeypatch: pytest.MonkeyPatch, world: World, most: int, said: int | None
) -> None:
    """The highest of the tried rates at which 99 of 100 receipts are there in time, or none."""

    def take(_: object, __: object, rate: int, load: float) -> receipting.Waits:
        waits = [0.4] * 98 + [1.1 if rate > most else 0.9] * 2
        return receipting.Waits(waits, waits, rate)

    monkeypatch.setattr(receipting, "take", take)
    found = receipting.run(world, 40)
    assert found.facts["rate_that_keeps_the_limit"] == said
    assert [each.met for each in found.comparisons if "due, 200" in each.work and each.target] == [most == 200]
    assert any("rate tried" in each.work for each in found.comparisons) is (said is not None)


def test_no_disk_is_filled_to_the_brim(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    """Where archives and files would not fit, nothing is begun; a small try needs little."""
    monkeypatch.setattr("shutil.disk_usage", lambda _: DiskUsage(100 << 30, 92 << 30, 8 << 30))
    scale.require_room(world, 50_000)
    with pytest.raises(SystemExit, match=r"16\.0 GiB of disk are needed, 8\.0 are free"):
        scale.require_room(world, 500_000)


def _written(found: Any) -> Any:
    """People as a clerk writes them: by name."""
    if isinstance(found, dict):
        return found["name"] if set(found) == {"name"} else {key: _written(value) for key, value in found.items()}
    return [_written(value) for value in found] if isinstance(found, list) else found
