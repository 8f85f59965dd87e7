"""What somebody changes in the index that reports are made from is named exactly, embedded and on servers."""

from __future__ import annotations

import pickle
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

import pytest

from adapters.home import parts
from adapters.home.house import House
from adapters.postgres.database import Database
from domain.event import stream_id
from domain.reports.events import ReportIssued
from indexers.pipeline import Pipeline
from operations.verification import subject, verify_archive
from operations.verify import Verification, due, issued
from operations.verify import reports as checked
from operations.verify.crew import Start
from tests.cli_world import BACK_ENDS
from tests.fakes import lecture
from tests.http_world import HERE, World, world_on

YEAR = 2023
TABLES = ("concerned", "issued_reports", "figures_tracking")

Address = tuple[str, str, str | None, str | None, str | None]
"""Class, subject, archival code, event, place."""


@dataclass
class Archive:
    """Three records, two of them later corrected, and an issued report; ``codes`` in the order of filing."""

    world: World
    codes: list[str]
    name: str  # of the database that the index lies in

    def sql(self, *statements: str) -> None:
        """As whoever can write to the tables of the program."""
        house = self.world.house
        if isinstance(house.servers.database, Database):
            with house.servers.database.transaction() as link:
                for statement in statements:
                    link.execute(statement)  # type: ignore[arg-type]  # pieces of the test's own
            return
        with closing(sqlite3.connect(house.settings.views_file)) as db, db:
            for statement in statements:
                db.execute(statement)

    def rows(self) -> list[Any]:
        return list(self.world.house.figures.rows())

    def mend(self) -> None:
        self.world.house.figures.clear()
        self.world.catch_up()

    def check(self) -> Verification:
        return verify_archive(self.world.house)

    def addresses(self) -> set[Address]:
        return {(f.klass, f.subject, f.record, f.event, f.file) for f in self.check().findings}

    def event(self, number: int, version: int = 1) -> str:
        return f"{self.world.house.archive.find(self.codes[number]).id}/{version}"

    def leaf(self, number: int, version: int = 1) -> int:
        house = self.world.house
        found = house.ledger.leaf_of(house.archive.find(self.codes[number]).id, version)
        assert found is not None
        return found.index


@pytest.fixture(scope="module", params=BACK_ENDS)
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    with world_on(request.param, request, tmp_path_factory.mktemp("reported") / "home") as world:
        house = world.house
        admin = house.operator()
        codes = [house.archive.file(admin, lecture(organisation=HERE, title=f"第{n}讲")).record.code for n in range(3)]
        for code in codes[:2]:
            house.archive.correct(admin, code, lecture(organisation=HERE, title="改过的题名"), "笔误")
        world.catch_up()
        house.reporting.issue(admin, HERE, YEAR, endings=["json", "html"])
        world.catch_up()
        yield Archive(world, codes, subject(house).reported.name)


@pytest.fixture
def archive(shared: Archive) -> Iterator[Archive]:
    yield shared
    shared.mend()


def test_what_nobody_touched(archive: Archive) -> None:
    """No finding, and the issued report comes out as it was issued."""
    found = archive.check()
    assert found.findings == []
    assert [remark.en for remark in found.not_checked if "eport" in remark.en or "figures" in remark.en] == []


def test_a_right_index_is_not_made_once_more(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sums of both sides tell it from any other, also where a record is filed while they are made."""
    house, agree, answers = archive.world.house, checked.figures_agree, list[bool]()

    def while_filing(*args: Any) -> bool:
        house.archive.file(house.operator(), lecture(organisation=HERE, title="同时存入"))
        Pipeline(house).catch_up()
        answers.append(agree(*args))
        return answers[-1]

    monkeypatch.setattr(checked, "figures_agree", while_filing)
    assert archive.check().ok
    assert answers == [True]


def test_a_row_too_many(archive: Archive) -> None:
    """An event counted in a year that is not its own."""
    leaf = archive.leaf(1)
    archive.sql(f"INSERT INTO concerned VALUES ('{HERE}', 1999, {leaf}, 1)")
    assert archive.addresses() == {
        ("inserted", "report", archive.codes[1], None, f"{archive.name}:concerned/{HERE}/1999/{leaf}")
    }


def test_a_row_of_nothing(archive: Archive) -> None:
    """A row of a leaf that there is not."""
    archive.sql(f"INSERT INTO concerned VALUES ('{HERE}', {YEAR}, 99999, 1)")
    assert archive.addresses() == {("inserted", "report", None, None, f"{archive.name}:concerned/{HERE}/{YEAR}/99999")}


def test_a_row_that_is_gone(archive: Archive) -> None:
    """An event that the year's report would leave out."""
    leaf = archive.leaf(0, 2)
    archive.sql(f"DELETE FROM concerned WHERE leaf = {leaf}")
    assert archive.addresses() == {
        ("deleted", "report", archive.codes[0], archive.event(0, 2), f"{archive.name}:concerned/{HERE}/{YEAR}/{leaf}")
    }


def test_a_row_that_leads_elsewhere(archive: Archive) -> None:
    """An event in whose place another one would be counted."""
    leaf = archive.leaf(2)
    archive.sql(f"UPDATE concerned SET position = position - 1 WHERE leaf = {leaf}")
    assert archive.addresses() == {
        ("stale", "report", archive.codes[2], archive.event(2), f"{archive.name}:concerned/{HERE}/{YEAR}/{leaf}")
    }


def test_several_at_once(archive: Archive) -> None:
    """All are named in one run."""
    archive.sql(
        f"DELETE FROM concerned WHERE leaf = {archive.leaf(0)}",
        f"UPDATE concerned SET organisation = 'school-02' WHERE leaf = {archive.leaf(1)}",
    )
    assert sorted(f[0] for f in archive.addresses()) == ["deleted", "deleted", "inserted"]


def test_a_report_that_was_never_issued(archive: Archive) -> None:
    """A digest put on the list, and one taken off it."""
    [issued] = {leaf for _, leaf in archive.world.house.figures.issued_rows()}
    event = f"{stream_id('report', f'{HERE}/{YEAR}')}/1"
    digest = sha256(b"forged").hexdigest()
    archive.sql(f"INSERT INTO issued_reports VALUES ('{digest}', {issued})")
    place = f"{archive.name}:issued_reports/{digest}/{issued}"
    assert archive.addresses() == {("inserted", "report", None, None, place)}
    archive.mend()
    gone, _ = next(archive.world.house.figures.issued_rows())
    archive.sql(f"DELETE FROM issued_reports WHERE digest = '{gone}'")
    assert archive.addresses() == {("deleted", "report", None, event, f"{archive.name}:issued_reports/{gone}/{issued}")}


def test_an_index_that_claims_too_much(archive: Archive) -> None:
    """It says that it holds leaves which there are not."""
    archive.sql("UPDATE figures_tracking SET size = 99999")
    assert archive.addresses() == {("stale", "report", None, None, f"{archive.name}:figures_tracking")}


def test_an_index_that_is_behind(archive: Archive) -> None:
    """What it does not hold yet is told, and is no finding."""
    archive.world.house.figures.clear()
    found = archive.check()
    assert found.ok
    assert [remark.en for remark in found.not_checked if "index of figures" in remark.en]


def test_a_forged_report(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures that the events do not yield, issued past the rules: named by the event that issued them."""
    events = archive.world.house.events
    decode, other = events.decode, sha256(b"other figures").hexdigest()

    def as_forged(_: Any, row: Any) -> Any:
        found = decode(row)
        if not isinstance(found, ReportIssued):
            return found
        return replace(found, digests={**found.digests, "json": other})

    monkeypatch.setattr(type(events), "decode", as_forged)  # each process opens a store of its own
    found = {(f.klass, f.subject, f.event) for f in archive.check().findings}
    assert found == {("stale", "report", f"{stream_id('report', f'{HERE}/{YEAR}')}/1")}


def test_events_that_are_unsound_are_no_measure(archive: Archive) -> None:
    """Where the events themselves were changed, reports are not accused: it is said that they were not checked."""
    found = Verification()
    found.add("altered", "event", "改了", "altered", event="x/1")
    house = archive.world.house
    evidence = parts.evidence(house.settings)
    checked.check_reports(found, subject(house).reported, evidence, lambda _: None, None, lambda *_: None)
    assert len(found.findings) == len(found.not_checked) == 1


def test_filing_goes_on_meanwhile(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    """A record that moves to another year between two readings is no difference."""
    house, once, agree, answers = archive.world.house, iter([True]), checked.figures_agree, list[bool]()

    def while_filing(*args: Any) -> bool:
        if next(once, False):
            moved = lecture(organisation=HERE, occurred={"from": "2022-04-21T14:30+08:00"})
            house.archive.correct(house.operator(), archive.codes[2], moved, "年份写错了")
            Pipeline(house).catch_up()
        answers.append(agree(*args))
        return answers[-1]

    monkeypatch.setattr(checked, "figures_agree", while_filing)
    assert archive.check().ok
    assert answers == [False], "its rows are held against those of an index that was made once more"
    assert {row.year for row in archive.rows()} == {2022, YEAR}


def test_a_daily_run_leaves_reports_alone(archive: Archive) -> None:
    """And says so."""
    archive.sql("DELETE FROM concerned")
    found = verify_archive(archive.world.house, sample=0)
    assert found.ok and any("eport" in remark.en for remark in found.not_checked)


@pytest.fixture(scope="module", params=BACK_ENDS)
def forged(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Many issued reports, and among them some that somebody put into the database past the rules."""
    with world_on(request.param, request, tmp_path_factory.mktemp("forged") / "home") as world:
        house = world.house
        admin = house.operator()
        house.archive.file(admin, lecture(organisation=HERE))
        world.catch_up()
        other = sha256(b"other").hexdigest()
        changes: tuple[dict[str, Any], ...] = (
            {}, {"digests": {"json": other}}, {}, {"root": other}, {"fold_version": 99}, {"digests": {"json": other}},
        )  # fmt: skip
        for number, changed in enumerate(changes):
            event = house.reporting.issue(admin, HERE, YEAR - number, endings=["json"]).event
            stream = stream_id("report", f"{HERE}/{1900 + number}")
            house.events.append([replace(event, originator_id=stream, **changed)])
        for number in range(issued.SPAWN):
            house.reporting.issue(admin, HERE, YEAR + 1 + number, endings=["json"])
        world.catch_up()
        yield house


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_several_processes_find_what_one_does(forged: House, monkeypatch: pytest.MonkeyPatch, start: Start) -> None:
    """The same findings and remarks in the same order, and the same progress, whoever folds the reports."""
    monkeypatch.setattr(due, "SPAN", 3)
    folds = subject(forged).reported.folds
    assert pickle.loads(pickle.dumps(folds)) == folds, "it must be possible to send it to another process"

    def check(start: Start | None) -> tuple[Verification, list[tuple[str, int, int]]]:
        found, said = Verification(tree_size=forged.ledger.size()), list[tuple[str, int, int]]()
        evidence = parts.evidence(forged.settings)
        checked.check_reports(
            found, subject(forged).reported, evidence, lambda _: None, start, lambda *each: said.append(each)
        )
        return found, said

    alone = check(None)
    assert check(start) == alone
    found, _ = alone
    assert [each.klass for each in found.findings] == ["stale", "forked", "stale"]
    assert len(found.not_checked) == 1
