"""A record form as sections of inputs, made from `domain.records.families`: what is expected comes first.

Nothing of a single form is written here. A field that is neither expected nor the form's own goes to *more*, closed
until it holds something, so that an office sees ten fields and not thirty.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from api.web.forms import Raw, at
from domain.records import families
from domain.records.families import Family, Form
from domain.records.fields import Field

Want = Literal["must", "want", ""]

MEETINGS = frozenset({"study_session", "discussion"})
"""Families in which people meet, so that place, time and attendance are asked for at once."""

FILING = ("plan", "phase", "publicity", "retention", "remarks")
WRITTEN = ("agenda", "body", "decisions")
MEETING = ("place", "chair", "recorder", "hours")

WIDTHS = {
    "longtext": "", "texts": "", "rows": "", "people": "", "text": "half", "moment": "half", "person": "third",
    "int": "third", "number": "third", "date": "third", "choice": "third", "flag": "third",
}  # fmt: skip


@dataclass(frozen=True)
class Input:
    """One input: its field, the dotted path that is its name, the value it shows, and what is wrong with it."""

    field: Field
    path: str
    value: Any
    want: Want = ""
    error: str = ""
    rows: tuple[tuple[Input, ...], ...] = ()
    blank: tuple[Input, ...] = ()

    @property
    def kind(self) -> str:
        return self.field.kind

    @property
    def id(self) -> str:
        return input_id(self.path)

    @property
    def width(self) -> str:
        return {"title": "", "place": "third"}.get(self.path, WIDTHS[self.field.kind])


@dataclass(frozen=True)
class Section:
    key: str
    inputs: tuple[Input, ...]

    @property
    def filled(self) -> bool:
        """Does any of its inputs hold or lack something?"""
        return any(i.error or i.rows or (any(i.value.values()) if i.kind == "moment" else i.value) for i in self.inputs)


def input_id(path: str) -> str:
    """The id, in the page, of the input for the field at this dotted path."""
    return "f-" + path.replace(".", "-").replace("_", "-")


DAY = Field("from", "日期", "date", "moment", required=True)
"""What the start is called where nobody meets."""


def sections(family: Family, form: Form, raw: Raw, errors: Mapping[str, str]) -> list[Section]:
    """The form with the values of ``raw`` in it; ``errors`` by dotted path."""
    expected = set(families.expected_of(family, form))
    own = {f.key for f in (*family.fields, *form.fields)}
    meeting = family.key in MEETINGS or "attendance" in expected

    def shown(key: str) -> bool:
        return key in expected or key in own or key in ("title", "body")

    def build(field: Field, path: str) -> Input:
        want: Want = "must" if field.required else "want" if path in expected else ""
        return _input(field, path, at(raw, path), want, errors)

    fields = families.form_fields(family.key, form.key)
    keep_end = meeting or "occurred.to" in expected
    first, last = families.OCCURRED
    moments = [build(first if keep_end else DAY, "occurred.from"), build(last, "occurred.to")]
    basics = [build(fields["title"], "title"), *(moments if keep_end else moments[:1])]
    basics += [build(fields[key], key) for key in MEETING if meeting or shown(key)]
    attendance = [build(field, f"attendance.{field.key}") for field in families.ATTENDANCE]
    written = [build(fields[key], key) for key in WRITTEN if meeting or shown(key)]
    own_inputs = [build(fields[key], key) for key in fields if key in own and key not in (*MEETING, *WRITTEN, *FILING)]

    placed = {i.path for i in (*basics, *written, *own_inputs)}
    more = [build(fields[key], key) for key in fields if key not in placed]
    if not keep_end:
        more = [*moments[1:], *more]
    candidates = [
        Section("basics", tuple(basics)),
        *([Section("attendance", tuple(attendance))] if meeting else []),
        *([Section("particulars", tuple(own_inputs))] if own_inputs else []),
        Section("written", tuple(written)),
        Section("more", tuple(more)),
    ]
    return [section for section in candidates if section.inputs]


def _input(field: Field, path: str, value: Any, want: Want, errors: Mapping[str, str]) -> Input:
    error = errors.get(path, "")
    if field.kind == "moment":
        day, _, clock = str(value or "").partition("T")
        return Input(field, path, {"date": day, "time": clock[:5]}, want, error)
    if field.kind != "rows":
        return Input(field, path, value if isinstance(value, str) else "", want, error)
    lines = value if isinstance(value, list) else []
    count = max(len(lines), 1)
    return Input(
        field,
        path,
        "",
        want,
        error,
        rows=tuple(_row(field, path, str(n), lines[n] if n < len(lines) else {}, errors) for n in range(count))
        if lines or want
        else (),
        blank=_row(field, path, "__n__", {}, errors),
    )


def _row(field: Field, path: str, n: str, line: Any, errors: Mapping[str, str]) -> tuple[Input, ...]:
    return tuple(
        _input(column, f"{path}.{n}.{column.key}", at(line, column.key), "must" if column.required else "", errors)
        for column in field.columns
    )
