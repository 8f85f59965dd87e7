"""Hours and attendance by person: who was named among the attendees, times the hours of the session.

Only people linked to a code are listed; hours of others are summed in ``hours.not_by_person``. Self-analyses are left
out: whose they are is confidential.
"""

from __future__ import annotations

from collections import defaultdict

from domain.organisations.directory import Directory
from domain.reports.cases import Case
from domain.reports.figures import Figures, Number, tidy, total
from domain.reports.layout import NONE, Json, column, figure, lead, row, section, table, text, words

CONFIDENTIAL = "self_analysis"

Parts = defaultdict[str, list[tuple[Number, int]]]
"""Person code → (amount, leaf index) of each session."""


def people(cases: list[Case], figures: Figures, directory: Directory, organisation: str, day: str) -> Json:
    present: Parts = defaultdict(list)
    absent: Parts = defaultdict(list)
    hours: Parts = defaultdict(list)
    everyone: list[tuple[Number, int]] = []
    for case in cases:
        if case.family == CONFIDENTIAL:
            continue
        content, leaf = case.content, case.content_leaf
        numbers = content.get("attendance") or {}
        attendees = numbers.get("attendees", ())
        amount = content.get("hours")
        if amount:
            everyone.append((amount * max(numbers.get("present") or 0, len(attendees)), leaf))
        for person in attendees:
            code = person.get("person")
            if code is not None:
                present[code].append((1, leaf))
                if amount:
                    hours[code].append((amount, leaf))
        for absence in numbers.get("on_leave", ()):
            code = absence["person"].get("person")
            if code is not None:
                absent[code].append((1, leaf))

    members = [person.code for person in directory.members(organisation, day)]
    codes = sorted({*members, *present, *absent})
    rows = [_row(figures, directory, code, present, absent, hours) for code in codes]
    whole = figures.add("hours.total", total(n for n, _ in everyone), "person_hours", (leaf for _, leaf in everyone))
    named = total(n for parts in hours.values() for n, _ in parts)
    rest = figures.add(
        "hours.not_by_person", tidy(figures.value(whole) - named), "person_hours", (leaf for _, leaf in everyone)
    )
    without = sorted(set(members) - set(hours))
    columns = [
        column("编号", "Code"),
        column("姓名", "Name"),
        column("到会", "Attended", number=True),
        column("请假", "On leave", number=True),
        column("学时", "Hours", number=True),
    ]
    return section(
        "people",
        words("学时与到会（按人）", "Hours and attendance by person"),
        leads=[
            lead(words("总学时", "Person-hours"), whole),
            lead(words("未计到个人", "Not by person"), rest),
            lead(words("在册人数", "On the roll"), figures.add("persons.count", len(members), "persons", ())),
            lead(words("没有学时的人", "Without hours"), figures.add("persons.no_hours", len(without), "persons", ())),
        ],
        tables=[table(words("按人", "By person"), columns, rows)],
    )


def _row(figures: Figures, directory: Directory, code: str, present: Parts, absent: Parts, hours: Parts) -> Json:
    known = directory.people.get(code)
    cells = [text(code), text(known.name) if known else NONE]
    for name, unit, parts in (
        ("sessions.person", "times", present),
        ("leave.person", "times", absent),
        ("hours.person", "hours", hours),
    ):
        mine = parts.get(code, [])
        cells.append(figure(figures.add(f"{name}.{code}", total(n for n, _ in mine), unit, (leaf for _, leaf in mine))))
    return row(*cells)
