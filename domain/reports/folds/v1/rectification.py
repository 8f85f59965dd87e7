"""Rectification: items of the year as they stood on the report's day, and what is overdue."""

from __future__ import annotations

from datetime import date

from domain.reports.cases import Case
from domain.reports.figures import Figures
from domain.reports.layout import NONE, Json, column, figure, lead, remark, row, section, table, text, words


def rectification(cases: list[Case], figures: Figures, day: str) -> Json:
    """Items belong to the year in which the problem was raised (``occurred_on``).

    ``day`` is `domain.reports.annual.report_day`. An item is *closed* when its closing is dated on or before that day,
    *in progress* when some progress is, else *open*. It is *overdue* when it is not closed and its deadline lies before
    that day. A closing dated later is counted apart, so that the report of a past year stays what it was.
    """
    opened: list[int] = []
    states: dict[str, list[int]] = {"open": [], "in_progress": [], "closed": []}
    terms: dict[str, list[int]] = {"immediate": [], "long_term": []}
    late_closed: list[int] = []
    closed_after: list[int] = []
    overdue: list[Case] = []
    for case in cases:
        if case.family != "rectification":
            continue
        opened.append(case.content_leaf)
        deadline = case.content.get("deadline")
        if case.content.get("term") in terms:
            terms[case.content["term"]].append(case.content_leaf)
        if case.closed is not None and case.closed[0] <= day:
            states["closed"].append(case.closed[1])
            if deadline is not None and case.closed[0] > deadline:
                late_closed.append(case.closed[1])
            continue
        if case.closed is not None:
            closed_after.append(case.closed[1])
        steps = [leaf for on, leaf in case.progress if on <= day]
        states["in_progress" if steps else "open"].append(steps[-1] if steps else case.content_leaf)
        if deadline is not None and deadline < day:
            overdue.append(case)

    name = "rectification"
    leads = [lead(words("提出", "Raised"), figures.count(f"{name}.opened", "items", opened))]
    for label, key in (
        (words("未开始", "Not begun"), "open"),
        (words("整改中", "In progress"), "in_progress"),
        (words("已销号", "Closed"), "closed"),
    ):
        leads.append(lead(label, figures.count(f"{name}.{key}", "items", states[key])))
    late = figures.count(f"{name}.overdue", "items", [case.content_leaf for case in overdue])
    leads.append(lead(words("逾期", "Overdue"), late))
    rest = (
        (words("逾期后销号", "Closed after the deadline"), "closed_late", late_closed),
        (words("报告日之后销号", "Closed after the day of the report"), "closed_after", closed_after),
        (words("立行立改", "Immediate"), "immediate", terms["immediate"]),
        (words("长期整改", "Long-term"), "long_term", terms["long_term"]),
    )
    details = [
        row({"text": label}, figure(figures.count(f"{name}.{key}", "items", leaves))) for label, key, leaves in rest
    ]
    remarks = []
    if overdue:
        said = words(f"截至 {day}，有整改事项逾期没有销号。", f"On {day} there are items past their deadline.")
        remarks.append(remark("bad", said, late))
    return section(
        name,
        words("整改", "Rectification"),
        leads=leads,
        remarks=remarks,
        tables=[
            table(
                words("销号与类型", "Closing and terms"),
                [column("", ""), column("事项", "Items", number=True)],
                details if opened else [],
            ),
            _overdue(overdue, figures, day),
        ],
    )


def _overdue(overdue: list[Case], figures: Figures, day: str) -> Json:
    today = date.fromisoformat(day)
    rows = []
    for case in sorted(overdue, key=lambda each: (each.content["deadline"], each.code)):
        days = (today - date.fromisoformat(case.content["deadline"])).days
        name = figures.add(f"rectification.overdue_days.{case.code}", days, "days", [case.content_leaf])
        department = case.content.get("department")
        rows.append(
            row(
                text(case.code),
                text(case.title),
                text(department) if department else NONE,
                text(case.content["deadline"]),
                figure(name),
            )
        )
    columns = [
        column("档号", "Record"),
        column("事项", "Item"),
        column("责任部门", "Department"),
        column("完成时限", "Deadline"),
        column("逾期天数", "Days overdue", number=True),
    ]
    return table(words("逾期事项", "Overdue items"), columns, rows)
