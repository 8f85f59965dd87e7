"""The JSON Schema of ``record.yaml`` (draft 2020-12), made from the families: for editors, and for other programs.

`domain.records.content.check` is what decides; the schema says the same of the shape of a record, form by form, and
cannot say what depends on several values, such as more present than expected.
"""

from __future__ import annotations

import json
from typing import Any

from domain.organisations.codes import ORGANISATION_CODE
from domain.records.families import ATTENDANCE, COMMON, FAMILIES, FILE_ROLES, OCCURRED
from domain.records.fields import MAX_ITEMS, MAX_LINE, MAX_TEXT, Choice, Field

Schema = dict[str, Any]

FILE = "record.schema.json"
DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
MOMENT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?$"
PERSON: Schema = {
    "description": "A name, or the code of a person on the roll.",
    "anyOf": [
        {"type": "string", "maxLength": 100},
        {
            "type": "object",
            "properties": {"name": {"type": "string", "maxLength": 100}, "person": {"type": "string"}},
            "additionalProperties": False,
        },
    ],
}


def record_schema() -> Schema:
    """The whole schema. Empty values (``hours:``) are as good as absent."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "record.yaml",
        "description": "One record of the Jianzheng archive. Names in English, contents in any language.",
        "type": "object",
        "required": ["organisation", "family", "form", "title", "occurred"],
        "properties": {
            "organisation": {"type": "string", "pattern": f"^{ORGANISATION_CODE.pattern}$", "title": "单位"},
            "family": {"enum": [word for family in FAMILIES for word in words(family)], "title": "类别"},
            "form": {"type": "string", "title": "形式"},
            "occurred": group(OCCURRED, "时间", ["from"]),
            "attendance": nullable(group(ATTENDANCE, "出席情况", [])),
            "files": files(),
            **properties(COMMON),
        },
        "allOf": [branch for family in FAMILIES for branch in branches(family)],
        "unevaluatedProperties": False,
        "$defs": {"person": PERSON},
    }


def branches(family: Any) -> list[Schema]:
    """If it is of this family then the form is one of its forms, and each form brings its fields."""
    is_family = {"family": {"enum": words(family)}}
    forms = [word for form in family.forms for word in words(form)]
    subschemas: list[Schema] = [
        {
            "if": {"properties": is_family, "required": ["family"]},
            "then": {"properties": {"form": {"enum": forms}, **properties(family.fields)}},
        }
    ]
    for form in family.forms:
        if form.fields:
            is_form = {**is_family, "form": {"enum": words(form)}}
            subschemas.append(
                {
                    "if": {"properties": is_form, "required": ["family", "form"]},
                    "then": {"properties": properties(form.fields)},
                }
            )
    return subschemas


def properties(fields: tuple[Field, ...]) -> dict[str, Schema]:
    """A schema for each field, by its key."""
    return {field.key: value(field) for field in fields}


def value(field: Field) -> Schema:
    """The schema of a field's value; of an optional one null too."""
    schema = {"title": f"{field.zh} · {field.en}", **_KINDS[field.kind](field)}
    return schema if field.required else nullable(schema)


def nullable(schema: Schema) -> Schema:
    """The schema, and null besides: a key without a value counts as not there."""
    if "type" in schema and "anyOf" not in schema:
        return {**schema, "type": [*([schema["type"]] if isinstance(schema["type"], str) else schema["type"]), "null"]}
    if "enum" in schema:
        return {**schema, "enum": [*schema["enum"], None]}
    return {**schema, "anyOf": [*schema["anyOf"], {"type": "null"}]}


def group(fields: tuple[Field, ...], title: str, required: list[str]) -> Schema:
    """An object of these fields and no others."""
    return {
        "title": title,
        "type": "object",
        "properties": properties(fields),
        "required": required,
        "additionalProperties": False,
    }


def files() -> Schema:
    """Files by name, each with its role, alone or as an object."""
    role = {"enum": [*choice_words(FILE_ROLES), None]}
    entry = {"type": "object", "properties": {"role": role}, "additionalProperties": False}
    return {
        "title": "附件",
        "description": "File names beside record.yaml, with their roles; a file not named here has the role `other`.",
        "type": ["object", "null"],
        "propertyNames": {"pattern": r"^[^/\\]+$"},
        "additionalProperties": {"anyOf": [entry, role]},
    }


def words(named: Any) -> list[str]:
    """What a family, form or choice may be called: key, Chinese, English."""
    return list(dict.fromkeys((named.key, named.zh, named.en)))


def choice_words(choices: tuple[Choice, ...]) -> list[str]:
    """Every word by which one of the choices may be named, each once."""
    return list(dict.fromkeys(word for choice in choices for word in words(choice)))


def _text(longest: int) -> Schema:
    return {"type": ["string", "number"], "maxLength": longest}


def _number(field: Field, kind: str) -> Schema:
    most = 1_000_000 if field.most is None else field.most
    return {"type": kind, "minimum": 0 if field.least is None else field.least, "maximum": most}


def _list(items: Schema, *others: Schema) -> Schema:
    return {"anyOf": [{"type": "array", "items": items, "maxItems": MAX_ITEMS}, *others]}


def _rows(field: Field) -> Schema:
    required = [column.key for column in field.columns if column.required]
    row = {
        "type": "object",
        "properties": properties(field.columns),
        "required": required,
        "additionalProperties": False,
    }
    return {"type": "array", "items": row, "maxItems": MAX_ITEMS}


_PERSON: Schema = {"$ref": "#/$defs/person"}
_KINDS: dict[str, Any] = {
    "text": lambda field: _text(MAX_LINE),
    "longtext": lambda field: _text(MAX_TEXT),
    "int": lambda field: _number(field, "integer"),
    "number": lambda field: _number(field, "number"),
    "flag": lambda field: {"enum": [True, False, "是", "否", "有", "无", "没有", "yes", "no"]},
    "date": lambda field: {"type": "string", "pattern": DATE},
    "moment": lambda field: {"type": "string", "pattern": MOMENT},
    "choice": lambda field: {"enum": choice_words(field.choices)},
    "person": lambda field: {"anyOf": [_PERSON]},
    "people": lambda field: _list(_PERSON, _PERSON),
    "texts": lambda field: _list(_text(MAX_TEXT), _text(MAX_TEXT)),
    "rows": _rows,
}


def as_text() -> str:
    """As it is written to a file, which ends in a newline."""
    return json.dumps(record_schema(), ensure_ascii=False, indent=1) + "\n"
