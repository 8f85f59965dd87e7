"""From a form post to the raw dictionary of ``record.yaml``, and from a record's content back to what a form shows.

Names of inputs are the dotted paths of `domain.records.fields.Problem`: ``attendance.on_leave.0.person``. Names that
begin with an underscore belong to the page and not to the record. Whatever is posted, nothing here raises: what is no
record's is left for `domain.records.content.check` to refuse.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo
from typing import Any

from domain.records import families
from domain.records.content import Content
from domain.records.fields import Field

Raw = dict[str, Any]

DEPTH = 5
"""Parts of the longest path: ``attendance.on_leave.0.person`` has four."""

OWN = frozenset({"csrf"})
"""Names that are the page's without an underscore."""


def raw_record(pairs: Iterable[tuple[str, Any]]) -> Raw:
    """The posted record. Inputs left empty are left out, rows in which nothing was written too."""
    tree: dict[str, Any] = {}
    for name, value in pairs:
        if not name or name.startswith("_") or name in OWN or not isinstance(value, str) or not value.strip():
            continue
        parts = name.split(".")
        if len(parts) <= DEPTH and all(parts):
            _put(tree, parts, value)
    return {key: _settled(value) for key, value in tree.items()}


def from_content(content: Content, zone: tzinfo) -> Raw:
    """What a person would have posted to get this content."""
    raw: Raw = {"family": content["family"], "form": content["form"]}
    for key, field in families.form_fields(content["family"], content["form"]).items():
        if key in content:
            raw[key] = _said(field, content[key], zone)
    for group, fields in (("occurred", families.OCCURRED), ("attendance", families.ATTENDANCE)):
        values = content.get(group, {})
        raw[group] = {f.key: _said(f, values[f.key], zone) for f in fields if f.key in values}
    return raw


def at(raw: Any, path: str) -> Any:
    """The value under a dotted path, None where there is none."""
    for part in path.split("."):
        if isinstance(raw, Mapping):
            raw = raw.get(part)
        elif isinstance(raw, list) and part.isdecimal() and int(part) < len(raw):
            raw = raw[int(part)]
        else:
            return None
    return raw


def _put(tree: dict[str, Any], parts: list[str], value: str) -> None:
    for part in parts[:-1]:
        below = tree.setdefault(part, {})
        if not isinstance(below, dict):  # a path that goes through a value: keep what came first
            return
        tree = below
    tree.setdefault(parts[-1], value)


def _settled(node: Any) -> Any:
    """Keys that are all numbers make a list; a date and a time make a moment."""
    if not isinstance(node, dict):
        return node
    if node and all(key.isascii() and key.isdecimal() for key in node):
        return [_settled(node[key]) for key in sorted(node, key=lambda key: (len(key), key))]
    if node and node.keys() <= {"date", "time"}:
        return "T".join(str(part) for part in (node.get("date", ""), node.get("time")) if part is not None)
    return {key: _settled(value) for key, value in node.items()}


def _said(field: Field, value: Any, zone: tzinfo) -> Any:
    match field.kind:
        case "person":
            return value["name"]
        case "people":
            return "、".join(person["name"] for person in value)
        case "texts":
            return "\n".join(value)
        case "rows":
            return [{c.key: _said(c, row[c.key], zone) for c in field.columns if c.key in row} for row in value]
        case "flag":
            return "true" if value else "false"
        case "moment":
            if len(value) == len("2023-04-21"):
                return value
            return f"{datetime.fromisoformat(value).astimezone(zone):%Y-%m-%dT%H:%M}"
        case "text" | "longtext" | "date" | "choice":
            return value
        case _:
            return f"{value:g}" if isinstance(value, float) else str(value)
