"""The use cases, with everything outside in memory."""

from __future__ import annotations

from datetime import date
from threading import Thread
from uuid import UUID, uuid4

import pytest

from domain.days import BadDate
from domain.errors import ArchiveBusy, InvalidRecord, NotAllowed, NotFound, VersionConflict
from domain.records.codes import Entered
from domain.records.events import RecordFiled
from domain.records.filing import IdempotencyMismatch, IncomingFile, ReasonMissing, working_days
from tests.fakes import School, lecture


@pytest.fixture
def school():
    return School()


def test_filing_stores_the_files_first_and_then_record_and_register_together(school):
    """One act, two events, one transaction."""
    before = len(school.events.events)
    file = school.file(b"names")
    outcome = school.archive.file(school.actor("clerk"), lecture(), [file])
    assert outcome.changed and outcome.record.code == "branch-1-2023-0001"
    assert [type(e) for e in school.events.events[before:]] == [RecordFiled, Entered]
    assert list(school.blobs.kept) == [file.staged.sha256]


def test_people_that_fit_exactly_one_are_linked(school):
    """张敏 is of the branch; 王芳 of the school above is the only one on her way up; a visitor stays as written."""
    outcome = school.archive.file(school.actor("clerk"), lecture(recorder="来宾"))
    found = outcome.record.content
    assert found["chair"] == {"name": "张敏", "person": "p-1"}
    assert found["attendance"]["on_leave"][0]["person"]["person"] == "p-3"
    assert found["recorder"] == {"name": "来宾"}
    assert {"code": "person_not_on_roll", "field": "recorder"} in outcome.record.current.gaps


def test_codes_follow_one_another_by_organisation_and_year(school):
    """Each register counts for itself."""
    clerk = school.actor("clerk")
    codes = [
        school.archive.file(clerk, lecture()).record.code,
        school.archive.file(clerk, lecture(title="另一次")).record.code,
        school.archive.file(clerk, lecture(occurred={"from": "2022-04-21"})).record.code,
        school.archive.file(clerk, lecture(organisation="school-01")).record.code,
    ]
    assert codes == ["branch-1-2023-0001", "branch-1-2023-0002", "branch-1-2022-0001", "school-01-2023-0001"]


def test_a_record_is_found_by_code_and_by_id(school):
    """And by nothing else."""
    record = school.archive.file(school.actor("clerk"), lecture()).record
    assert school.archive.find(record.code) == school.archive.find(str(record.id)) == record
    for reference in ("branch-1-2023-0002", "nothing", str(UUID(int=99))):
        with pytest.raises(NotFound):
            school.archive.find(reference)


def test_the_same_id_again_files_nothing_twice(school):
    """A retry is answered as the first time; another content under the same id is refused."""
    clerk = school.actor("clerk")
    first = school.archive.file(clerk, lecture(), record_id=UUID(int=5))
    count = len(school.events.events)
    again = school.archive.file(clerk, lecture(), record_id=UUID(int=5))
    assert not again.changed and again.record == first.record
    assert len(school.events.events) == count
    with pytest.raises(IdempotencyMismatch):
        school.archive.file(clerk, lecture(title="别的"), record_id=UUID(int=5))


def test_codes_taken_meanwhile_are_passed_over(school):
    """However many others file in the same register at the last moment: this filing gets the code after theirs."""
    clerk = school.actor("clerk")

    def interfere():
        school.events.before_append = lambda: None
        for n in range(30):
            school.archive.file(clerk, lecture(title=f"先到 {n}"))

    school.events.before_append = interfere
    assert school.archive.file(clerk, lecture()).record.code == "branch-1-2023-0031"


def test_many_who_file_at_once_are_all_filed(school):
    """8 clerks in one register: each filing has a code of its own, and none is told that somebody changed a record."""
    clerk, codes = school.actor("clerk"), list[str]()

    def work(n):
        for m in range(10):
            codes.append(school.archive.file(clerk, lecture(title=f"{n}-{m}"), record_id=uuid4()).record.code)

    threads = [Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [f"branch-1-2023-{n:04d}" for n in range(1, 81)]


def test_the_same_filing_by_two_processes_is_one_record(school):
    """The slower one finds the record of the faster one."""
    clerk = school.actor("clerk")

    def interfere():
        school.events.before_append = lambda: None
        school.archive.file(clerk, lecture(), record_id=UUID(int=5))

    school.events.before_append = interfere
    assert not school.archive.file(clerk, lecture(), record_id=UUID(int=5)).changed


@pytest.mark.parametrize("fault", [ArchiveBusy, VersionConflict])
def test_what_the_store_says_of_a_filing_is_passed_on(school, fault):
    """A store that is held for too long is busy, not in conflict; a conflict without a record is not hidden."""

    def fail():
        raise fault

    before = len(school.events.events)
    school.events.before_append = fail
    with pytest.raises(fault):
        school.archive.file(school.actor("clerk"), lecture())
    assert len(school.events.events) == before


@pytest.mark.parametrize("raw", [lecture(organisation=None), lecture(organisation="nowhere"), lecture(title=None)])
def test_a_refused_record_stores_nothing(school, raw):
    """Neither event nor file."""
    before = len(school.events.events)
    with pytest.raises((InvalidRecord, NotFound)):
        school.archive.file(school.actor("clerk"), raw, [school.file(b"x")])
    assert len(school.events.events) == before
    assert not school.blobs.kept


@pytest.mark.parametrize("name", ["", " ", "..", "a/b", "a\\b", "a\nb", "x" * 256])
def test_a_name_that_is_no_file_name_is_refused(school, name):
    """A name is a name, not a path."""
    with pytest.raises(InvalidRecord):
        school.archive.file(school.actor("clerk"), lecture(), [school.file(b"x", name)])


def test_a_file_role_is_one_of_those_there_are(school):
    """The error lists them."""
    with pytest.raises(InvalidRecord, match="attendance_sheet"):
        school.archive.file(school.actor("clerk"), lecture(), [school.file(b"x", role="thing")])


def test_filed_long_after_it_happened_is_late(school):
    """More than ten working days; papers are never late."""
    clerk = school.actor("clerk")
    assert not school.archive.file(clerk, lecture()).record.late
    assert school.archive.file(clerk, lecture(occurred={"from": "2023-03-01"})).record.late
    paper = {
        "organisation": "branch-1",
        "family": "paper",
        "form": "plan",
        "title": "方案",
        "occurred": {"from": "2020-01-01"},
    }
    assert not school.archive.file(clerk, paper).record.late


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [("2023-04-21", "2023-04-21", 0), ("2023-04-21", "2023-04-20", 0), ("2023-04-21", "2023-04-24", 1),
     ("2023-04-21", "2023-04-28", 5), ("2023-04-22", "2023-05-06", 10), ("2023-04-19", "2023-05-04", 11)],
)  # fmt: skip
def test_working_days_leave_out_weekends(start, end, days):
    """Mondays to Fridays after the first day."""
    assert working_days(date.fromisoformat(start), date.fromisoformat(end)) == days


def test_the_whole_life_of_a_record(school):
    """File, attach, return, correct, sign off, withdraw — each by who may."""
    archive, clerk, secretary = school.archive, school.actor("clerk"), school.actor("secretary")
    code = archive.file(clerk, lecture()).record.code
    assert archive.attach(clerk, code, [school.file(b"photo", "照片.jpg", "photo")]).changed
    assert not archive.attach(clerk, code, [school.file(b"photo", "照片.jpg", "photo")]).changed
    archive.send_back(secretary, code, "请写明决议")
    corrected = archive.correct(
        clerk, code, lecture(decisions=["定期学习"]), "补写决议", [school.file(b"2", "决议.txt")]
    )
    assert corrected.record.current.number == 2
    assert [f.name for f in corrected.record.files] == ["照片.jpg", "决议.txt"]
    assert not archive.correct(clerk, code, lecture(decisions=["定期学习"]), "没有改").changed
    assert archive.sign_off(secretary, code).record.status == "signed"
    archive.withdraw(secretary, code, "重复录入")
    assert archive.read(clerk, code).status == "withdrawn"


def test_an_item_is_worked_on_and_closed_with_evidence(school):
    """Evidence is named by archival code and must be readable."""
    archive, clerk, secretary = school.archive, school.actor("clerk"), school.actor("secretary")
    proof = archive.file(clerk, lecture()).record.code
    item = {
        "organisation": "branch-1", "family": "rectification", "form": "问题整改", "title": "记录不规范",
        "occurred": {"from": "2023-05-01"}, "measures": "统一模板",
    }  # fmt: skip
    code = archive.file(clerk, item).record.code
    archive.note_progress(clerk, code, "模板已下发", "2023-05-03")
    with pytest.raises(NotFound):
        archive.close_item(secretary, code, "完成", ["branch-1-2023-0999"])
    closed = archive.close_item(secretary, code, "完成", [proof])
    assert (closed.record.item, closed.record.closed_on) == ("closed", "2023-05-04")


@pytest.mark.parametrize("act", ["send_back", "withdraw", "correct", "note_progress"])
def test_acts_that_need_a_reason_ask_for_it(school, act):
    """Blank is no reason."""
    secretary = school.actor("secretary")
    code = school.archive.file(secretary, lecture()).record.code
    arguments = (lecture(), " ") if act == "correct" else (" ",)
    with pytest.raises(ReasonMissing):
        getattr(school.archive, act)(secretary, code, *arguments)


def test_a_date_of_progress_is_a_date(school):
    """Not "yesterday"."""
    code = school.archive.file(school.actor("clerk"), lecture()).record.code
    with pytest.raises(BadDate):
        school.archive.note_progress(school.actor("clerk"), code, "x", "昨天")


def test_a_correction_does_not_move_or_break_the_record(school):
    """Organisation stays; a contradiction is refused; bad file names too."""
    clerk = school.actor("clerk")
    code = school.archive.file(clerk, lecture()).record.code
    for raw in (lecture(organisation="school-01"), lecture(title=None)):
        with pytest.raises(InvalidRecord):
            school.archive.correct(clerk, code, raw, "改")
    with pytest.raises(InvalidRecord):
        school.archive.correct(clerk, code, lecture(), "改", [school.file(b"1", "a/b")])
    with pytest.raises(InvalidRecord):
        school.archive.attach(clerk, code, [school.file(b"1", "a/b")])


@pytest.mark.parametrize(
    ("who", "act"),
    [("stranger", "read"), ("reader", "sign_off"), ("clerk", "sign_off"), ("inspector", "sign_off")],
)
def test_who_may_not_is_refused(school, who, act):
    """The policy is asked for everything."""
    code = school.archive.file(school.actor("clerk"), lecture()).record.code
    with pytest.raises(NotAllowed):
        getattr(school.archive, act)(school.actor(who), code)


def test_others_may_not_file_here(school):
    """A clerk of another school."""
    with pytest.raises(NotAllowed):
        school.archive.file(school.actor("stranger"), lecture())


def test_who_may_read_nothing_is_not_told_what_exists(school):
    """An account without a role gets the same answer for a record that is and for one that is not."""
    from domain.access import Actor

    with pytest.raises(NotAllowed):
        school.archive.read(Actor("nobody"), "branch-1-2023-0001")
    there = school.archive.file(school.actor("clerk"), lecture()).record.code
    for code in (there, "branch-1-2023-0999"):  # codes can be counted through
        with pytest.raises(NotAllowed):
            school.archive.read(school.actor("stranger"), code)
    with pytest.raises(NotFound):
        school.archive.read(school.actor("reader"), "branch-1-2023-0999")


def test_a_self_analysis_is_read_by_few(school):
    """Author, reviewer, filer, secretary, inspector — not the administrator, not another reader."""
    raw = {
        "organisation": "branch-1", "family": "self_analysis", "form": "党性分析材料", "title": "分析",
        "occurred": {"from": "2023-05-01"}, "author": "张敏",
    }  # fmt: skip
    code = school.archive.file(school.actor("clerk"), raw).record.code
    for who in ("clerk", "secretary", "inspector", "reader"):
        assert school.archive.read(school.actor(who), code).code == code
    other = {**raw, "author": "李强", "title": "另一份"}
    code = school.archive.file(school.actor("secretary"), other).record.code
    assert school.archive.read(school.actor("clerk"), code).code == code  # the author's own account
    for who in ("reader", "admin"):
        with pytest.raises(NotAllowed):
            school.archive.read(school.actor(who), code)


def test_an_incoming_file_says_what_its_entry_will_be(school):
    """Name, digest, size, type, role."""
    file = school.file(b"abc")
    assert isinstance(file, IncomingFile)
    assert file.entry().as_json()["size"] == 3
