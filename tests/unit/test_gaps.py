"""What is missing, said to a person."""

from __future__ import annotations

import pytest

from domain.records.families import FAMILIES, expected_of
from domain.records.gaps import describe, label

CONTENT = {
    "family": "study_session",
    "form": "party_lecture",
    "title": "x",
    "chair": {"name": "张敏"},
    "attendance": {"on_leave": [{"person": {"name": "王芳"}}], "attendees": [{"name": "李强"}]},
}


@pytest.mark.parametrize(
    ("code", "field", "zh", "en"),
    [
        ("missing", "recorder", "没有填记录人", "the recorder is not given"),
        ("missing", "occurred.to", "没有填结束时间", "the end is not given"),
        ("missing", "attendance", "没有填出席情况", "the attendance is not given"),
        ("missing", "attendance.expected", "没有填应到", "the expected is not given"),
        ("missing_file", "file:minutes", "没有附会议记录", "no file is attached as minutes"),
        ("no_reason", "attendance.on_leave.0.reason", "请假没有写原因：王芳", "an absence has no reason: 王芳"),
        ("person_not_on_roll", "attendance.attendees.0", "到会人员不在册，或者重名：李强", "attendees"),
        ("person_not_on_roll", "chair", "主持人不在册，或者重名：张敏", "chair"),
        ("something_new", "chair", "主持人不全：张敏", "the chair is incomplete"),
    ],
)
def test_a_gap_is_a_sentence(code: str, field: str, zh: str, en: str) -> None:
    """Each kind of gap says in both languages what is missing, and who is meant."""
    gap = {"code": code, "field": field}
    assert describe(gap, "zh", CONTENT) == zh
    assert en in describe(gap, "en", CONTENT)


def test_a_gap_without_its_record_still_says_what_it_is() -> None:
    """Where the content is not at hand the field is found among all forms."""
    assert describe({"code": "missing", "field": "lecturer"}, "zh") == "没有填主讲人"
    assert describe({"code": "no_reason", "field": "attendance.on_leave.3.reason"}, "zh") == "请假没有写原因"
    assert label("no_such_field") == ("no_such_field", "no_such_field")


def test_everything_a_form_expects_has_a_name() -> None:
    """No gap that can be found is shown by its key."""
    for family in FAMILIES:
        for form in family.forms:
            content = {"family": family.key, "form": form.key}
            for path in expected_of(family, form):
                assert label(path, content)[0] != path
