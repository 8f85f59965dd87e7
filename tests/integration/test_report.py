"""The annual report from a real archive: as it stood, for whom, from what, and the same everywhere."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from adapters.figures.index import FiguresIndex
from domain.access import SYSTEM
from domain.errors import NotAllowed, NotFound
from domain.reports.reporting import FiguresBehind, UnknownEnding
from indexers.figures import Figures
from tests.report_world import BRANCH, OTHER, SCHOOL, TOP, World, actor, furnish, world

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def made(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path / "archive") as found:
        yield found


# ── what it says ────────────────────────────────────────────────────────────────────────────────────────────────


def test_figures_and_the_events_behind_them(made: World) -> None:
    """Given a year of records, then each figure names the leaves of exactly the events it rests on."""
    codes = furnish(made)
    figures = made.report(SCHOOL).figures

    def behind(name: str) -> tuple[object, list[int]]:
        return figures[name]["value"], figures[name]["events"]

    leaf = made.leaf
    assert behind("study_session.count") == (3, sorted(leaf(codes[k]) for k in ("lecture", "theme", "school")))
    assert behind("study_session.party_lecture.month.04") == (1, [leaf(codes["lecture"])])
    assert behind("hours.person.p-zhang") == (7.5, sorted(leaf(codes[k]) for k in ("lecture", "theme", "school")))
    assert behind("late.count") == (1, [leaf(codes["theme"])])
    assert behind("signed.count") == (2, [leaf(codes["lecture"], 2), leaf(codes["theme"], 2)])
    assert behind("returned.count") == (1, [leaf(codes["school"], 2)])
    assert behind("withdrawn.count") == (1, [leaf(codes["dropped"], 2)])
    assert behind("rectification.in_progress") == (1, [leaf(codes["going"], 2)])
    assert behind("rectification.closed") == (1, [leaf(codes["closed"], 2)])
    assert behind("rectification.overdue") == (1, [leaf(codes["overdue"])])
    assert behind("files.bytes") == (15, [leaf(codes["lecture"])])
    assert behind("evaluation.make_up_outstanding") == (1, [leaf(codes["survey"])])


def test_a_report_holds_those_below_and_not_those_beside(made: World) -> None:
    """The bureau's report holds both schools, the branch's only its own."""
    furnish(made)
    assert made.report(TOP).figures["study_session.count"]["value"] == 4
    assert made.report(OTHER).figures["study_session.count"]["value"] == 1
    assert made.report(BRANCH).figures["study_session.count"]["value"] == 2


def test_as_it_stood(made: World) -> None:
    """A later filing, correction, withdrawal or person changes no report of an earlier checkpoint."""
    furnish(made)
    size = made.settle()
    before = made.report(BRANCH, as_of=size).to_bytes()
    code = made.file("study_session", "theme_day", "2023-12-21")
    made.correct(code, title="改过")
    made.house.archive.withdraw(SYSTEM, made.file("paper", "plan", "2023-12-22"), "重复")
    made.house.administration.add_person(SYSTEM, "p-new", "新人", organisation=BRANCH, since="2020-01-01")
    made.house.administration.rename_organisation(SYSTEM, BRANCH, "改了名的支部")
    made.settle()
    assert made.report(BRANCH, as_of=size).to_bytes() == before
    after = made.report(BRANCH)
    assert after.organisation_name == "改了名的支部"
    assert after.figures["persons.count"]["value"] == 4


def test_a_correction_of_the_year_moves_the_whole_record(made: World) -> None:
    """Given a record moved from 2022 to 2023, then each year is right before the correction and after it."""
    code = made.file("study_session", "theme_day", "2022-12-30", filed="2023-01-05", attached={"a.txt": b"x"})
    made.house.archive.sign_off(SYSTEM, code)
    before = made.settle()
    made.correct(code, occurred={"from": "2023-01-03"})
    made.house.archive.sign_off(SYSTEM, code)
    after = made.settle()

    def found(year: int, size: int) -> tuple[int, list[int]]:
        figures = made.report(BRANCH, year, as_of=size).figures
        return figures["records.count"]["value"], figures["signed.count"]["events"]

    assert found(2022, before) == (1, [made.leaf(code, 2)])
    assert found(2023, before) == (0, [])
    assert found(2022, after) == (0, [])
    assert found(2023, after) == (1, [made.leaf(code, 4)])
    assert made.index.years([BRANCH]) == [2022, 2023]


FILING = 2
"""Events of a filing: the record, and its entry in the register."""


def test_as_of_a_day_an_instant_a_size_or_now(made: World) -> None:
    """A day means its end in the archive's zone, nothing means the published checkpoint."""
    made.file("study_session", "theme_day", "2023-03-01")
    first = made.settle()
    made.file("study_session", "theme_day", "2023-04-01")
    second = made.settle()
    size_of = made.reporting.size_of
    assert size_of(None) == second
    assert size_of(first) == first
    assert size_of(date(2023, 3, 1)) == first
    assert size_of(date(2023, 2, 1)) == first - FILING  # people and places were entered before, and counted later
    assert size_of(date(1999, 12, 31)) == 0
    assert size_of(datetime(2023, 3, 31, 23, 0, tzinfo=UTC)) == first
    assert size_of(datetime(2023, 4, 1, 12, 0)) == second  # noqa: DTZ001  (without a zone: the archive's own)
    with pytest.raises(NotFound):
        size_of(second + 1)
    with pytest.raises(NotFound):
        made.reporting.annual(SYSTEM, BRANCH, 2023, 0)


def test_confidential_words_stay_out_of_every_file(made: World) -> None:
    """A self-analysis leaves its count in the report, and neither title nor content in JSON or HTML."""
    furnish(made)
    report = made.report(TOP)
    for ending in ("json", "html"):
        text = made.reporting.render(report, ending).decode()
        assert "绝密的题名" not in text
        assert "不外传的内容" not in text


def test_the_policy_is_asked(made: World) -> None:
    """Who has no role there reads no report; a reader reads and may not issue."""
    furnish(made)
    made.settle()
    reporting = made.reporting
    with pytest.raises(NotAllowed):
        reporting.annual(actor("secretary", OTHER), BRANCH, 2023)
    reader = actor("reader", SCHOOL)
    assert reporting.annual(reader, BRANCH, 2023).year == 2023
    with pytest.raises(NotAllowed):
        reporting.issue(reader, BRANCH, 2023)
    with pytest.raises(NotFound):
        reporting.annual(SYSTEM, "nowhere", 2023)


def test_an_unknown_ending_is_named(made: World) -> None:
    """A report cannot be written as what nobody has taught it, and the error says what it can be."""
    report = replace(made.report(TOP), year=2023)
    with pytest.raises(UnknownEnding) as caught:
        made.reporting.render(report, ".odt")
    assert "json html pdf" in caught.value.message("zh")


# ── the view that it reads ──────────────────────────────────────────────────────────────────────────────────────


def test_an_index_behind_the_checkpoint_refuses(made: World) -> None:
    """A report is never made from half of its events: it says that it is being gathered."""
    furnish(made)
    made.integrator.run_once()
    with pytest.raises(FiguresBehind) as caught:
        made.reporting.annual(SYSTEM, BRANCH, 2023)
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("batch", [1, 3, 7])
def test_a_rebuilt_index_is_the_same(made: World, batch: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The index made in one go, in small batches or after clearing holds the same rows."""
    furnish(made)
    code = made.file("study_session", "theme_day", "2022-12-30", filed="2023-12-30")
    made.correct(code, occurred={"from": "2023-01-03"})
    made.settle()
    rows = list(made.index.rows())
    monkeypatch.setattr("indexers.figures.BATCH", batch)
    other = FiguresIndex(tmp_path / "other.sqlite")
    Figures(made.house.events, made.house.ledger, other).catch_up()
    assert list(other.rows()) == rows
    other.close()
    made.figures.rebuild()
    assert made.index.size() == 0
    made.figures.catch_up()
    assert list(made.index.rows()) == rows


def test_two_indexers_at_once_write_a_batch_once(made: World) -> None:
    """The second of two that read the same batch finds it taken and writes nothing."""
    furnish(made)
    made.integrator.run_once()
    size = made.house.ledger.size()
    made.figures.catch_up()
    assert not made.index.write(0, 1, [], [], [])
    assert made.index.size() == size


def test_only_the_concerned_events_are_read(made: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A report asks the store for its own events, the last one and the directory, and scans nothing."""
    furnish(made)
    made.settle()
    asked: list[int] = []

    def noted(read: Callable[[Sequence[int]], object]) -> Callable[[Sequence[int]], object]:
        def note(positions: Sequence[int]) -> object:
            asked.extend(positions)
            return read(positions)

        return note

    monkeypatch.setattr(made.house.events, "rows_at", noted(made.house.events.rows_at))
    monkeypatch.setattr(made.house.events, "acts_at", noted(made.house.events.acts_at))
    monkeypatch.setattr(made.house.events, "rows", None)
    made.reporting.annual(SYSTEM, OTHER, 2023)
    assert len(asked) == 2


# ── the same everywhere ─────────────────────────────────────────────────────────────────────────────────────────

_PRINT = """
import sys
from hashlib import sha256
from pathlib import Path
from tests.report_world import BRANCH, world
with world(Path(sys.argv[1])) as made:
    report = made.report(BRANCH)
    for ending in ("json", "html", "pdf"):
        print(sha256(made.reporting.render(report, ending)).hexdigest())
"""


def test_the_same_bytes_in_any_process(made: World) -> None:
    """Another time zone, hash seed or locale gives the same JSON, HTML and PDF, byte for byte."""
    furnish(made)
    report = made.report(BRANCH)
    found = [[sha256(made.reporting.render(report, ending)).hexdigest() for ending in ("json", "html", "pdf")]]
    for surroundings in (
        {"TZ": "UTC", "PYTHONHASHSEED": "1", "LC_ALL": "C.UTF-8"},
        {"TZ": "America/New_York", "PYTHONHASHSEED": "77", "LC_ALL": "C", "LANG": "en_US.UTF-8"},
    ):
        done = subprocess.run(
            [sys.executable, "-c", _PRINT, str(made.house.settings.home)],
            cwd=ROOT,
            env={**os.environ, **surroundings, "JIANZHENG_LANG": "en"},
            capture_output=True,
            text=True,
            check=True,
        )
        found.append(done.stdout.split())
    assert found[0] == found[1] == found[2]
    assert len(set(found[0])) == 3
