"""What is missing from a record, said to a person. The gaps themselves are found in `domain.records.content`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from domain.errors import Lang
from domain.records import families
from domain.records.fields import Field
from domain.words import Words

_SAID: dict[str, Words] = {
    "missing": Words("没有填{zh}", "the {en} is not given"),
    "missing_file": Words("没有附{zh}", "no file is attached as {en}"),
    "absentees_not_named": Words("缺席的人没有都写进请假名单", "not everyone who was absent is named as on leave"),
    "no_reason": Words("请假没有写原因", "an absence has no reason"),
    "no_quorum": Words(
        "实到人数没有超过有表决权人数的一半", "no more than half of those entitled to vote were present"
    ),
    "too_many_excellent": Words("评为优秀的超过三分之一", "more than a third are graded excellent"),
    "person_not_on_roll": Words("{zh}不在册，或者重名", "the {en} is not on the roll, or several have the name"),
}


def describe(gap: Mapping[str, str], lang: Lang, content: Mapping[str, Any] | None = None) -> str:
    """One sentence without a full stop. ``content`` is the record's: with it the sentence names the person meant."""
    code, path = gap["code"], gap["field"]
    zh, en = _SAID.get(code, ("{zh}不全", "the {en} is incomplete"))
    label_zh, label_en = label(path, content)
    sentence = (zh if lang == "zh" else en).format(zh=label_zh, en=label_en)
    name = _name(path, content)
    if not name:
        return sentence
    return f"{sentence}：{name}" if lang == "zh" else f"{sentence}: {name}"


def label(path: str, content: Mapping[str, Any] | None = None) -> tuple[str, str]:
    """A field's names for people, from a dotted path such as ``attendance.on_leave.1.reason`` or ``file:minutes``."""
    if path.startswith("file:"):
        role = next((r for r in families.FILE_ROLES if r.key == path.removeprefix("file:")), None)
        return (role.zh, role.en) if role else (path, path)
    parts = [part for part in path.split(".") if not part.isdecimal()]
    fields = _fields(parts[0], content)
    if parts[0] in ("occurred", "attendance"):
        if len(parts) == 1:
            return ("出席情况", "attendance") if parts[0] == "attendance" else ("时间", "time")
        parts = parts[1:]
    matches: list[Field] = []
    for part in parts:
        match = next((field for field in fields if field.key == part), None)
        if match is None:
            break
        matches.append(match)
        fields = match.columns
    if not matches:
        return path, path
    return "的".join(field.zh for field in matches), ": ".join(field.en for field in matches)


def _fields(first: str, content: Mapping[str, Any] | None) -> tuple[Field, ...]:
    if first == "occurred":
        return families.OCCURRED
    if first == "attendance":
        return families.ATTENDANCE
    if content is not None:
        return tuple(families.form_fields(content["family"], content["form"]).values())
    every = [*families.COMMON]
    for family in families.FAMILIES:
        every += [*family.fields, *(field for form in family.forms for field in form.fields)]
    return tuple(every)


def _name(path: str, content: Mapping[str, Any] | None) -> str:
    """Whom the path means: the person there, or the one of the same row."""
    value: Any = content
    person: Any = None
    for part in path.split("."):
        if isinstance(value, Mapping):
            value = value.get(part)
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            value = None
        if isinstance(value, Mapping):
            person = value if "name" in value else value.get("person", person)
    return str(person.get("name", "")) if isinstance(person, Mapping) else ""
