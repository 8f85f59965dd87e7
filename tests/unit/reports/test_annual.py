"""Given these events, then these figures, each with exactly the events behind it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest

from domain.errors import NotFound
from domain.reports.annual import FOLDS, AsOf, InvalidYear, ReportImpossible, UnknownFold, annual, report_day
from tests.unit.reports.facts import Story, directory, person, record

R1, R2, R3, R4 = (record(n) for n in range(1, 5))


def check(story: Story, expected: dict[str, tuple[Any, list[int]]], **question: Any) -> None:
    figures = story.report(**question).figures
    assert {name: (figures[name]["value"], figures[name]["events"]) for name in expected} == expected


def test_counts_by_family_form_and_month() -> None:
    """Given three sessions and a paper, then each is counted once by family, by form and in its month."""
    story = Story()
    a = story.filed(R1, "study_session", "party_lecture", "2023-04-21")
    b = story.filed(R2, "study_session", "party_lecture", "2023-04-28T14:30+08:00", organisation="b2")
    c = story.filed(R3, "study_session", "theme_day", "2023-11-05")
    d = story.filed(R4, "paper", "plan", "2023-01-05")
    check(
        story,
        {
            "records.count": (4, [a, b, c, d]),
            "study_session.count": (3, [a, b, c]),
            "study_session.party_lecture.count": (2, [a, b]),
            "study_session.party_lecture.month.04": (2, [a, b]),
            "study_session.party_lecture.month.05": (0, []),
            "study_session.month.11": (1, [c]),
            "study_session.general_meeting.count": (0, []),
            "paper.plan.month.01": (1, [d]),
        },
    )


def test_only_the_organisation_and_those_below_it() -> None:
    """Given records of two branches, then the report of one holds its own and that of the school holds both."""
    story = Story()
    a = story.filed(R1, "study_session", "theme_day", "2023-04-21", organisation="b1")
    b = story.filed(R2, "study_session", "theme_day", "2023-04-22", organisation="b2")
    check(story, {"records.count": (1, [a])}, organisation="b1")
    check(story, {"records.count": (1, [b])}, organisation="b2")
    check(story, {"records.count": (2, [a, b])}, organisation="top")


def test_a_correction_moves_the_record() -> None:
    """Given a correction to another year and form, then only the corrected content counts, by the correction."""
    story = Story()
    story.filed(R1, "study_session", "theme_day", "2023-04-21")
    moved = story.corrected(R1, "study_session", "party_lecture", "2022-04-21")
    check(story, {"records.count": (0, [])}, year=2023)
    check(
        story,
        {"study_session.party_lecture.count": (1, [moved]), "study_session.theme_day.count": (0, [])},
        year=2022,
    )


def test_a_withdrawn_record_counts_only_as_withdrawn() -> None:
    """Given a withdrawal, then the record is in no figure but that of the withdrawn."""
    story = Story()
    story.filed(R1, "study_session", "theme_day", "2023-04-21", late=True, files=(5,), gaps=("missing",))
    gone = story.withdrawn(R1)
    check(
        story,
        {
            "records.count": (0, []),
            "late.count": (0, []),
            "files.count": (0, []),
            "gaps.count": (0, []),
            "withdrawn.count": (1, [gone]),
        },
    )


def test_hours_and_attendance_by_person() -> None:
    """Given attendees with and without a code, then hours go to those with one and the rest is summed apart."""
    story = Story()
    a = story.filed(
        R1, "study_session", "party_lecture", "2023-04-21", hours=2,
        attendance={"expected": 4, "present": 3, "attendees": [person("张敏", "p1"), person("外聘")],
                    "on_leave": [{"person": person("李强", "p2"), "reason": "病假"}]},
    )  # fmt: skip
    b = story.filed(
        R2, "study_session", "theme_day", "2023-05-21", hours=0.1,
        attendance={"attendees": [person("张敏", "p1")]},
    )  # fmt: skip
    check(
        story,
        {
            "hours.person.p1": (2.1, [a, b]),
            "hours.person.p2": (0, []),
            "hours.person.p3": (0, []),
            "sessions.person.p1": (2, [a, b]),
            "leave.person.p2": (1, [a]),
            "hours.total": (6.1, [a, b]),
            "hours.not_by_person": (4, [a, b]),
            "study_session.party_lecture.attendance_rate": (0.75, [a]),
            "attendance.attendance_rate": (0.75, [a]),
            "persons.no_hours": (2, []),
        },
    )


def test_self_analyses_are_counted_and_nothing_more() -> None:
    """Given a self-analysis with names and words, then the report holds its count and neither names nor words."""
    story = Story()
    a = story.filed(
        R1, "self_analysis", "reflection", "2023-04-21", title="绝密的题名", author=person("匿名者甲", "p9"), hours=3,
        body="不外传", attendance={"expected": 1, "present": 1, "attendees": [person("匿名者甲", "p9")]},
    )  # fmt: skip
    report = story.report()
    assert report.figures["self_analysis.reflection.count"] == {"value": 1, "unit": "records", "events": [a]}
    text = report.to_bytes().decode()
    assert not [word for word in ("绝密", "匿名者甲", "不外传", "p9") if word in text]


def test_grades_and_the_third_of_excellent() -> None:
    """Given two appraisals, one with more than a third excellent, then grades add up and that one is flagged."""
    story = Story()

    def rows(*grades: str) -> list[dict[str, Any]]:
        return [{"person": person(f"n{n}"), "grade": grade} for n, grade in enumerate(grades)]

    a = story.filed(
        R1, "evaluation", "democratic_appraisal", "2023-12-01", results=rows("excellent", "excellent", "qualified")
    )
    b = story.filed(
        R2, "evaluation", "democratic_appraisal", "2023-12-02", results=rows("excellent", "qualified", "basic")
    )
    c = story.filed(R3, "evaluation", "duty_appraisal", "2023-12-03", grade="excellent")
    name = "evaluation.democratic_appraisal"
    check(
        story,
        {
            f"{name}.grade.excellent": (3, [a, b]),
            f"{name}.grade.basic": (1, [b]),
            f"{name}.excellent_share": (0.5, [a, b]),
            "evaluation.duty_appraisal.grade.excellent": (1, [c]),
            "evaluation.excellent_over_third": (1, [a]),
        },
    )


@pytest.mark.parametrize(("satisfied", "required"), [(10, 1), (11, 0)])
def test_half_satisfied_asks_for_a_make_up(satisfied: int, required: int) -> None:
    """Given a survey of twenty ballots, then ten satisfied ask for a make-up and eleven do not."""
    story = Story()
    a = story.filed(
        R1, "evaluation", "satisfaction", "2023-10-01", ballots=20, satisfied=satisfied, dissatisfied=20 - satisfied
    )
    behind = [a] * required
    check(
        story,
        {
            "evaluation.satisfaction.b1-2023-0001.share": (satisfied / 20, [a]),
            "evaluation.make_up_required": (required, behind),
            "evaluation.make_up_outstanding": (required, behind),
        },
    )


def test_a_make_up_that_passes_settles_it() -> None:
    """Given a later survey that makes up for the failed one and passes, then none is outstanding."""
    story = Story()
    a = story.filed(R1, "evaluation", "satisfaction", "2023-10-01", ballots=20, satisfied=2, dissatisfied=18)
    story.filed(
        R2, "evaluation", "satisfaction", "2023-11-01", ballots=20, satisfied=12, mostly_satisfied=3, dissatisfied=5,
        makes_up_for="b1-2023-0001",
    )  # fmt: skip
    story.filed(R3, "evaluation", "satisfaction", "2023-12-01", subject="没有数字")
    check(story, {"evaluation.make_up_required": (1, [a]), "evaluation.make_up_outstanding": (0, [])})


def test_points_rank_and_the_lower_half() -> None:
    """Given points of two departments for five people, then sums are ranked, ties share a rank, half is out."""
    story = Story()
    points = {"张敏": 50, "李强": 40.5, "孙丽": 40.5, "甲": 30, "乙": 20}
    codes = {"张敏": "p1", "李强": "p2", "孙丽": "p3"}

    def scores(department: str) -> list[dict[str, Any]]:
        return [
            {"person": person(name, codes.get(name)), "department": department, "points": number}
            for name, number in points.items()
        ]

    a = story.filed(R1, "evaluation", "quarterly_points", "2023-10-09", quarter="q3", scores=scores("教务处"))
    b = story.filed(R2, "evaluation", "quarterly_points", "2023-08-09", scores=scores("德育处"))
    check(
        story,
        {
            "points.b1.q3.person.p1": (100, [a, b]),
            "points.b1.q3.person.p2": (81, [a, b]),
            "points.b1.q3.rank.p1": (1, [a, b]),
            "points.b1.q3.rank.p2": (2, [a, b]),
            "points.b1.q3.rank.p3": (2, [a, b]),
            "points.b1.q3.rank.name:甲": (4, [a, b]),
            "points.ineligible": (2, [a, b]),
        },
    )


def test_the_life_of_rectification_items() -> None:
    """Given items open, in progress, closed in time, closed late and after the year, then each is in its place."""
    story = Story()
    late = story.filed(R1, "rectification", "problem_item", "2023-02-01", deadline="2023-12-30", term="immediate")
    going = story.filed(R2, "rectification", "problem_item", "2023-02-02", deadline="2023-12-31", term="long_term")
    done = story.filed(R3, "rectification", "notice_item", "2023-02-03", deadline="2023-03-01")
    after = story.filed(R4, "rectification", "notice_item", "2023-02-04")
    step = story.progress(R2, "2023-05-01")
    story.progress(R2, "2024-01-10")
    shut = story.closed(R3, "2023-03-02")
    later = story.closed(R4, "2024-01-05")
    check(
        story,
        {
            "rectification.opened": (4, [late, going, done, after]),
            "rectification.open": (2, [late, after]),
            "rectification.in_progress": (1, [step]),
            "rectification.closed": (1, [shut]),
            "rectification.closed_late": (1, [shut]),
            "rectification.closed_after": (1, [later]),
            "rectification.overdue": (1, [late]),
            "rectification.overdue_days.b1-2023-0001": (1, [late]),
            "rectification.immediate": (1, [late]),
        },
    )


def test_files_gaps_and_sign_off_follow_the_last_act() -> None:
    """Given files attached after sign-off, then they count by the attachment and the record awaits sign-off again."""
    story = Story()
    story.filed(R1, "study_session", "theme_day", "2023-04-21", files=(10,), gaps=("missing", "no_reason"))
    story.signed(R1)
    more = story.attached(R1, (10, 20), ("missing", "missing"))
    b = story.filed(R2, "paper", "plan", "2023-04-21", late=True)
    signed = story.signed(R2)
    story.filed(R3, "paper", "plan", "2023-04-22")
    back = story.returned(R3)
    check(
        story,
        {
            "files.count": (2, [more]),
            "files.bytes": (30, [more]),
            "gaps.count": (2, [more]),
            "gaps.missing.records": (1, [more]),
            "signed.count": (1, [signed]),
            "signed.share": (0.3333, [more, signed, back]),
            "filed.count": (1, [more]),
            "returned.count": (1, [back]),
            "late.count": (1, [b]),
        },
    )
    assert "gaps.no_reason.count" not in story.report().figures


def test_publicity_by_level() -> None:
    """Given pieces of two levels and one that does not say, then each level has its count."""
    story = Story()
    a = story.filed(R1, "paper", "publicity", "2023-04-21", publicity="city")
    b = story.filed(R2, "paper", "publicity", "2023-04-22")
    check(story, {"publicity.city.count": (1, [a]), "publicity.not_said.count": (1, [b])})


def test_every_cell_names_a_figure_that_is_there() -> None:
    """Every figure that a section shows is among the figures, and every row has a cell for each column."""
    story = Story()
    story.filed(R1, "study_session", "party_lecture", "2023-04-21", hours=1, gaps=("missing",), late=True)
    story.filed(R2, "rectification", "problem_item", "2023-02-01", deadline="2023-03-01")
    story.filed(R3, "evaluation", "satisfaction", "2023-10-01", ballots=2, satisfied=1, dissatisfied=1)
    report = story.report()
    shown: list[str] = []
    for section in report.sections:
        shown += [lead["figure"] for lead in section["leads"]]
        shown += [name for remark in section["remarks"] for name in remark["figures"]]
        for table in section["tables"]:
            for row in table["rows"]:
                assert len(row["cells"]) == len(table["columns"])
                shown += [cell["figure"] for cell in row["cells"] if "figure" in cell]
    assert shown
    assert set(shown) <= set(report.figures)


def test_the_json_has_the_keys_of_the_contract() -> None:
    """Scripts find organisation, year, as_of, figures and sections at the top, and the text ends in a newline."""
    data = Story().report().to_bytes()
    found = json.loads(data)
    assert {"organisation", "year", "as_of", "figures", "sections", "fold_version"} <= set(found)
    assert found["as_of"] == {"tree_size": 0, "root": "01" * 32}
    assert data.endswith(b"}\n")
    assert list(found) == sorted(found)


@pytest.mark.parametrize(
    ("last", "day"),
    [
        (datetime(2023, 6, 30, 15, 59, tzinfo=UTC), "2023-06-30"),
        (datetime(2023, 6, 30, 16, 0, tzinfo=UTC), "2023-07-01"),
        (datetime(2024, 1, 1, tzinfo=UTC), "2023-12-31"),
        (None, "2023-12-31"),
    ],
)
def test_the_day_of_the_report(last: datetime | None, day: str) -> None:
    """The day on which the last event was recorded, at UTC+8, or the year's end, whichever is earlier."""
    assert report_day(2023, AsOf(1, b"", last)) == day


def test_damaged_events_refuse_the_report() -> None:
    """Given an act without its filing, or content that lost a field, then the report says so instead of guessing."""
    story = Story()
    story.signed(R1)
    with pytest.raises(ReportImpossible):
        story.report()
    story = Story()
    story.filed(R1, "rectification", "problem_item", "2023-02-01", deadline="0000")
    with pytest.raises(ReportImpossible) as caught:
        story.report()
    assert "2023" in caught.value.message("zh")
    assert "2023" in caught.value.message("en")


def test_two_records_of_one_code_refuse_the_report() -> None:
    """Given two surveys that claim one archival code, then the report is refused."""
    story = Story()
    for number in (R1, R2):
        story.filed(number, "evaluation", "satisfaction", "2023-10-01", ballots=2, satisfied=1, dissatisfied=1)
        story.facts[-1][3]["code"] = "b1-2023-0001"
    with pytest.raises(ReportImpossible):
        story.report()


def test_wrong_questions_have_their_own_errors() -> None:
    """An unknown organisation, a year out of range and a fold that is not there are refused by name."""
    story = Story()
    with pytest.raises(NotFound):
        story.report(organisation="nowhere")
    with pytest.raises(InvalidYear):
        story.report(year=23)
    with pytest.raises(UnknownFold):
        annual([], organisation="top", year=2023, as_of=AsOf(0, b"", None), directory=directory(), version=99)
    assert 1 in FOLDS


AWKWARD = (1e22, 2**70, 1e-7, 123456789012345680.0, 0.5, -0.0, 2**53, 99.9999, 0.0001, 1e15, True, "七")


@pytest.mark.parametrize("value", AWKWARD)
def test_bytes_are_those_of_the_plain_encoder(value: Any) -> None:
    """Whichever encoder writes them, also where an altered event brings in a number that nobody expects."""
    report = Story().report()
    report.figures['\u2028\x7f\x1f"\\/é档𠀀'] = {"value": value, "unit": "points", "events": [3, 2]}
    plain = json.dumps(report.as_json(), ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    assert report.to_bytes() == plain.encode() + b"\n"


def test_the_bytes_of_fold_1_never_change() -> None:
    """A golden digest: whoever changes a figure, a word or a name makes a new version of the fold."""
    story = Story()
    story.filed(R1, "study_session", "party_lecture", "2023-04-21", hours=2,
                attendance={"expected": 4, "present": 3, "attendees": [person("张敏", "p1")]})  # fmt: skip
    story.filed(R2, "rectification", "problem_item", "2023-02-01", deadline="2023-03-01", gaps=("missing",))
    story.filed(R3, "evaluation", "satisfaction", "2023-10-01", ballots=2, satisfied=1, dissatisfied=1, late=True)
    story.filed(R4, "evaluation", "quarterly_points", "2023-10-09",
                scores=[{"person": person("乙"), "department": "教务处", "points": 7.5}])  # fmt: skip
    story.signed(R1)
    assert sha256(story.report(version=1).to_bytes()).hexdigest() == (
        "ed091c0605b5008deddc1aa7710c73274d7adcc6890d34b1c18114f70a2cd3f2"
    )
