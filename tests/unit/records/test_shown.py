"""What a hit shows of a record is what stood after the event that it was found by."""

from __future__ import annotations

from domain.records.shown import shown
from tests.fakes import School, lecture


def test_a_hit_shows_the_state_of_its_time() -> None:
    """Filed, returned, corrected, signed off: each with its own status, title and version; `newest` is today's."""
    school = School()
    clerk, secretary = school.actor("clerk"), school.actor("secretary")
    record = school.archive.file(clerk, lecture(title="第一稿")).record
    school.archive.send_back(secretary, record.code, "补签到表")
    school.archive.correct(clerk, record.code, lecture(title="第二稿"), "已补")
    school.archive.sign_off(secretary, record.code)
    history = school.events.stream(record.id)
    states = [shown(history, revision) for revision in range(1, 5)]
    assert [(it.status, it.title, it.version, it.newest) for it in states if it is not None] == [
        ("filed", "第一稿", 1, 2),
        ("returned", "第一稿", 1, 2),
        ("filed", "第二稿", 2, 2),
        ("signed", "第二稿", 2, 2),
    ]


def test_of_an_erased_record_nothing_is_shown() -> None:
    """In no state."""
    school = School()
    record = school.archive.file(school.actor("clerk"), lecture()).record
    school.erasing.propose(school.actor("secretary"), record.code, "privacy", "教党〔2024〕7号")
    school.erasing.approve(school.actor("admin"), record.code)
    history = school.events.stream(record.id)
    assert {shown(history, revision) for revision in range(1, len(history) + 1)} == {None}
