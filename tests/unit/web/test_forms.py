"""Form posts become the raw dictionary of record.yaml, and content becomes what a form shows."""

from __future__ import annotations

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.web.form_view import sections
from api.web.forms import at, from_content, raw_record
from api.web.locale import speaker
from api.web.record import facts, prose
from domain.records.content import Content, check
from domain.records.families import FAMILIES, Family, Form, form_fields
from domain.records.fields import Field

ZONE = ZoneInfo("Asia/Shanghai")
TODAY = date(2026, 6, 1)
FORMS = [(family, form) for family in FAMILIES for form in family.forms]


def test_dotted_names_become_groups_and_rows() -> None:
    """Given names of inputs, groups, rows in order, and moments of a date and a time come out."""
    posted = [
        ("csrf", "x"),
        ("_id", "y"),
        ("title", "党课"),
        ("occurred.from.date", "2026-04-21"),
        ("occurred.from.time", "14:30"),
        ("occurred.to.date", "2026-04-21"),
        ("attendance.on_leave.10.person", "赵军"),
        ("attendance.on_leave.2.person", "王芳"),
        ("attendance.on_leave.2.reason", "病假"),
        ("attendance.on_leave.3.person", "  "),
    ]
    assert raw_record(posted) == {
        "title": "党课",
        "occurred": {"from": "2026-04-21T14:30", "to": "2026-04-21"},
        "attendance": {"on_leave": [{"person": "王芳", "reason": "病假"}, {"person": "赵军"}]},
    }


def test_a_time_without_a_date_is_refused_by_the_rules_and_not_by_the_form() -> None:
    """Given only a time, the check says what is wrong with it."""
    raw = raw_record([("title", "x"), ("occurred.from.time", "14:30")])
    checked = check({**raw, "family": "paper", "form": "document"}, zone=ZONE, today=TODAY)
    assert [problem.field for problem in checked.problems] == ["occurred.from"]


@given(st.lists(st.tuples(st.text(max_size=30), st.text(max_size=10))))
def test_whatever_is_posted_is_read(pairs: list[tuple[str, str]]) -> None:
    """No post, however odd its names, raises; and the rules answer it with problems at most."""
    raw = raw_record(pairs)
    check({**raw, "family": "study_session", "form": "party_lecture"}, zone=ZONE, today=TODAY)


def test_a_moment_is_shown_to_the_minute() -> None:
    """An input for a time takes hours and minutes: seconds and the zone of what is corrected stay out of it."""
    raw = {"occurred": {"from": "2026-04-21T14:30:15+08:00"}}
    family, form = next((family, form) for family, form in FORMS if family.key == "study_session")
    basics = sections(family, form, raw, {})[0]
    assert next(i.value for i in basics.inputs if i.path == "occurred.from") == {"date": "2026-04-21", "time": "14:30"}


def full(family: Family, form: Form) -> Content:
    """Content with every field."""
    raw = {"family": family.key, "form": form.key, "occurred": {"from": "2026-04-21T14:30", "to": "2026-04-21T16:30"}}
    raw |= {key: _example(field) for key, field in form_fields(family.key, form.key).items()}
    raw["attendance"] = {
        "expected": 9,
        "present": 3,
        "attendees": ["甲"],
        "on_leave": [{"person": "乙", "reason": "假"}],
    }
    raw |= {key: 1 for key in ("votes_for", "votes_against", "votes_abstained", "satisfied", "returned") if key in raw}
    raw |= {key: 1 for key in ("mostly_satisfied", "dissatisfied") if key in raw}
    checked = check(raw, zone=ZONE, today=TODAY)
    assert checked.problems == ()
    return checked.content


@pytest.mark.parametrize(("family", "form"), FORMS, ids=lambda thing: thing.key)
def test_what_a_form_shows_says_the_same_again(family: Family, form: Form) -> None:
    """Given content with every field, when the form made of it is posted unchanged, then the content is the same."""
    content = full(family, form)
    again = check(from_content(content, ZONE), zone=ZONE, today=TODAY)
    assert again.problems == ()
    assert again.content == content


@pytest.mark.parametrize(("family", "form"), FORMS, ids=lambda thing: thing.key)
def test_a_record_shows_every_field_once(family: Family, form: Form) -> None:
    """Long texts are read below, everything else is looked up above; nothing is left out, nothing said twice."""
    content, t, fields = full(family, form), speaker("zh"), form_fields(family.key, form.key)
    above = [fact.field for fact in facts(t, content) if fact.field in fields.values()]  # beside who attended
    below = [fact.field for fact in prose(t, content)]
    assert sorted(field.key for field in (*above, *below) if field) == sorted(fields.keys() - {"title"})
    assert below == [field for field in fields.values() if field.kind in ("longtext", "texts")]


@pytest.mark.parametrize(("family", "form"), FORMS, ids=lambda thing: thing.key)
def test_every_field_of_a_form_has_one_input(family: Any, form: Any) -> None:
    """No field is left out of the page and none is asked for twice; what is required is marked."""
    inputs = [i for section in sections(family, form, {}, {}) for i in section.inputs]
    paths = [i.path for i in inputs if not i.path.startswith(("occurred.", "attendance."))]
    assert sorted(paths) == sorted(form_fields(family.key, form.key))
    assert len({i.id for i in inputs}) == len(inputs)
    assert {i.path for i in inputs if i.want == "must"} >= {"title", "occurred.from"}


def test_a_path_that_leads_nowhere_has_no_value() -> None:
    """`at` follows groups and rows, and stops where there is nothing."""
    raw = {"a": [{"b": "c"}]}
    assert (at(raw, "a.0.b"), at(raw, "a.1.b"), at(raw, "a.x"), at("text", "a")) == ("c", None, None, None)


def _example(field: Field) -> Any:
    match field.kind:
        case "int":
            return 9
        case "number":
            return 1.5
        case "flag":
            return True
        case "date":
            return "2026-05-01"
        case "choice":
            return field.choices[-1].key
        case "people" | "texts":
            return ["甲", "乙丙"]
        case "rows":
            return [{column.key: _example(column) for column in field.columns}]
        case _:
            return f"{field.zh}甲\n乙" if field.kind == "longtext" else field.zh
