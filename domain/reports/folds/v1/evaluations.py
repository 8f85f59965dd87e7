"""Evaluations: grades, satisfaction surveys, and the ranking by quarterly points."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from domain.organisations.directory import Directory
from domain.reports.cases import Case
from domain.reports.figures import Figures, Number, share, total
from domain.reports.folds.v1.words import GRADES, form_label
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

GRADE_KEYS = ("excellent", "qualified", "basic", "unqualified")
GRADED_FORMS = ("democratic_appraisal", "organisation_opinion", "duty_appraisal", "group_assessment")


def evaluations(cases: list[Case], figures: Figures, directory: Directory) -> Json:
    """The section about evaluations among the cases; its figures go into ``figures``."""
    by_form: defaultdict[str, list[Case]] = defaultdict(list)
    for case in cases:
        if case.family == "evaluation":
            by_form[case.form].append(case)
    remarks: list[Json] = []
    tables = [
        _grades(by_form, figures, remarks),
        _satisfaction(by_form["satisfaction"], figures, remarks),
        *_points(by_form["quarterly_points"], figures, directory),
    ]
    # Its count stands in the first section already.
    return section(
        "evaluations",
        words("评议测评", "Evaluations"),
        leads=[lead(words("评议测评", "Evaluations"), "evaluation.count")],
        remarks=remarks,
        tables=tables,
    )


# ── grades ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _grades(by_form: dict[str, list[Case]], figures: Figures, remarks: list[Json]) -> Json:
    rows, over = [], []
    for form in GRADED_FORMS:
        graded = [(grade, case.content_leaf) for case in by_form.get(form, ()) for grade in _grades_of(case.content)]
        if not graded:
            continue
        name, cells = f"evaluation.{form}", []
        for key in GRADE_KEYS:
            leaves = [leaf for grade, leaf in graded if grade == key]
            cells.append(figure(figures.add(f"{name}.grade.{key}", len(leaves), "persons", leaves)))
        leaves = [leaf for _, leaf in graded]
        excellent = figures.value(f"{name}.grade.excellent")
        cells.append(figure(figures.add(f"{name}.graded", len(graded), "persons", leaves)))
        cells.append(figure(figures.add(f"{name}.excellent_share", share(excellent, len(graded)), "ratio", leaves)))
        rows.append(row(cell(form_label("evaluation", form)), *cells))
    for case in by_form.get("democratic_appraisal", ()):
        grades = _grades_of(case.content)
        if grades.count("excellent") * 3 > len(grades):
            over.append(case.content_leaf)
    flagged = figures.count("evaluation.excellent_over_third", "times", over)
    if over:
        said = words(
            "民主评议党员中，有的一次“优秀”超过三分之一。",
            "In a democratic appraisal more than a third were graded excellent.",
        )
        remarks.append(remark("bad", said, flagged))
    columns = [
        column("形式", "Form"),
        *(column(*GRADES[key], number=True) for key in GRADE_KEYS),
        column("合计", "Total", number=True),
        column("优秀比例", "Excellent", number=True),
    ]
    return table(words("等次", "Grades"), columns, rows)


def _grades_of(content: dict[str, Any]) -> list[str]:
    if "results" in content:
        return [result["grade"] for result in content["results"]]
    return [content["grade"]] if "grade" in content else []


# ── satisfaction ────────────────────────────────────────────────────────────────────────────────────────────────


def _satisfaction(surveys: list[Case], figures: Figures, remarks: list[Json]) -> Json:
    """Satisfied and mostly satisfied over the ballots; ½ or less asks for a make-up 补课, shown by a later survey."""
    shares: dict[str, float] = {}
    rows = []
    for case in surveys:
        content = case.content
        good = content.get("satisfied", 0) + content.get("mostly_satisfied", 0)
        ballots = content.get("ballots") or good + content.get("dissatisfied", 0)
        label = [text(case.code), text(content.get("subject") or case.title)]
        if not ballots or "satisfied" not in content:
            rows.append(row(*label, NONE, NONE))
            continue
        name = f"evaluation.satisfaction.{case.code}"
        shares[case.code] = good / ballots
        rows.append(
            row(
                *label,
                figure(figures.add(f"{name}.ballots", ballots, "persons", [case.content_leaf])),
                figure(figures.add(f"{name}.share", share(good, ballots), "ratio", [case.content_leaf])),
            )
        )
    passed = {case.content.get("makes_up_for") for case in surveys if shares.get(case.code, 0) > 0.5}
    failed = [case for case in surveys if case.code in shares and shares[case.code] <= 0.5]
    required = figures.count("evaluation.make_up_required", "times", [case.content_leaf for case in failed])
    waiting = [case.content_leaf for case in failed if case.code not in passed]
    outstanding = figures.count("evaluation.make_up_outstanding", "times", waiting)
    if waiting:
        said = words(
            "有满意度测评不过半数，须“补课”，还没有补课后的测评。",
            "A satisfaction survey did not pass half; the make-up it asks for has not been shown yet.",
        )
        remarks.append(remark("bad", said, outstanding, required))
    elif failed:
        said = words(
            "有满意度测评不过半数，已经“补课”并重新测评通过。",
            "A satisfaction survey did not pass half; it was made up for and passed.",
        )
        remarks.append(remark("ok", said, required))
    columns = [
        column("档号", "Record"),
        column("测评事项", "Subject"),
        column("票数", "Ballots", number=True),
        column("满意率", "Satisfied", number=True),
    ]
    return table(words("满意度测评", "Satisfaction surveys"), columns, rows)


# ── points ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _points(records: list[Case], figures: Figures, directory: Directory) -> list[Json]:
    """For each organisation and quarter the sum over the departments, ranked; equal sums share the better rank.

    The lower half is not eligible: of n people those ranked below ⌈n/2⌉.
    """
    sums: defaultdict[tuple[str, str], defaultdict[str, list[tuple[Number, int]]]] = defaultdict(
        lambda: defaultdict(list)
    )
    names: dict[str, str] = {}
    for case in records:
        month = int(case.occurred_on[5:7])
        quarter = case.content.get("quarter") or f"q{(month + 2) // 3}"
        for score in case.content.get("scores", ()):
            person = score["person"]
            key = person.get("person") or f"name:{person['name']}"
            names[key] = person["name"]
            sums[case.organisation, quarter][key].append((score["points"], case.content_leaf))
    columns = [
        column("名次", "Rank", number=True),
        column("姓名", "Name"),
        column("积分", "Points", number=True),
        column("评优资格", "Eligible"),
    ]
    tables, ineligible = [], []
    for (organisation, quarter), scores in sorted(sums.items()):
        title = words(
            f"{directory.name(organisation)} 第{'一二三四'[int(quarter[1]) - 1]}季度积分",
            f"{directory.name(organisation)}: points, quarter {quarter[1]}",
        )
        leaves = sorted({leaf for parts in scores.values() for _, leaf in parts})
        ranked = sorted(((-total(n for n, _ in parts), key) for key, parts in scores.items()))
        rows, rank, before = [], 0, None
        for at, (negative, key) in enumerate(ranked, 1):
            rank = rank if negative == before else at
            before = negative
            out = rank > (len(ranked) + 1) // 2
            name = f"points.{organisation}.{quarter}"
            points = figures.add(f"{name}.person.{key}", -negative, "points", (leaf for _, leaf in scores[key]))
            ranks = figures.add(f"{name}.rank.{key}", rank, "rank", leaves)
            known = directory.people.get(key)
            if out:
                ineligible.append((key, leaves))
            rows.append(
                row(
                    figure(ranks),
                    text(known.name if known else names[key]),
                    figure(points),
                    text("否（后二分之一）", "no (lower half)") if out else text("是", "yes"),
                )
            )
        tables.append(table(title, columns, rows))
    figures.add(
        "points.ineligible", len(ineligible), "person_times", (leaf for _, leaves in ineligible for leaf in leaves)
    )
    return tables
