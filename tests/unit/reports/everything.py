"""What a fold's golden report is made from: a record of every form that there was when the fold came, kept as JSON.

``python -m tests.unit.reports.everything VERSION`` writes the events and the report of a new fold to
``tests/golden/reports``; what is there is never written again.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

from domain.records.families import FAMILIES
from domain.records.fields import Field
from domain.reports.cases import Fact
from tests.unit.reports.facts import Story, fold, person, record

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "reports"


def facts_of(version: int) -> list[Fact]:
    """The events that are kept for a fold."""
    kept = json.loads((GOLDEN / f"fold-{version}.facts.json").read_text("utf-8"))
    return [(leaf, topic, UUID(stream), attributes) for leaf, topic, stream, attributes in kept]


def report_of(version: int) -> bytes:
    """The report that is kept for a fold."""
    return (GOLDEN / f"fold-{version}.report.json").read_bytes()


def value_of(field: Field) -> Any:
    """Something that fits the field, as it is stored."""
    match field.kind:
        case "person":
            return person("张敏", "p1")
        case "int":
            return 8 if field.key in ("entitled", "ballots", "distributed") else 2
        case "number":
            return 93.5
        case "flag":
            return True
        case "date":
            return "2023-11-30"
        case "choice":
            return field.choices[0].key
        case "texts":
            return ["甲", "乙"]
        case "rows":
            return [{column.key: value_of(column) for column in field.columns}]
    return "线路老化的教室已经停用。"


def everything() -> list[Fact]:
    """A record of every form, with all its fields and without; signed, returned, withdrawn."""
    story = Story()
    forms = [(family, form) for family in FAMILIES for form in family.forms]
    for number, (family, form) in enumerate(forms):
        fields = {field.key: value_of(field) for field in (*family.fields, *form.fields)}
        full, bare = record(2 * number + 1), record(2 * number + 2)
        day = f"2023-{1 + number % 12:02}-{1 + number % 28:02}"
        attendance = {"expected": 9, "present": 8, "attendees": [person("张敏", "p1")]}
        story.filed(full, family.key, form.key, day, hours=2, attendance=attendance, files=(number,), **fields)
        story.filed(bare, family.key, form.key, day, late=True, gaps=("missing",))
        for act, turn in ((story.signed, 0), (story.returned, 1), (story.withdrawn, 2)):
            if number % 4 == turn:
                act(bare)
        if family.key == "rectification":
            story.progress(full, "2023-11-01")
            story.closed(full, "2023-11-20")
    return story.facts


def main(version: int) -> None:
    facts = everything()
    with (GOLDEN / f"fold-{version}.facts.json").open("x", encoding="utf-8") as kept:
        json.dump([(leaf, topic, str(stream), said) for leaf, topic, stream, said in facts], kept, ensure_ascii=False)
        kept.write("\n")
    with (GOLDEN / f"fold-{version}.report.json").open("xb") as report:
        report.write(fold(facts, version=version).to_bytes())


if __name__ == "__main__":
    main(int(sys.argv[1]))
