"""``records.md``: families, forms and their fields."""

from __future__ import annotations

from docs.reference_pages.markdown import codes, heading, row, table
from domain.records.families import ATTENDANCE, COMMON, FAMILIES, OCCURRED, Form, expected_of
from domain.records.fields import Field

KINDS = {
    "text": "one line",
    "longtext": "text",
    "int": "whole number",
    "number": "number",
    "flag": "yes or no",
    "date": "date",
    "moment": "date and time",
    "choice": "one of",
    "person": "person",
    "people": "people",
    "texts": "list of lines",
    "rows": "rows of",
}


def kind_of(field: Field) -> str:
    if field.choices:
        return KINDS[field.kind] + " " + ", ".join(f"`{choice.key}` {choice.zh}" for choice in field.choices)
    if field.columns:
        return KINDS[field.kind] + " " + ", ".join(f"`{column.key}` {column.zh}" for column in field.columns)
    return KINDS[field.kind]


def field_table(fields: tuple[Field, ...], prefix: str = "") -> list[str]:
    lines = table("field", "名称", "English", "kind")
    for field in fields:
        required = " (required)" if field.required else ""
        lines.append(row(f"`{prefix}{field.key}`", field.zh, field.en, kind_of(field) + required))
    return [*lines, ""]


def form_lines(family_expects: tuple[str, ...], form: Form) -> list[str]:
    lines = [f"### {form.zh} `{form.key}`", "", f"{form.en[0].upper()}{form.en[1:]}."]
    if expected := [name for name in form.expects if name not in family_expects]:
        lines += ["", f"Expected besides: {codes(expected)}."]
    lines.append("")
    return lines + (field_table(form.fields) if form.fields else [])


def page() -> str:
    lines = heading(
        "类别、形式和字段 · Families, forms and fields",
        "A record is of one family and one form. "
        "`organisation`, `family`, `form`, `title` and `occurred.from` are required. "
        "What a form *expects* and does not find is a gap: recorded, shown, and open to a later correction. "
        "`file:` names a role that one of the attached files should have.",
    )
    lines += ["## Every record", "", *field_table((*COMMON,)), *field_table(OCCURRED, "occurred.")]
    lines += ["Attendance, where the form speaks of it:", "", *field_table(ATTENDANCE, "attendance.")]
    for family in FAMILIES:
        lines += [f"## {family.zh} `{family.key}`", ""]
        if family.confidential:
            lines += ["Confidential.", ""]
        every = tuple(name for name in family.expects if all(name in expected_of(family, f) for f in family.forms))
        if every:
            lines += [f"Expected: {codes(every)}.", ""]
        lines += field_table(family.fields) if family.fields else []
        for form in family.forms:
            lines += form_lines(every, form)
    return "\n".join(lines)
