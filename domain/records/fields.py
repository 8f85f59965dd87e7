"""Kinds of field a record can have, and how a value written by a person becomes one that is stored.

A field reads what YAML, JSON or a web form gives it and yields plain JSON, or reports a `Problem`. Nothing is
guessed: a value that is not of the kind is an error that names the accepted values.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone, tzinfo
from typing import Any, Literal

from domain.words import Words

Kind = Literal[
    "text", "longtext", "int", "number", "flag", "date", "moment", "choice", "person", "people", "texts", "rows"
]

FLAG: dict[bool, Words] = {True: Words("是", "yes"), False: Words("否", "no")}
"""What a flag says."""

MAX_TEXT = 1_000_000
"""Characters in one text field: a book-length minute still fits, a runaway paste does not."""
MAX_LINE = 2_000
MAX_ITEMS = 10_000


@dataclass(frozen=True)
class Problem:
    """What contradicts the form: ``field`` is a dotted path such as ``attendance.on_leave.1.reason``."""

    field: str
    zh: str
    en: str


@dataclass(frozen=True)
class Choice:
    key: str
    zh: str
    en: str


@dataclass(frozen=True)
class Field:
    """One field of a form. ``columns`` are the fields of each row where ``kind`` is ``rows``."""

    key: str
    zh: str
    en: str
    kind: Kind = "text"
    choices: tuple[Choice, ...] = ()
    columns: tuple[Field, ...] = ()
    required: bool = False
    least: float | None = None
    most: float | None = None


@dataclass
class Reader:
    """Collects the problems of one record while its fields are read."""

    zone: tzinfo
    problems: list[Problem]

    def bad(self, field: str, zh: str, en: str) -> None:
        """Note a problem of the field at this dotted path, told in both languages."""
        self.problems.append(Problem(field, zh, en))

    def read(self, field: Field, value: Any, path: str) -> Any:
        """The stored form of ``value``, or None where it is absent or was refused."""
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        return _READERS[field.kind](self, field, value, path)

    def unknown_keys(self, value: dict[str, Any], known: Iterable[str], path: str) -> None:
        """Note a problem for each key that is not among the known ones; ``path`` is empty at the top of a record."""
        accepted = sorted(known)
        for key in value:
            if key not in accepted:
                where = f"{path}.{key}" if path else str(key)
                self.bad(
                    where,
                    f"没有“{key}”这一项；可用的有：{'、'.join(accepted)}",
                    f"there is no field “{key}” here; accepted: {', '.join(accepted)}",
                )


def _text(r: Reader, field: Field, value: Any, path: str, longest: int = MAX_LINE) -> str | None:
    if isinstance(value, bool | dict | list):
        r.bad(path, f"“{field.zh}”应是文字", f"{field.en} must be text")
        return None
    text = str(value).strip() if field.kind == "text" else str(value).rstrip()
    if len(text) > longest:
        r.bad(path, f"“{field.zh}”超过 {longest} 字", f"{field.en} is longer than {longest} characters")
        return None
    if any(ch < " " and ch not in "\n\t\r" for ch in text) or any("\ud800" <= ch <= "\udfff" for ch in text):
        r.bad(path, f"“{field.zh}”里有不可见的控制字符", f"{field.en} contains control characters")
        return None
    return text


def _longtext(r: Reader, field: Field, value: Any, path: str) -> str | None:
    return _text(r, field, value, path, MAX_TEXT)


def _int(r: Reader, field: Field, value: Any, path: str) -> int | None:
    number = _number(r, field, value, path)
    if number is None:
        return None
    if number != int(number):
        r.bad(path, f"“{field.zh}”应是整数", f"{field.en} must be a whole number")
        return None
    return int(number)


def _number(r: Reader, field: Field, value: Any, path: str) -> float | int | None:
    number: float | int | None = None
    if isinstance(value, int | float) and not isinstance(value, bool):
        number = value
    elif isinstance(value, str):
        try:
            number = int(value) if value.strip().lstrip("-").isdecimal() else float(value)
        except ValueError:
            number = None
    if number is None or not math.isfinite(number):
        r.bad(
            path, f"“{field.zh}”应是数字，不是“{_shown(value)}”", f"{field.en} must be a number, not “{_shown(value)}”"
        )
        return None
    least = 0 if field.least is None else field.least
    most = 1_000_000 if field.most is None else field.most
    if not least <= number <= most:
        r.bad(
            path, f"“{field.zh}”应在 {least:g} 到 {most:g} 之间", f"{field.en} must lie between {least:g} and {most:g}"
        )
        return None
    return int(number) if number == int(number) else number


def _flag(r: Reader, field: Field, value: Any, path: str) -> bool | None:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in {"true", "yes", "on", "1", "是", "有"}:
        return True
    if word in {"false", "no", "off", "0", "否", "无", "没有"}:
        return False
    r.bad(path, f"“{field.zh}”应是“是”或“否”", f"{field.en} must be yes or no")
    return None


def _date(r: Reader, field: Field, value: Any, path: str) -> str | None:
    try:
        return date.fromisoformat(str(value).strip()).isoformat()
    except ValueError:
        r.bad(
            path,
            f"“{field.zh}”应写成 2023-04-21 这样的日期，不是“{_shown(value)}”",
            f"{field.en} must be a date such as 2023-04-21, not “{_shown(value)}”",
        )
        return None


def _moment(r: Reader, field: Field, value: Any, path: str) -> str | None:
    """A date, or an instant with minutes; an instant without a zone is in the archive's own."""
    text = str(value).strip().replace(" ", "T", 1)
    try:
        if len(text) == 10:
            return date.fromisoformat(text).isoformat()
        at = datetime.fromisoformat(text)
    except ValueError:
        r.bad(
            path,
            f"“{field.zh}”应写成 2023-04-21 或 2023-04-21T14:30+08:00，不是“{_shown(value)}”",
            f"{field.en} must be a date or an instant such as 2023-04-21T14:30+08:00, not “{_shown(value)}”",
        )
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=r.zone)
    # A fixed offset is what stays true when a zone's rules are changed later.
    fixed = at.astimezone(timezone(at.utcoffset() or timedelta(0)))
    return fixed.isoformat(timespec="seconds" if fixed.second else "minutes")


def _choice(r: Reader, field: Field, value: Any, path: str) -> str | None:
    word = str(value).strip()
    for choice in field.choices:
        if word in (choice.key, choice.zh, choice.en):
            return choice.key
    accepted = "、".join(f"{c.zh}（{c.key}）" for c in field.choices)
    r.bad(
        path,
        f"“{field.zh}”没有“{_shown(value)}”这个选项；可用的有：{accepted}",
        f"{field.en} cannot be “{_shown(value)}”; accepted: {', '.join(c.key for c in field.choices)}",
    )
    return None


def _person(r: Reader, field: Field, value: Any, path: str) -> dict[str, str] | None:
    """``{"name": …}``; the archive adds ``"person": code`` where the name fits exactly one person."""
    if isinstance(value, dict):
        r.unknown_keys(value, ("name", "person"), path)
        name = value.get("name") or value.get("person")
    else:
        name = value
    if name is None or isinstance(name, dict | list | bool):
        r.bad(path, f"“{field.zh}”应是一个人的姓名或编号", f"{field.en} must be a person's name or code")
        return None
    text = " ".join(str(name).split())
    if not text or len(text) > 100:
        r.bad(path, f"“{field.zh}”应是 1 到 100 字的姓名", f"{field.en} must be a name of 1 to 100 characters")
        return None
    return {"name": text}


def _people(r: Reader, field: Field, value: Any, path: str) -> list[dict[str, str]] | None:
    items = _items(r, field, value, path)
    return [person for i, item in enumerate(items) if (person := _person(r, field, item, f"{path}.{i}"))] or None


def _texts(r: Reader, field: Field, value: Any, path: str) -> list[str] | None:
    items = _items(r, field, value, path, separators="\n")
    return [text for i, item in enumerate(items) if (text := _text(r, field, item, f"{path}.{i}", MAX_TEXT))] or None


def _rows(r: Reader, field: Field, value: Any, path: str) -> list[dict[str, Any]] | None:
    if not isinstance(value, list):
        r.bad(path, f"“{field.zh}”应是一张表（若干行）", f"{field.en} must be a list of rows")
        return None
    if len(value) > MAX_ITEMS:
        r.bad(path, f"“{field.zh}”超过 {MAX_ITEMS} 行", f"{field.en} has more than {MAX_ITEMS} rows")
        return None
    rows = []
    for i, raw in enumerate(value):
        where = f"{path}.{i}"
        if not isinstance(raw, dict):
            r.bad(where, f"“{field.zh}”的每一行应有：{_columns_zh(field)}", f"each row has: {_columns_en(field)}")
            continue
        r.unknown_keys(raw, (column.key for column in field.columns), where)
        row = {}
        for column in field.columns:
            cell = r.read(column, raw.get(column.key), f"{where}.{column.key}")
            if cell is not None:
                row[column.key] = cell
            elif column.required and raw.get(column.key) is None:
                r.bad(f"{where}.{column.key}", f"“{column.zh}”没有填", f"{column.en} is missing")
        if row:
            rows.append(row)
    return rows or None


def _items(r: Reader, field: Field, value: Any, path: str, separators: str = "\n,，、;；") -> list[Any]:
    """A list as it is, or a text cut at the separators people use."""
    if isinstance(value, str):
        for mark in separators:
            value = value.replace(mark, "\n")
        value = [part for part in value.split("\n") if part.strip()]
    if not isinstance(value, list):
        value = [value]
    if len(value) > MAX_ITEMS:
        r.bad(path, f"“{field.zh}”超过 {MAX_ITEMS} 项", f"{field.en} has more than {MAX_ITEMS} items")
        return []
    return list(value)


def _columns_zh(field: Field) -> str:
    return "、".join(f"{c.zh}（{c.key}）" for c in field.columns)


def _columns_en(field: Field) -> str:
    return ", ".join(c.key for c in field.columns)


def _shown(value: object) -> str:
    text = str(value)
    return text if len(text) <= 40 else text[:39] + "…"


_READERS: dict[Kind, Callable[[Reader, Field, Any, str], Any]] = {
    "text": _text,
    "longtext": _longtext,
    "int": _int,
    "number": _number,
    "flag": _flag,
    "date": _date,
    "moment": _moment,
    "choice": _choice,
    "person": _person,
    "people": _people,
    "texts": _texts,
    "rows": _rows,
}
