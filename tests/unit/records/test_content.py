"""What a record must and may say: errors refuse, gaps are noted."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.records import content, families
from domain.records.fields import Field, Reader
from tests.fakes import SHANGHAI, lecture

TODAY = date(2023, 5, 4)


def check(raw, roles=()):
    return content.check(raw, zone=SHANGHAI, today=TODAY, file_roles=roles)


def problem_fields(raw):
    return [p.field for p in check(raw).problems]


def gap_set(raw, roles=()):
    return {(g.code, g.field) for g in check(raw, roles).gaps}


def test_a_complete_lecture_has_no_problem_and_only_the_gaps_of_unlinked_people():
    """People are linked by the archive, not by the check: that gap is all that is left."""
    checked = check(lecture())
    assert checked.problems == ()
    assert {g.code for g in checked.gaps} == {"person_not_on_roll"}
    assert checked.content["form"] == "party_lecture"


def test_only_five_fields_are_required():
    """Organisation, family, form, title and the start: everything else may come later."""
    raw = {
        "organisation": "x",
        "family": "discussion",
        "form": "visit",
        "title": "走访",
        "occurred": {"from": "2023-04-01"},
    }
    assert check(raw).problems == ()
    assert gap_set(raw) == {("missing", "body"), ("missing", "visited"), ("missing", "findings")}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"family": "meeting"}, "family"),
        ({"form": "茶话会"}, "form"),
        ({"title": None}, "title"),
        ({"title": "  "}, "title"),
        ({"title": "字" * 2001}, "title"),
        ({"title": ["a"]}, "title"),
        ({"title": "a\x00b"}, "title"),
        ({"occurred": None}, "occurred.from"),
        ({"occurred": "2023"}, "occurred"),
        ({"occurred": {"from": "昨天"}}, "occurred.from"),
        ({"occurred": {"from": "2023-02-30"}}, "occurred.from"),
        ({"occurred": {"from": "1023-02-03"}}, "occurred.from"),
        ({"occurred": {"from": "2023-06-01"}}, "occurred.from"),
        ({"occurred": {"from": "2023-04-21T14:30+08:00", "to": "2023-04-21T14:00+08:00"}}, "occurred.to"),
        ({"occurred": {"from": "2023-04-21", "to": "2023-04-20"}}, "occurred.to"),
        ({"occurred": {"from": "2023-04-21", "until": "2023-04-20"}}, "occurred.until"),
        ({"hours": "很多"}, "hours"),
        ({"hours": -1}, "hours"),
        ({"hours": True}, "hours"),
        ({"hours": "nan"}, "hours"),
        ({"retention": "5y"}, "retention"),
        ({"chair": {"who": "张敏"}}, "chair.who"),
        ({"chair": ["张敏"]}, "chair"),
        ({"chair": "张" * 101}, "chair"),
        ({"colour": "red"}, "colour"),
        ({"agenda": "x\n" * 10_001}, "agenda"),
        ({"attendance": 5}, "attendance"),
        ({"attendance": {"expected": 3, "present": 4}}, "attendance.present"),
        ({"attendance": {"expected": 3, "present": 3, "on_leave": [{"person": "王芳"}]}}, "attendance.on_leave"),
        ({"attendance": {"present": 1, "attendees": ["甲", "乙"]}}, "attendance.attendees"),
        ({"attendance": {"attendees": ["甲"], "on_leave": [{"person": "甲"}]}}, "attendance.on_leave"),
        ({"attendance": {"attendees": ["甲", "甲"]}}, "attendance.attendees"),
        ({"attendance": {"on_leave": "王芳"}}, "attendance.on_leave"),
        ({"attendance": {"on_leave": ["王芳"]}}, "attendance.on_leave.0"),
        ({"attendance": {"on_leave": [{"reason": "病假"}]}}, "attendance.on_leave.0.person"),
        ({"attendance": {"expected": 2.5}}, "attendance.expected"),
    ],
)
def test_what_contradicts_itself_refuses_the_record(change, field):
    """Each contradiction is an error that names the field."""
    assert field in problem_fields(lecture(**change))


@pytest.mark.parametrize(
    ("change", "gap"),
    [
        ({"hours": None}, ("missing", "hours")),
        ({"attendance": None}, ("missing", "attendance")),
        ({"occurred": {"from": "2023-04-21"}}, ("missing", "occurred.to")),
        ({"attendance": {"expected": 3, "present": 2}}, ("absentees_not_named", "attendance.on_leave")),
        (
            {"attendance": {"expected": 3, "present": 2, "on_leave": [{"person": "王芳"}]}},
            ("no_reason", "attendance.on_leave.0.reason"),
        ),
        ({"attendance": {"present": 2}}, ("missing", "attendance.expected")),
    ],
)
def test_what_is_not_said_is_a_gap(change, gap):
    """A gap is noted and refuses nothing."""
    raw = lecture(**change)
    assert check(raw).problems == ()
    assert gap in gap_set(raw)


def test_a_file_of_the_expected_role_closes_its_gap():
    """The training form expects a sign-in sheet."""
    raw = lecture(form="培训", lecturer=None, course="师德")
    assert ("missing_file", "file:attendance_sheet") in gap_set(raw)
    assert ("missing_file", "file:attendance_sheet") not in gap_set(raw, ["attendance_sheet"])


def test_a_general_meeting_without_a_majority_present_has_no_quorum():
    """党员大会: more than half of those entitled to vote."""
    raw = lecture(form="党员大会", lecturer=None, entitled=4, attendance={"expected": 4, "present": 2})
    assert ("no_quorum", "attendance.present") in gap_set(raw)
    raw["attendance"] = {"expected": 4, "present": 3}
    assert ("no_quorum", "attendance.present") not in gap_set(raw)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"form": "党员大会", "lecturer": None, "votes_for": 3}, "votes_for"),
        ({"form": "党员大会", "lecturer": None, "votes_for": 3, "entitled": 2, "attendance": None}, "votes_for"),
    ],
)
def test_votes_are_not_more_than_voters(change, field):
    """Neither more than were present nor more than may vote."""
    assert field in problem_fields(lecture(**change))


def test_parts_are_not_more_than_their_whole():
    """Returned sheets, ballots."""
    base = {"organisation": "x", "title": "调研", "occurred": {"from": "2023-04-01"}}
    survey = {**base, "family": "讨论记录", "form": "问卷调研", "distributed": 5, "returned": 6}
    assert problem_fields(survey) == ["returned"]
    ballot = {**base, "family": "evaluation", "form": "satisfaction", "ballots": 5, "satisfied": 4, "dissatisfied": 2}
    assert problem_fields(ballot) == ["ballots"]


def test_more_than_a_third_excellent_is_a_gap():
    """优秀 ≤ ⅓ of those appraised."""
    rows = [{"person": f"甲{n}", "grade": "优秀" if n < 2 else "合格"} for n in range(3)]
    raw = {
        "organisation": "x", "family": "evaluation", "form": "民主评议党员", "title": "评议",
        "occurred": {"from": "2023-04-01"}, "results": rows,
    }  # fmt: skip
    assert ("too_many_excellent", "results") in gap_set(raw)
    rows[1]["grade"] = "合格"
    assert ("too_many_excellent", "results") not in gap_set(raw)


def test_an_instant_without_a_zone_is_in_the_archives_own():
    """A clerk writes local time."""
    checked = check(lecture(occurred={"from": "2023-04-21 14:30", "to": "2023-04-21T16:30:05Z"}))
    assert checked.content["occurred"] == {"from": "2023-04-21T14:30+08:00", "to": "2023-04-21T16:30:05+00:00"}


def test_words_of_both_languages_are_understood():
    """Choices, forms and families by key, Chinese or English name."""
    for word in ("永久", "permanent"):
        assert check(lecture(retention=word)).content["retention"] == "permanent"
    for form in ("party_lecture", "party lecture", "党课"):
        assert check(lecture(form=form)).content["form"] == "party_lecture"


def test_lists_are_cut_where_people_separate():
    """A web form sends one text; names are cut at commas, agenda items only at line breaks."""
    checked = check(lecture(agenda="一、学习\n二、讨论，交流", attendance={"attendees": "张敏、李强，王芳"}))
    assert checked.content["agenda"] == ["一、学习", "二、讨论，交流"]
    assert [p["name"] for p in checked.content["attendance"]["attendees"]] == ["张敏", "李强", "王芳"]


@pytest.mark.parametrize(("word", "value"), [("是", True), ("no", False), (True, True), ("也许", None)])
def test_a_flag_is_yes_or_no(word, value):
    """Anything else is refused."""
    reader = Reader(SHANGHAI, [])
    assert reader.read(Field("f", "标记", "flag", "flag"), word, "f") is value
    assert bool(reader.problems) == (value is None)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (Field("d", "日期", "date", "date"), "2023-13-01"),
        (Field("r", "表", "rows", "rows", columns=(Field("a", "甲", "a"),)), [{}] * 10_001),
        (Field("p", "人", "person", "person"), {"name": ""}),
    ],
)
def test_a_field_of_its_kind_refuses_others(field, value):
    """Dates, long tables, nobody."""
    reader = Reader(SHANGHAI, [])
    assert reader.read(field, value, "x") is None
    assert reader.problems


def test_find_gaps_of_an_unknown_form_is_empty():
    """A form that a later version dropped has no expectations any more."""
    assert content.find_gaps({"family": "study_session", "form": "gone", "occurred": {}}, ()) == ()
    assert families.form_fields("gone", "gone") == {}


def test_families_have_unique_names_and_expect_only_what_they_have():
    """The data is consistent: no form is ambiguous, no expectation can never be met."""
    roles = {role.key for role in families.FILE_ROLES}
    for family in families.FAMILIES:
        words = [w for form in family.forms for w in (form.key, form.zh)]
        assert len(words) == len(set(words))
        for form in family.forms:
            fields = families.form_fields(family.key, form.key)
            for key in families.expected_of(family, form):
                assert key in fields or key in {"attendance", "occurred.to"} or key.removeprefix("file:") in roles


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
KEYS = st.sampled_from(["title", "occurred", "attendance", "chair", "hours", "agenda", "results", "scores", "quarter"])


@given(
    family=st.sampled_from([f.key for f in families.FAMILIES]),
    number=st.integers(0, 12),
    more=st.dictionaries(KEYS, JUNK, max_size=6),
)
def test_whatever_is_written_is_checked_and_never_raises(family, number, more):
    """Junk is a problem or a value, never an exception."""
    forms = families.family(family).forms
    raw = {"family": family, "form": forms[number % len(forms)].key, "title": "题", "occurred": {"from": "2023-01-01"}}
    checked = check({**raw, **more})
    assert checked.problems or checked.content["title"]
