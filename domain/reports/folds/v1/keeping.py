"""How well the records are kept: files, late filings 补录, gaps, sign-off, returns, withdrawals; publicity by level."""

from __future__ import annotations

from collections import defaultdict

from domain.reports.cases import Case
from domain.reports.figures import Figures, share
from domain.reports.folds.v1.words import PUBLICITY, family_label, form_label
from domain.reports.layout import (
    Json,
    cell,
    column,
    figure,
    lead,
    row,
    section,
    table,
    text,
    words,
)

GAPS = {
    "missing": words("应填而未填", "Not filled in"),
    "missing_file": words("应附而未附的文件", "File not attached"),
    "absentees_not_named": words("缺席者没有写姓名", "Absentees not named"),
    "no_reason": words("请假没有写原因", "No reason for an absence"),
    "no_quorum": words("到会不过半数", "No quorum"),
    "too_many_excellent": words("优秀超过三分之一", "More than a third excellent"),
    "person_not_on_roll": words("姓名没有对上在册人员", "Person not on the roll"),
}


def keeping(cases: list[Case], withdrawn: list[Case], erased: list[int], figures: Figures) -> Json:
    """``cases`` are without the withdrawn ones. Of erasures a report speaks only where there were some, so that every
    report from before the first one comes out as it did."""
    with_files = [case for case in cases if case.files]
    leaves = [case.files_leaf for case in with_files]
    files = figures.add("files.count", sum(case.files for case in with_files), "files", leaves)
    size = sum(case.bytes for case in with_files)
    late = figures.count("late.count", "records", [case.filed_leaf for case in cases if case.late])
    signed = figures.count("signed.count", "records", _having(cases, "signed"))
    leads = [
        lead(words("附件", "Files"), files),
        lead(words("附件大小", "Size of files"), figures.add("files.bytes", size, "bytes", leaves)),
        lead(words("补录", "Filed late"), late),
        lead(words("已审签", "Signed off"), signed),
        lead(words("待审签", "Awaiting sign-off"), figures.count("filed.count", "records", _having(cases, "filed"))),
        lead(words("退回未改", "Returned"), figures.count("returned.count", "records", _having(cases, "returned"))),
        lead(words("撤回", "Withdrawn"), figures.count("withdrawn.count", "records", _having(withdrawn, "withdrawn"))),
    ]
    if erased:
        leads.append(lead(words("已销毁", "Erased"), figures.count("erased.count", "records", erased)))
    if cases:
        everything = [case.status_leaf for case in cases]
        ratio = figures.add("signed.share", share(figures.value(signed), len(cases)), "ratio", everything)
        leads.insert(4, lead(words("审签率", "Share signed off"), ratio))
    return section(
        "keeping",
        words("归档质量", "How the records are kept"),
        leads=leads,
        tables=[_gaps(cases, figures), _late(cases, figures)],
    )


def publicity(cases: list[Case], figures: Figures) -> Json:
    """The section about papers of publicity: how many of each level."""
    by_level: defaultdict[str, list[int]] = defaultdict(list)
    for case in cases:
        if case.form == "publicity" and case.family == "paper":
            by_level[case.content.get("publicity") or "not_said"].append(case.content_leaf)
    labels = {level: words(*said) for level, said in (PUBLICITY | {"not_said": ("没有写明", "Not said")}).items()}
    rows = [
        row(cell(label), figure(figures.count(f"publicity.{level}.count", "records", by_level[level])))
        for level, label in labels.items()
        if level in by_level
    ]
    columns = [column("级别", "Level"), column("篇数", "Pieces", number=True)]
    return section("publicity", words("宣传", "Publicity"), tables=[table(words("按级别", "By level"), columns, rows)])


def _having(cases: list[Case], status: str) -> list[int]:
    return [case.status_leaf for case in cases if case.status == status]


def _gaps(cases: list[Case], figures: Figures) -> Json:
    by_code: defaultdict[str, list[int]] = defaultdict(list)
    for case in cases:
        for gap in case.gaps:
            by_code[gap].append(case.files_leaf)
    every = [leaf for leaves in by_code.values() for leaf in leaves]
    whole = figures.add("gaps.count", len(every), "gaps", every)
    records = figures.count("gaps.records", "records", [case.files_leaf for case in cases if case.gaps])
    rows = []
    for code in sorted(by_code):
        leaves = by_code[code]
        many = figures.add(f"gaps.{code}.count", len(leaves), "gaps", leaves)
        affected = figures.count(f"gaps.{code}.records", "records", sorted(set(leaves)))
        rows.append(row(cell(GAPS.get(code, words(code))), figure(many), figure(affected)))
    if rows:
        rows.append(row(text("合计", "Total"), figure(whole), figure(records), total=True))
    columns = [column("缺项", "Gap"), column("处数", "Gaps", number=True), column("涉及记录", "Records", number=True)]
    return table(words("缺项", "Gaps"), columns, rows)


def _late(cases: list[Case], figures: Figures) -> Json:
    by_form: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for case in cases:
        if case.late:
            by_form[case.family, case.form].append(case.filed_leaf)
    rows = [
        row(
            cell(family_label(family)),
            cell(form_label(family, form)),
            figure(figures.count(f"late.{family}.{form}.count", "records", by_form[family, form])),
        )
        for family, form in sorted(by_form)
    ]
    columns = [column("类别", "Family"), column("形式", "Form"), column("补录", "Filed late", number=True)]
    return table(words("补录", "Filed late"), columns, rows)
