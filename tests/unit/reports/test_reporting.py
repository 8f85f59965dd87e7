"""The use case of reports: made as it stood, issued once, and what is said of a file that claims to be one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from hashlib import sha256
from typing import Any

import pytest

from domain.errors import EventUnreadable, NotAllowed, NotFound, Unavailable
from domain.event import Event
from domain.ports.events import Act
from domain.ports.ledger import Leaf
from domain.reports.events import ReportIssued
from domain.reports.reporting import RECORD_ERASED, FiguresBehind, Reporting, UnknownEnding, Verdict
from tests.fakes import NOON, SHANGHAI, School, lecture
from tests.ledger_fakes import MemoryFigures, MemoryLedger, directory_at

SCHOOL, YEAR = "school-01", 2023


class NoFont(Unavailable):
    """What a renderer raises that lacks something on this machine."""

    code, zh, en = "no_font_here", "没有字体", "no font"


class World:
    """A school with a lecture, its ledger and index of figures; ``render`` is what makes HTML of a report."""

    def __init__(self) -> None:
        self.school = School()
        self.ledger = MemoryLedger(self.school)
        self.figures = MemoryFigures(self.ledger)
        self.render: Callable[[Any, str], bytes] = lambda report, lang: f"{lang}{len(report['figures'])}".encode()
        self.reporting = Reporting(
            events=self.school.events, ledger=self.ledger, figures=self.figures, directory=self.school.directory,
            directory_at=lambda position: directory_at(self.school, position),
            renderers={"html": lambda report, lang: self.render(report, lang)},
            clock=lambda: self.school.now, entropy=self.school.chance, zone=SHANGHAI,
        )  # fmt: skip
        self.secretary = self.school.actor("secretary")
        self.code = self.file("一")
        self.settle()

    def file(self, title: str) -> str:
        files = [self.school.file(title.encode())]
        return self.school.archive.file(self.school.actor("clerk"), lecture(title=title), files).record.code

    def settle(self) -> int:
        self.ledger.integrate()
        self.figures.catch_up()
        return self.ledger.size()

    def issue(self) -> dict[str, bytes]:
        issued = self.reporting.issue(self.secretary, SCHOOL, YEAR, endings=("html",))
        assert issued.changed
        self.settle()
        return issued.files

    def verify(self, data: bytes) -> Verdict:
        return self.reporting.verify_file(self.secretary, data)

    def codes_of(self, data: bytes) -> list[str]:
        return [remark.code for remark in self.verify(data).remarks]

    @property
    def filed(self) -> Leaf:
        """The leaf of the lecture."""
        leaf = self.ledger.leaf_of(self.school.archive.find(self.code).id, 1)
        assert leaf is not None
        return leaf

    def alter(self, index: int, change: Callable[[Event], Event]) -> None:
        """An event, as somebody with the database would."""
        self.school.events.events[index] = change(self.school.events.events[index])

    def erase(self, *, states: bool) -> None:
        record = self.school.archive.find(self.code)
        self.school.erasing.propose(self.secretary, self.code, "privacy", "教党〔2024〕7号")
        self.school.erasing.approve(self.school.actor("admin"), self.code)
        if states:
            self.school.events.erase(record.id, 1, 3)


@pytest.fixture
def world() -> World:
    return World()


def sessions(world: World, as_of: Any = None) -> object:
    return world.reporting.annual(world.secretary, SCHOOL, YEAR, as_of).figures["study_session.count"]["value"]


# ── made ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_report_as_it_stood(world: World) -> None:
    """At a size, at the end of a day, at an instant with and without a zone, or at the published checkpoint."""
    before = world.ledger.size()
    world.school.later(2)
    world.file("二")
    after = world.settle()
    assert (sessions(world), sessions(world, before)) == (2, 1)
    local = NOON.astimezone(SHANGHAI).replace(tzinfo=None)
    asked = {
        date(2023, 5, 3): 0, date(2023, 5, 4): before, date(2023, 5, 6): after, NOON: before,
        NOON - timedelta(seconds=1): 0, local: before, local + timedelta(days=2): after, None: after, 0: 0,
    }  # fmt: skip
    assert {each: world.reporting.size_of(each) for each in asked} == asked
    assert sessions(world, world.filed.index) == 0
    with pytest.raises(NotFound):  # nor was there the organisation
        sessions(world, 0)


def test_a_size_that_never_was_is_not_found(world: World) -> None:
    """Neither one beyond the tree, nor a negative one, nor a checkpoint before there was any."""
    for size in (-1, world.ledger.size() + 1):
        with pytest.raises(NotFound):
            world.reporting.size_of(size)
    world.ledger.notes.clear()
    with pytest.raises(NotFound):
        world.reporting.size_of(None)


def test_the_policy_is_asked_about_the_organisation(world: World) -> None:
    """Who has no role there reads no report; a reader issues none; an organisation that is not there is not found."""
    with pytest.raises(NotAllowed):
        world.reporting.annual(world.school.actor("stranger"), SCHOOL, YEAR)
    with pytest.raises(NotAllowed):
        world.reporting.issue(world.school.actor("reader"), SCHOOL, YEAR)
    with pytest.raises(NotFound):
        world.reporting.annual(world.secretary, "school-99", YEAR)


def test_half_of_the_events_make_no_report(world: World) -> None:
    """An index that is behind says so."""
    world.figures.taken -= 1
    with pytest.raises(FiguresBehind):
        sessions(world)


def test_the_forms_of_a_report(world: World) -> None:
    """JSON always, others where somebody makes them, however the ending is written."""
    report = world.reporting.annual(world.secretary, SCHOOL, YEAR)
    assert world.reporting.render(report, ".JSON") == report.to_bytes()
    assert world.reporting.render(report, "html", "en").startswith(b"en")
    with pytest.raises(UnknownEnding, match="doc"):
        world.reporting.render(report, "doc")


# ── issued ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_issued_file_is_known(world: World) -> None:
    """In each of its forms, with the event that issued it; another byte, and it is none."""
    files = world.issue()
    for ending, data in files.items():
        verdict = world.verify(data)
        assert (verdict.ok, verdict.ending, verdict.remarks) == (True, ending, ())
        assert verdict.event is not None and verdict.event.digests[ending] == sha256(data).hexdigest()
        assert verdict.leaf == world.ledger.size() - 1
    other = world.verify(files["json"] + b" ")
    assert (other.issued, other.ok, [remark.code for remark in other.remarks]) == (False, False, ["not_issued"])


def test_what_the_index_does_not_know_yet_may_be_issued(world: World) -> None:
    """While it is behind nobody is told that a file is not genuine."""
    world.figures.taken -= 1
    with pytest.raises(FiguresBehind):
        world.verify(b"x")


def test_the_same_report_is_issued_once(world: World) -> None:
    """At the same checkpoint it is the same event; at a later one it is another."""
    size = world.ledger.size()
    first, again = (world.reporting.issue(world.secretary, SCHOOL, YEAR, size, ()) for _ in range(2))
    assert (first.changed, again.changed, again.event) == (True, False, first.event)
    world.file("二")
    world.settle()
    assert world.reporting.issue(world.secretary, SCHOOL, YEAR, endings=()).event.originator_version == 2


def test_who_was_quicker_is_looked_at(world: World) -> None:
    """Where another process issued the same in between, nothing is recorded twice."""
    size = world.ledger.size()

    def quicker() -> None:
        world.school.events.before_append = lambda: None
        world.reporting.issue(world.secretary, SCHOOL, YEAR, size, ())

    world.school.events.before_append = quicker
    assert not world.reporting.issue(world.secretary, SCHOOL, YEAR, size, ()).changed
    assert sum(isinstance(event, ReportIssued) for event in world.school.events.events) == 1


# ── checked ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_who_may_not_read_the_report_is_told_nothing_of_it(world: World) -> None:
    """Somebody who brings a genuine file of another school."""
    files = world.issue()
    with pytest.raises(NotAllowed):
        world.reporting.verify_file(world.school.actor("stranger"), files["json"])


def test_changed_history_does_not_yield_it(world: World) -> None:
    """The file is the issued one, and an event that it rests on was edited; the objection says the same."""
    files = world.issue()
    world.alter(world.filed.position - 1, lambda event: changed(event, content={**vars(event)["content"], "hours": 7}))
    assert world.codes_of(files["html"]) == ["history_differs"]
    event = world.verify(files["json"]).event
    assert event is not None
    objection = world.reporting.objection(event)
    assert objection is not None and objection.code == "history_differs"


def changed(event: Event, **values: object) -> Event:
    other = object.__new__(type(event))
    other.__dict__.update({**vars(event), **values})
    return other


def test_an_edited_issue_is_found(world: World) -> None:
    """By its leaf, whichever digest stands in it now; a row that is gone, and one that is no issue, as well."""
    files = world.issue()
    last = len(world.school.events.events) - 1
    kept = world.school.events.events[last]
    world.alter(last, lambda event: changed(event, year=2022))
    assert world.codes_of(files["json"]) == ["event_altered"]
    assert world.verify(files["json"]).leaf == world.ledger.size() - 1
    world.school.events.events[last] = kept
    for leaf in (replace(world.ledger.taken[-1], position=99), world.ledger.taken[-2]):
        issued, world.ledger.taken[-1] = world.ledger.taken[-1], leaf
        assert world.codes_of(files["json"]) == ["event_altered"]
        world.ledger.taken[-1] = issued


def test_a_rewritten_ledger_is_found(world: World) -> None:
    """At the size of that time there is another root now, or no such size at all."""
    files = world.issue()
    sound, world.ledger.taken[0] = world.ledger.taken[0], replace(world.ledger.taken[0], hash=b"x" * 32)
    assert world.codes_of(files["json"]) == ["root_differs"]
    world.ledger.taken[0] = sound
    assert world.codes_of(files["json"]) == []


def test_other_fonts_are_no_reproach(world: World) -> None:
    """Where this machine sets the page with other bytes, or cannot, the contents were compared all the same."""
    html = world.issue()["html"]

    def cannot(report: Any, lang: str) -> bytes:
        raise NoFont

    for render in (lambda report, lang: b"other bytes", cannot):
        world.render = render
        verdict = world.verify(html)
        assert (verdict.ok, [remark.code for remark in verdict.remarks]) == (True, ["rendering_differs"])


@pytest.mark.parametrize("states", [False, True], ids=["decided", "done"])
def test_an_erased_record_is_named_and_no_reproach(world: World, states: bool) -> None:
    """A report that counted what was lawfully erased since cannot be made again; later ones do not need it."""
    files = world.issue()
    world.erase(states=states)
    world.settle()
    verdict = world.verify(files["json"])
    assert verdict.ok and verdict.event is not None
    objection = world.reporting.objection(verdict.event)
    if states:
        assert [remark.code for remark in verdict.remarks] == [RECORD_ERASED]
        assert world.code in verdict.remarks[0].en and objection == verdict.remarks[0]
    else:
        assert (verdict.remarks, objection) == ((), None)
    assert sessions(world) == 0


def test_the_last_event_may_be_one_that_was_erased(world: World) -> None:
    """When it was recorded stands in the event that erased it."""
    size = world.filed.index + 1
    world.erase(states=True)
    world.settle()
    assert world.reporting.annual(world.secretary, SCHOOL, YEAR, size).as_of.last_recorded == NOON


def test_what_is_damaged_is_named(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that is missing, a tombstone without an erasure, an event that does not say when it was recorded."""
    files = world.issue()
    acts_at = world.school.events.acts_at

    def damaged(change: Callable[[list[Act]], list[Act]]) -> None:
        monkeypatch.setattr(world.school.events, "acts_at", lambda positions: change(acts_at(positions)))
        world.reporting._stood = None

    damaged(lambda acts: [act for act in acts if act[1] != "jianzheng:record.filed"] if len(acts) > 1 else acts)
    world.school.archive.sign_off(world.secretary, world.code)
    world.settle()
    with pytest.raises(EventUnreadable, match="the row is missing"):
        sessions(world)
    damaged(lambda acts: [(*act[:3], {"erased": {"by": 2, "state": "0" * 64}}) for act in acts])
    with pytest.raises(EventUnreadable, match="no erasure"):
        sessions(world)
    assert world.codes_of(files["json"]) == ["history_unreadable"]
    damaged(lambda acts: [(*act[:3], {**act[3], "recorded_at": "yesterday"}) for act in acts])
    with pytest.raises(EventUnreadable, match="recorded_at"):
        sessions(world)
    damaged(lambda acts: [])
    with pytest.raises(EventUnreadable):
        sessions(world)


def test_nothing_of_another_year(world: World) -> None:
    """A year without records is a report of nothing, and the day of it is in that year."""
    report = world.reporting.annual(world.secretary, SCHOOL, 2021)
    assert (report.events, report.day) == (0, "2021-12-31")
