"""What was held: records by family, form and month, hours of sessions, and attendance by form."""

from __future__ import annotations

from collections import defaultdict

from domain.reports.cases import Case
from domain.reports.figures import Figures, share, total
from domain.reports.folds.v1.words import family_label, form_label
from domain.reports.layout import (
    NONE,
    Json,
    cell,
    column,
    figure,
    lead,
    remark,
    row,
    section,
    table,
    text,
    words,
)

FAMILIES = ("study_session", "discussion", "self_analysis", "evaluation", "rectification", "paper")
"""Fixed by the version of the fold: a family added later is no part of reports that are made again."""

STATUTORY = ("general_meeting", "committee_meeting", "group_meeting", "party_lecture", "theme_day")
"""三会一课 and the theme day: their counts are given even where they are nought."""

MONTHS = tuple(f"{month:02d}" for month in range(1, 13))


def held(cases: list[Case], figures: Figures) -> Json:
    """The section about everything held: counts of records, by month of the day on which it happened."""
    by_form: defaultdict[tuple[str, str], list[Case]] = defaultdict(list)
    for case in cases:
        by_form[case.family, case.form].append(case)
    everything = [case.content_leaf for case in cases]
    leads = [lead(words("全年记录", "Records"), figures.count("records.count", "records", everything))]
    rows = []
    for family in FAMILIES:
        chosen = [case for case in cases if case.family == family]
        leads.append(lead(family_label(family), _count(figures, family, chosen)))
        forms = sorted(form for of, form in by_form if of == family)
        for form in forms:
            name = f"{family}.{form}"
            _count(figures, name, by_form[family, form])
            rows.append(_by_month(figures, cell(form_label(family, form)), name, by_form[family, form]))
        if forms:
            label = family_label(family)
            subtotal = text(f"{label['zh']}合计", f"{label['en']}: total")
            rows.append(_by_month(figures, subtotal, family, chosen, subtotal=True))
    for form in STATUTORY:
        if ("study_session", form) not in by_form:
            _count(figures, f"study_session.{form}", [])
    months = [column(str(int(month)), str(int(month)), number=True) for month in MONTHS]
    columns = [column("形式／月份", "Form / month"), *months, column("合计", "Total", number=True)]
    return section(
        "held",
        words("全年开展情况", "What was held"),
        leads=leads,
        remarks=_remarks(figures),
        tables=[table(words("按类别、形式和月份", "By family, form and month"), columns, rows)],
    )


def attendance(cases: list[Case], figures: Figures) -> Json:
    """Only records that give both 应到 and 实到 enter a rate, and the count of those is shown beside it."""
    by_form: defaultdict[tuple[str, str], list[Case]] = defaultdict(list)
    for case in cases:
        if case.expected and case.present is not None:
            by_form[case.family, case.form].append(case)
    rows = [
        row(cell(form_label(family, form)), *_rate(figures, f"{family}.{form}", by_form[family, form]))
        for family, form in sorted(by_form, key=lambda key: (_order(key[0]), key[1]))
    ]
    counted = [case for chosen in by_form.values() for case in chosen]
    if counted:
        rows.append(row(text("合计", "Total"), *_rate(figures, "attendance", counted), total=True))
    columns = [
        column("形式", "Form"),
        column("计入次数", "Counted", number=True),
        column("应到", "Expected", number=True),
        column("实到", "Present", number=True),
        column("到会率", "Rate", number=True),
    ]
    return section(
        "attendance",
        words("到会情况", "Attendance"),
        tables=[table(words("按形式", "By form"), columns, rows)],
    )


def _order(family: str) -> int:
    return FAMILIES.index(family) if family in FAMILIES else len(FAMILIES)


def _count(figures: Figures, name: str, chosen: list[Case]) -> str:
    return figures.count(f"{name}.count", "records", [case.content_leaf for case in chosen])


def _by_month(figures: Figures, label: Json, name: str, chosen: list[Case], *, subtotal: bool = False) -> Json:
    prefix = f"{name}.month."
    by_month: dict[str, list[int]] = {prefix + month: [] for month in MONTHS}
    for case in chosen:
        leaves = by_month.get(prefix + case.occurred_on[5:7])
        if leaves is not None:
            leaves.append(case.content_leaf)
    figures.counts("records", by_month)
    cells = [figure(added) if leaves else NONE for added, leaves in by_month.items()]
    return row(label, *cells, figure(f"{name}.count"), total=subtotal)


def _rate(figures: Figures, name: str, chosen: list[Case]) -> list[Json]:
    expected = total([case.expected or 0 for case in chosen])
    present = total([case.present or 0 for case in chosen])
    counted = figures.count(f"{name}.attendance_counted", "records", [case.content_leaf for case in chosen])
    return [
        figure(counted),
        figure(figures.beside(counted, f"{name}.expected", expected, "person_times")),
        figure(figures.beside(counted, f"{name}.present", present, "person_times")),
        figure(figures.beside(counted, f"{name}.attendance_rate", share(present, expected), "ratio")),
    ]


def _remarks(figures: Figures) -> list[Json]:
    missing = [form for form in STATUTORY if not figures.value(f"study_session.{form}.count")]
    if not missing:
        return []
    labels = [form_label("study_session", form) for form in missing]
    said = words(
        f"全年没有{'、'.join(label['zh'] for label in labels)}的记录。",
        f"No record this year of: {', '.join(label['en'].lower() for label in labels)}.",
    )
    return [remark("due", said, *(f"study_session.{form}.count" for form in missing))]
