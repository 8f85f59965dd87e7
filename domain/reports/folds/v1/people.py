"""Hours and attendance by person: who was named among the attendees, times the hours of the session.

Only people linked to a code are listed; hours of others are summed in ``hours.not_by_person``. Self-analyses are left
out: whose they are is confidential.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import chain

from domain.organisations.directory import Directory
from domain.reports.cases import Case
from domain.reports.figures import Figures, Number, tidy, total
from domain.reports.layout import NONE, Json, column, figure, lead, row, section, table, text, words

CONFIDENTIAL = "self_analysis"

Leaves = defaultdict[str, list[int]]
"""Person code → the leaf index of each session."""


def people(cases: list[Case], figures: Figures, directory: Directory, organisation: str, day: str) -> Json:
    """The section: everybody on the roll on ``day`` (YYYY-MM-DD), and whoever else came or was on leave, by code."""
    present: defaultdict[Number, Leaves] = defaultdict(lambda: defaultdict(list))  # by hours of the session
    absent: Leaves = defaultdict(list)
    sums: list[Number] = []
    counted: list[int] = []
    for case in cases:
        if case.family == CONFIDENTIAL:
            continue
        amount = case.hours
        if amount:
            sums.append(amount * max(case.present or 0, len(case.attendees)))
            counted.append(case.content_leaf)
        leaf, signatures = case.content_leaf, present[amount or 0]
        # The innermost loop of a report: as many rounds as there are signatures on all sign-in sheets.
        for code in case.attendees:
            if code is not None:
                signatures[code].append(leaf)
        for code in case.on_leave:
            if code is not None:
                absent[code].append(leaf)

    members = [person.code for person in directory.members(organisation, day)]
    codes = sorted({*members, *chain.from_iterable(present.values()), *absent})
    rows, named, studied = [], [], set()
    for code in codes:
        known = directory.people.get(code)
        by_hours = {amount: sheets[code] for amount, sheets in present.items() if code in sheets}
        hours = total([amount * len(leaves) for amount, leaves in by_hours.items()])
        if hours:
            studied.add(code)
            named.append(hours)
        sessions = [leaf for leaves in by_hours.values() for leaf in leaves]
        away = absent.get(code, [])
        attended = figures.add(f"sessions.person.{code}", len(sessions), "times", sessions)
        absences = figures.add(f"leave.person.{code}", len(away), "times", away)
        studying = f"hours.person.{code}"
        if 0 in by_hours:
            credited = [leaf for amount, leaves in by_hours.items() if amount for leaf in leaves]
            figures.add(studying, hours, "hours", credited)
        else:
            figures.beside(attended, studying, hours, "hours")
        cells = (attended, absences, studying)
        rows.append(row(text(code), text(known.name) if known else NONE, *map(figure, cells)))
    whole = figures.add("hours.total", total(sums), "person_hours", counted)
    unnamed = tidy(figures.value(whole) - total(named))
    rest = figures.add("hours.not_by_person", unnamed, "person_hours", counted)
    without = set(members) - studied
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
