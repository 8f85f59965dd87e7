"""A real archive with a year of records, for tests of reports: nothing in it is random, so its bytes never change."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from adapters.home.founding import create_archive
from adapters.home.house import House, open_archive
from adapters.home.settings import Settings
from domain.access import SYSTEM, Actor, Grant
from domain.records.filing import IncomingFile
from domain.reports.annual import Report
from indexers.figures import Figures
from indexers.ledger import Integrator

SCHOOL, BRANCH, OTHER, TOP = "school-01", "school-01-b1", "school-02", "bureau"


class CountingEntropy:
    """Ids and salts in a row."""

    def __init__(self) -> None:
        self._next = itertools.count(1)

    def uuid(self) -> UUID:
        return UUID(int=(0x4000 << 64) | (0x8 << 60) | next(self._next))

    def salt(self) -> str:
        return f"{next(self._next):032x}"


class SteppingClock:
    """A minute later each time it is read; tests set ``now``."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        self.now += timedelta(minutes=1)
        return self.now


class World:
    """An archive in a folder, made where it is missing, its integrator and indexer, and the use case under test."""

    def __init__(self, home: Path, fonts: tuple[Path, ...] = ()) -> None:
        self.clock = SteppingClock(datetime(2023, 1, 3, 1, 0, tzinfo=UTC))
        settings = Settings(
            home=home, zone=ZoneInfo("Asia/Shanghai"), lang="zh", late_after=10, fonts=fonts, hosts=(), user=None
        )
        there = home.exists()
        self.house: House = (
            open_archive(settings, self.clock)
            if there
            else create_archive(
                settings, name="示范区教育局", origin="archive.example/report", code=TOP, clock=self.clock
            )
        )
        entropy = CountingEntropy()
        self.house.archive.entropy = self.house.administration.entropy = entropy
        self.integrator = Integrator(
            self.house.events,
            self.house.ledger,
            self.house.publisher,
            self.house.guard,
            self.clock,
            self.house.ledger_lock,
        )
        self.index, self.reporting = self.house.figures, self.house.reporting
        self.figures = Figures(self.house.events, self.house.ledger, self.house.figures)
        if not there:
            self._people()

    def _people(self) -> None:
        office = self.house.administration
        for code, name, parent in (
            (SCHOOL, "第一中学", TOP),
            (BRANCH, "第一中学第一党支部", SCHOOL),
            (OTHER, "第二中学", TOP),
        ):
            office.add_organisation(SYSTEM, code, name, parent=parent, kind="")
        for code, name, organisation in (
            ("p-zhang", "张敏", BRANCH),
            ("p-li", "李强", BRANCH),
            ("p-wang", "王芳", BRANCH),
            ("p-zhao", "赵军", SCHOOL),
            ("p-sun", "孙丽", OTHER),
        ):
            office.add_person(SYSTEM, code, name, organisation=organisation, post="党员", since="2020-01-01")

    def on(self, day: str) -> None:
        """What follows is recorded on that day, from nine in the morning there."""
        self.clock.now = datetime.fromisoformat(f"{day}T09:00+08:00").astimezone(UTC)

    def file(self, family: str, form: str, day: str, organisation: str = BRANCH, **fields: Any) -> str:
        """File a record on the day on which it happened; gives its archival code."""
        self.on(fields.pop("filed", day))
        incoming = []
        for name, data in fields.pop("attached", {}).items():
            incoming.append(IncomingFile(name, self.house.blobs.stage(iter([data])), "text/plain"))
        raw = {"organisation": organisation, "family": family, "form": form, "occurred": {"from": day}, **fields}
        raw.setdefault("title", f"{form} {day}")
        return self.house.archive.file(SYSTEM, raw, incoming).record.code

    def correct(self, code: str, **fields: Any) -> None:
        raw = {**self.house.archive.find(code).content, **fields}
        raw["organisation"] = self.house.archive.find(code).organisation
        self.house.archive.correct(SYSTEM, code, raw, "更正")

    def settle(self) -> int:
        """Integrate and index; gives the tree size."""
        self.integrator.run_once()
        self.figures.catch_up()
        return self.house.ledger.size()

    def leaf(self, code: str, revision: int = 1) -> int:
        """The leaf index of an event of a record."""
        leaf = self.house.ledger.leaf_of(self.house.archive.find(code).id, revision)
        assert leaf is not None
        return leaf.index

    def report(self, organisation: str = BRANCH, year: int = 2023, as_of: int | None = None) -> Report:
        self.settle()
        return self.reporting.annual(SYSTEM, organisation, year, as_of)

    def close(self) -> None:
        self.index.close()
        self.house.close()


@contextmanager
def world(home: Path) -> Iterator[World]:
    made = World(home)
    try:
        yield made
    finally:
        made.close()


def furnish(made: World) -> dict[str, str]:
    """A year with something of everything; gives the archival codes by a short name."""
    everyone = ["张敏", "李强", "王芳"]
    codes = {}
    codes["lecture"] = made.file(
        "study_session", "party_lecture", "2023-04-21", title="专题党课：从历史中汲取力量", hours=2,
        attendance={"expected": 3, "present": 2, "attendees": ["张敏", "李强"],
                    "on_leave": [{"person": "王芳", "reason": "病假"}]},
        lecturer="张敏", attached={"讲稿.txt": b"0123456789", "签到.txt": b"01234"},
    )  # fmt: skip
    codes["theme"] = made.file(
        "study_session", "theme_day", "2023-05-12", theme="学雷锋", hours=1.5, filed="2023-06-30",
        attendance={"expected": 3, "present": 3, "attendees": everyone},
    )  # fmt: skip
    codes["school"] = made.file(
        "study_session", "training", "2023-05-20", organisation=SCHOOL, hours=4,
        attendance={"expected": 10, "present": 9, "attendees": ["赵军", "张敏", "外聘专家"]},
    )  # fmt: skip
    codes["analysis"] = made.file(
        "self_analysis",
        "party_spirit_analysis",
        "2023-06-01",
        title="绝密的题名",
        author="李强",
        problems="不外传的内容",
    )
    codes["appraisal"] = made.file(
        "evaluation", "democratic_appraisal", "2023-12-05",
        results=[{"person": "张敏", "grade": "优秀"}, {"person": "李强", "grade": "优秀"},
                 {"person": "王芳", "grade": "合格"}],
    )  # fmt: skip
    codes["survey"] = made.file(
        "evaluation", "satisfaction", "2023-10-08", subject="整改满意度", ballots=20, satisfied=5, mostly_satisfied=5,
        dissatisfied=10,
    )  # fmt: skip
    codes["points"] = made.file(
        "evaluation", "quarterly_points", "2023-10-09", quarter="第三季度",
        scores=[{"person": person, "department": department, "points": points}
                for person, points in (("张敏", 45), ("李强", 40.5), ("王芳", 38), ("赵军", 40.5))
                for department in ("教务处", "德育处")],
    )  # fmt: skip
    item = {"problem": "问题", "measures": "措施", "department": "总务处", "responsible": "李强"}
    codes["overdue"] = made.file(
        "rectification", "problem_item", "2023-03-01", title="走廊照明", **item, deadline="2023-06-01", term="立行立改"
    )
    codes["closed"] = made.file(
        "rectification", "problem_item", "2023-03-02", title="食堂排队", **item, deadline="2023-06-01", term="长期整改"
    )
    codes["going"] = made.file(
        "rectification", "notice_item", "2023-03-03", title="台账不全", **item, deadline="2024-06-01", term="长期整改"
    )
    codes["dropped"] = made.file("study_session", "regular_meeting", "2023-02-02")
    codes["other"] = made.file("study_session", "theme_day", "2023-02-03", organisation=OTHER, theme="别校")
    codes["paper"] = made.file("paper", "publicity", "2023-09-01", title="校报一则", publicity="市级", channel="报纸")
    archive = made.house.archive
    made.on("2023-12-20")
    archive.sign_off(SYSTEM, codes["lecture"])
    archive.sign_off(SYSTEM, codes["theme"])
    archive.send_back(SYSTEM, codes["school"], "缺签到表")
    archive.withdraw(SYSTEM, codes["dropped"], "重复")
    archive.note_progress(SYSTEM, codes["going"], "已清点", "2023-07-01")
    archive.close_item(SYSTEM, codes["closed"], "已解决", (), "2023-06-10")
    return codes


def actor(role: str, organisation: str) -> Actor:
    """Somebody with one role."""
    return Actor("somebody", None, (Grant(organisation, role, "2000-01-01", None),))
