"""From what a person wrote to the content of a record: fields read, contradictions found, gaps noted.

*Errors* refuse the record (`Checked.problems`); *gaps* (`Checked.gaps`) are recorded with it. The same function
serves ``record.yaml``, the HTTP interface and the live checks of the web form.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from typing import Any

from domain.records import attendance, families
from domain.records.fields import Field, Problem, Reader

Content = dict[str, Any]
"""Plain JSON: ``family form title occurred{from,to}`` and the fields of the form, absent where not given."""


@dataclass(frozen=True)
class Gap:
    """``code`` says what kind of thing is missing, ``field`` where."""

    code: str
    field: str

    def as_json(self) -> dict[str, str]:
        """As events hold it."""
        return {"code": self.code, "field": self.field}


@dataclass(frozen=True)
class Checked:
    content: Content
    problems: tuple[Problem, ...] = ()
    gaps: tuple[Gap, ...] = field(default=())


ENVELOPE = ("organisation", "family", "form", "occurred", "attendance", "files")
"""Keys of ``record.yaml`` that are not fields of a form."""


def check(raw: dict[str, Any], *, zone: tzinfo, today: date, file_roles: Iterable[str] = ()) -> Checked:
    """Read ``raw`` (the keys of ``record.yaml``). ``file_roles`` are those of the files that come with it."""
    reader = Reader(zone, [])
    family = families.family(str(raw.get("family", "")).strip())
    if family is None:
        accepted = families.FAMILIES
        reader.bad(
            "family",
            f"没有“{raw.get('family', '')}”这个类别；可用的有：{'、'.join(f'{f.zh}（{f.key}）' for f in accepted)}",
            f"there is no family “{raw.get('family', '')}”; accepted: {', '.join(f.key for f in accepted)}",
        )
        return Checked({}, tuple(reader.problems))
    form = family.form(str(raw.get("form", "")).strip())
    if form is None:
        reader.bad(
            "form",
            f"{family.zh}没有“{raw.get('form', '')}”这种形式；可用的有：{'、'.join(f.zh for f in family.forms)}",
            f"{family.en} has no form “{raw.get('form', '')}”; accepted: {', '.join(f.key for f in family.forms)}",
        )
        return Checked({}, tuple(reader.problems))

    fields = families.form_fields(family.key, form.key)
    reader.unknown_keys(raw, (*ENVELOPE, *fields), "")
    content: Content = {"family": family.key, "form": form.key}
    for key, definition in fields.items():
        _keep(content, key, reader.read(definition, raw.get(key), key))
    if "title" not in content and not any(p.field == "title" for p in reader.problems):
        reader.bad("title", "没有填题名", "the title is missing")
    _keep(content, "occurred", _group(reader, raw.get("occurred"), families.OCCURRED, "occurred"))
    _keep(content, "attendance", _group(reader, raw.get("attendance"), families.ATTENDANCE, "attendance"))

    _check_times(reader, content, today)
    if not reader.problems:  # rows that were refused would make these stumble
        reader.problems += attendance.problems(content.get("attendance", {}))
        _check_sums(reader, content)
    gaps = find_gaps(content, file_roles) if not reader.problems else ()
    return Checked(content, tuple(reader.problems), gaps)


def find_gaps(content: Content, file_roles: Iterable[str]) -> tuple[Gap, ...]:
    """What the form of a sound ``content`` expects and does not hold."""
    family = families.family(content["family"])
    form = family.form(content["form"]) if family else None
    if family is None or form is None:
        return ()
    roles = set(file_roles)
    gaps: list[Gap] = []
    for key in families.expected_of(family, form):
        if key.startswith("file:"):
            if key.removeprefix("file:") not in roles:
                gaps.append(Gap("missing_file", key))
        elif key == "occurred.to":
            if "to" not in content["occurred"]:
                gaps.append(Gap("missing", key))
        elif key not in content:
            gaps.append(Gap("missing", key))
    if "attendance" in content:
        gaps += [Gap(code, where) for code, where in attendance.gaps(content["attendance"])]
    entitled, present = content.get("entitled"), content.get("attendance", {}).get("present")
    if entitled is not None and present is not None and present * 2 <= entitled:
        gaps.append(Gap("no_quorum", "attendance.present"))
    results = content.get("results", [])
    if results and sum(row.get("grade") == "excellent" for row in results) * 3 > len(results):
        gaps.append(Gap("too_many_excellent", "results"))
    gaps += [Gap("person_not_on_roll", path) for path, person in people(content) if "person" not in person]
    return tuple(gaps)


def people(content: Content) -> list[tuple[str, dict[str, str]]]:
    """Every person named in the content, with the dotted path of the place; the objects themselves, not copies."""
    named: list[tuple[str, dict[str, str]]] = []

    def walk(definition: Field, value: Any, path: str) -> None:
        if definition.kind == "person":
            named.append((path, value))
        elif definition.kind == "people":
            named.extend((f"{path}.{i}", person) for i, person in enumerate(value))
        elif definition.kind == "rows":
            for i, row in enumerate(value):
                for column in definition.columns:
                    if column.key in row:
                        walk(column, row[column.key], f"{path}.{i}.{column.key}")

    for key, definition in families.form_fields(content["family"], content["form"]).items():
        if key in content:
            walk(definition, content[key], key)
    for definition in families.ATTENDANCE:
        if definition.key in content.get("attendance", {}):
            walk(definition, content["attendance"][definition.key], f"attendance.{definition.key}")
    return named


def occurred_on(content: Content) -> str:
    """The local date on which it happened, YYYY-MM-DD."""
    return str(content["occurred"]["from"])[:10]


def _keep(content: Content, key: str, value: Any) -> None:
    if value is not None:
        content[key] = value


def _group(reader: Reader, raw: Any, fields: tuple[Field, ...], path: str) -> dict[str, Any] | None:
    if raw is None:
        raw = {}
    if not isinstance(raw, dict):
        keys = "、".join(f.key for f in fields)
        reader.bad(path, f"这里应分项填写：{keys}", f"this has parts: {keys}")
        return None
    reader.unknown_keys(raw, (f.key for f in fields), path)
    group: dict[str, Any] = {}
    for definition in fields:
        where = f"{path}.{definition.key}"
        before = len(reader.problems)
        value = reader.read(definition, raw.get(definition.key), where)
        _keep(group, definition.key, value)
        if definition.required and value is None and len(reader.problems) == before:
            reader.bad(where, f"没有填{definition.zh}", f"the {definition.en} is missing")
    return group or None


def _check_times(reader: Reader, content: Content, today: date) -> None:
    occurred = content.get("occurred", {})
    start, end = occurred.get("from"), occurred.get("to")
    if start and end and _before(end, start):
        reader.bad("occurred.to", f"结束时间 {end} 早于开始时间 {start}", f"the end {end} is before the start {start}")
    if start and date.fromisoformat(start[:10]).year < 1900:
        reader.bad("occurred.from", "年份早于 1900 年", "the year is before 1900")
    if start and (date.fromisoformat(start[:10]) - today).days > 1 and content["family"] != "paper":
        reader.bad(
            "occurred.from",
            f"{start[:10]} 还没有到；还没有发生的事不能存证",
            f"{start[:10]} is in the future; what has not happened cannot be filed",
        )


def _before(end: str, start: str) -> bool:
    if len(end) == 10 or len(start) == 10:
        return end[:10] < start[:10]
    return datetime.fromisoformat(end) < datetime.fromisoformat(start)


def _check_sums(reader: Reader, content: Content) -> None:
    """Parts that are more than their whole."""
    votes = [content[key] for key in ("votes_for", "votes_against", "votes_abstained") if key in content]
    entitled, present = content.get("entitled"), content.get("attendance", {}).get("present")
    if votes and present is not None and sum(votes) > present:
        reader.bad("votes_for", f"票数合计 {sum(votes)} 多于实到 {present}", f"{sum(votes)} votes by {present} present")
    elif votes and entitled is not None and sum(votes) > entitled:
        reader.bad(
            "votes_for", f"票数合计 {sum(votes)} 多于有表决权的 {entitled} 人", f"{sum(votes)} votes of {entitled}"
        )
    if content.get("returned", 0) > content.get("distributed", content.get("returned", 0)):
        reader.bad("returned", "回收份数多于发放份数", "more sheets were returned than distributed")
    ballots = [content[key] for key in ("satisfied", "mostly_satisfied", "dissatisfied") if key in content]
    if ballots and "ballots" in content and sum(ballots) > content["ballots"]:
        reader.bad(
            "ballots",
            f"各项票数合计 {sum(ballots)} 多于发出的 {content['ballots']} 票",
            f"the answers add up to {sum(ballots)}, more than the {content['ballots']} ballots",
        )
