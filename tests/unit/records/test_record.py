"""The life of a record: given these events, when this act, then that event or that refusal."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from domain.files import FileEntry
from domain.records import content
from domain.records.events import FilesAttached, RecordFiled, RecordSignedOff
from domain.records.record import Record, file_record
from domain.records.refusals import (
    ActNotPossible,
    FamilyFixed,
    FileNameTaken,
    HistoryImpossible,
    ItemIsClosed,
    NotAnItem,
)
from domain.records.replay import replay
from tests.fakes import SHANGHAI, lecture, stamp

RECORD = UUID(int=7)
SHEET = FileEntry("签到表.jpg", "ab" * 32, 10, "image/jpeg", "attendance_sheet")
PHOTO = FileEntry("照片.jpg", "cd" * 32, 20, "image/jpeg", "photo")


def checked(**more):
    return content.check(lecture(**more), zone=SHANGHAI, today=date(2023, 5, 4))


def item():
    raw = {"family": "rectification", "form": "问题整改", "title": "记录不规范", "occurred": {"from": "2023-04-01"}}
    return content.check(raw, zone=SHANGHAI, today=date(2023, 5, 4))


def filed(found=None, files=(SHEET,)):
    return file_record(RECORD, "branch-1-2023-0001", "branch-1", found or checked(), files, False, stamp())


def given(*acts, found=None):
    """A record after filing and the named acts; returns it and its events."""
    events = [filed(found)]
    record = Record.begin(events[0])
    for act in acts:
        event = act(record)
        record.apply(event)
        events.append(event)
    return record, events


def sign(record):
    return record.sign_off("同意", stamp("secretary"))


def send_back(record):
    return record.send_back("缺席原因没有写", stamp("secretary"))


def withdraw(record):
    return record.withdraw("重复", stamp("secretary"))


def correct(record):
    return record.correct(checked(title="新题名"), record.files, "题名有误", stamp())


def progress(record):
    return record.note_progress("2023-04-10", "已制定制度", stamp())


def close(record):
    return record.close_item("2023-04-20", "已完成", ["branch-1-2023-0002"], stamp("secretary"))


def test_a_filed_record_awaits_sign_off():
    """Filing is version 1 and the first line of the history."""
    record, _ = given()
    assert (record.status, record.revision, record.current.number) == ("filed", 1, 1)
    assert [a.name for a in record.history] == ["filed"]
    assert record.item is None


def test_sign_off_and_return_change_the_status_not_the_version():
    """The secretary's word is about the content as it is."""
    record, _ = given(sign, send_back)
    assert (record.status, record.current.number, record.revision) == ("returned", 1, 3)
    assert record.history[-1].reason == "缺席原因没有写"


def test_a_correction_is_a_new_version_and_asks_for_sign_off_again():
    """The first version stays readable."""
    record, _ = given(sign, correct)
    assert (record.status, record.current.number) == ("filed", 2)
    assert record.version(1).content["title"].startswith("专题党课")
    assert record.version(2).content["title"] == "新题名"
    assert record.version(3) is None


def test_a_correction_that_changes_nothing_is_no_event():
    """Saying the same again leaves no trace."""
    record, _ = given()
    assert record.correct(checked(), record.files, "没有改", stamp()) is None


def test_a_correction_keeps_the_family():
    """A meeting does not become a rectification item."""
    record, _ = given()
    with pytest.raises(FamilyFixed):
        record.correct(item(), record.files, "改类别", stamp())


def test_attached_files_join_the_version_and_undo_the_sign_off():
    """What was signed was without them."""
    record, _ = given(sign, lambda r: r.attach([PHOTO], [], stamp()))
    assert [f.name for f in record.files] == ["签到表.jpg", "照片.jpg"]
    assert (record.status, record.current.number) == ("filed", 1)
    assert record.history[-1].reason == "照片.jpg"


def test_attaching_to_a_returned_record_leaves_it_returned():
    """Only a correction answers a return."""
    record, _ = given(send_back, lambda r: r.attach([PHOTO], [], stamp()))
    assert record.status == "returned"


def test_the_same_file_again_is_no_event_and_another_under_its_name_is_refused():
    """One name never stands for two contents."""
    record, _ = given()
    assert record.attach([SHEET], [], stamp()) is None
    with pytest.raises(FileNameTaken):
        record.attach([replace(SHEET, sha256="ef" * 32)], [], stamp())


@pytest.mark.parametrize(
    ("acts", "act"),
    [
        ([withdraw], sign), ([withdraw], correct), ([withdraw], withdraw), ([withdraw], send_back),
        ([send_back], sign), ([send_back], send_back), ([sign], sign),
        ([withdraw], lambda r: r.attach([PHOTO], [], stamp())),
    ],
)  # fmt: skip
def test_acts_that_the_status_forbids_are_refused(acts, act):
    """The error says in which state the record is."""
    record, _ = given(*acts)
    with pytest.raises(ActNotPossible) as refusal:
        act(record)
    assert "不能" in refusal.value.message("zh")


def test_an_item_goes_from_open_through_progress_to_closed():
    """Rectification items have a life of their own."""
    record, _ = given(found=item())
    assert record.item == "open"
    record, _ = given(progress, close, found=item())
    assert (record.item, record.closed_on) == ("closed", "2023-04-20")
    with pytest.raises(ItemIsClosed):
        progress(record)


def test_only_items_have_progress_and_closing():
    """A lecture is not closed."""
    record, _ = given()
    for act in (progress, close):
        with pytest.raises(NotAnItem):
            act(record)


def test_replay_of_what_the_rules_made_is_the_same_record():
    """Deciding and folding agree."""
    record, events = given(sign, correct, send_back, correct_again, withdraw)
    assert replay(events) == record
    assert replay([]) is None


def correct_again(record):
    return record.correct(checked(title="再改"), record.files, "仍有误", stamp())


def test_replay_refuses_what_the_rules_could_not_have_made():
    """Holes, double filings, foreign beginnings, acts out of turn."""
    _, events = given(sign)
    signed = events[1]
    assert isinstance(signed, RecordSignedOff)
    for history in (
        [signed],
        [replace(events[0], originator_version=2)],
        [events[0], replace(signed, originator_version=3)],
        [events[0], replace(events[0], originator_version=2)],
        [events[0], signed, replace(signed, originator_version=3)],
    ):
        with pytest.raises(HistoryImpossible):
            replay(history)


def test_apply_knows_only_acts_on_records():
    """A foreign event in the stream is named."""
    record, events = given()
    with pytest.raises(HistoryImpossible):
        record.apply(events[0])
    assert isinstance(events[0], RecordFiled)
    assert FilesAttached.TOPIC == "jianzheng:record.files-attached"
