"""Writes `docs/reference/` from the code: `make docs`. A test compares, so that the pages cannot go stale."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import domain
from api.cli.reference import page as cli_page
from api.schema import as_text
from domain.errors import JianzhengError
from domain.event import Event
from domain.records.families import ATTENDANCE, COMMON, FAMILIES, OCCURRED, Form, expected_of
from domain.records.fields import Field

FOLDER = Path(__file__).resolve().parent / "reference"

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


def pages() -> dict[str, str]:
    """File name → text of every generated page."""
    return {
        "cli.md": cli_page(),
        "errors.md": errors_page(),
        "events.md": events_page(),
        "records.md": records_page(),
        "../schemas/record.schema.json": as_text(),
    }


def heading(title: str, about: str) -> list[str]:
    return [
        f"# {title}",
        "",
        "<!-- Written by docs/generate.py: change the code, then run `make docs`. -->",
        "",
        about,
        "",
    ]


def cell(text: str) -> str:
    """Text that can stand in a table."""
    return " ".join(text.replace("|", "\\|").split())


def table(*head: str) -> list[str]:
    return ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]


def row(*cells: str) -> str:
    return "| " + " | ".join(map(cell, cells)) + " |"


def first_line(subject: object) -> str:
    """The first paragraph of a docstring, without the marks of reStructuredText's literals."""
    return inspect.cleandoc(subject.__doc__ or "").split("\n\n")[0].replace("``", "`")


# ── errors ──────────────────────────────────────────────────────────────────────────────────────────────────────


def below(base: type[JianzhengError]) -> Iterator[type[JianzhengError]]:
    """Every error below ``base``, each behind its parent, in the order of the source."""
    for child in base.__subclasses__():
        if child.__module__ == JianzhengError.__module__:
            yield child
            yield from below(child)


def sentence(template: str) -> str:
    """A message with an ellipsis for what is filled in."""
    return re.sub(r"\{[^}]*\}", "…", template)


def errors_page() -> str:
    lines = heading(
        "Errors",
        "Every error has a code that scripts can rely on, the exit code of the command, the status of the HTTP answer.",
    )
    for category in JianzhengError.__subclasses__():
        lines += [f"## {category.__name__}", "", first_line(category), ""]
        lines += table("code", "exit", "HTTP", "说明", "message", "next step")
        for error in (category, *below(category)):
            said = (sentence(error.zh), sentence(error.en), sentence(error.next_en))
            lines.append(row(f"`{error.code}`", str(error.exit_code), str(error.http_status), *said))
        lines.append("")
    return "\n".join(lines)


# ── events ──────────────────────────────────────────────────────────────────────────────────────────────────────


def all_events() -> list[type[Event]]:
    """Every event of the domain by topic; importing a module registers its events."""
    for module in pkgutil.walk_packages(domain.__path__, "domain."):
        importlib.import_module(module.name)
    found: list[type[Event]] = []
    waiting = [Event]
    while waiting:
        children = waiting.pop().__subclasses__()
        waiting += children
        # Tests define events of their own; those are not of the domain.
        found += [child for child in children if "TOPIC" in vars(child) and child.__module__.startswith("domain.")]
    return sorted(found, key=lambda event: event.TOPIC)


def events_page() -> str:
    common = ", ".join(f"`{f.name}`" for f in dataclasses.fields(Event))
    lines = heading(
        "Events",
        f"What is stored for ever, under its topic. Each event carries {common}, and its own attributes.",
    )
    lines += table("topic", "version", "attributes", "means")
    inherited = {f.name for f in dataclasses.fields(Event)}
    for event in all_events():
        own = [f.name for f in dataclasses.fields(event) if f.name not in inherited]
        # A dataclass without a docstring gets its signature as one: that explains nothing.
        about = "" if (event.__doc__ or "").startswith(f"{event.__name__}(") else first_line(event)
        attributes = ", ".join(f"`{name}`" for name in own)
        lines.append(row(f"`{event.TOPIC}`", str(event.class_version), attributes, about))
    return "\n".join([*lines, ""])


# ── records ─────────────────────────────────────────────────────────────────────────────────────────────────────


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
        lines += ["", "Expected besides: " + ", ".join(f"`{name}`" for name in expected) + "."]
    lines.append("")
    return lines + (field_table(form.fields) if form.fields else [])


def records_page() -> str:
    lines = heading(
        "Families, forms and fields",
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
            lines += ["Expected: " + ", ".join(f"`{name}`" for name in every) + ".", ""]
        lines += field_table(family.fields) if family.fields else []
        for form in family.forms:
            lines += form_lines(every, form)
    return "\n".join(lines)


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text.rstrip("\n") + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
