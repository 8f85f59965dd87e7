"""A record as a person reads it in a terminal: fields by their names, files, what is missing, what happened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, tzinfo
from typing import Any

from api.cli.context import Screen
from domain.ports.texts import TEXT_STATES
from domain.records.acts import ITEM_STATES, NAMED, STATUSES
from domain.records.families import ATTENDANCE, family, form_fields
from domain.records.fields import FLAG, Field

_UNSAID = frozenset({"extracted", "unsupported"})
"""Of these states a file's line says nothing: that a photograph has no text goes without saying."""


def sheet(screen: Screen, record: Mapping[str, Any], organisation: str, zone: tzinfo) -> Iterator[str]:
    """The lines for `api.common.shapes.records`; what the archive's clock said is shown in ``zone``."""
    zh = screen.lang == "zh"
    kind = family(record["family"])
    form = kind.form(record["form"]) if kind else None
    named = " · ".join((kind.zh, form.zh) if zh else (kind.en, form.en)) if kind and form else record["form"]
    status = STATUSES[record["status"]].said(screen.lang)
    yield screen.bold(record["title"])
    yield f"{record['code']}  {'第' if zh else 'version'} {record['version']}{' 版' if zh else ''}  {status}  {named}"
    yield f"{organisation} ({record['organisation']})  {_when(record['occurred'])}"
    if record["late"]:
        yield "补录" if zh else "filed late"
    if record["item"]:
        yield ("整改：" if zh else "item: ") + ITEM_STATES[record["item"]["state"]].said(screen.lang)
    if record["erasure"]:
        yield _erasure(record["erasure"], zh)
    details = list(_details(record, zh))
    if details:
        yield ""
        yield from details
    if record["gaps"]:
        yield ""
        yield screen.bold("待补" if zh else "Missing")
        yield from (f"  · {gap['zh' if zh else 'en']}" for gap in record["gaps"])
    yield from _kept(screen, record, zh, zone)


def _erasure(said: dict[str, Any], zh: bool) -> str:
    ground = said["ground_zh"] if zh else said["ground_en"]
    if said["state"] == "open":
        who = said["proposed_by"]
        return (
            f"已提请销毁（{who}）：{ground}，{said['basis']}"
            if zh
            else f"erasure proposed by {who}: {ground}, {said['basis']}"
        )
    by, number = said["decided_by"], said["revision"]
    return (
        f"依法销毁（{by}，第 {number} 个事件）：{ground}，{said['basis']}"
        if zh
        else f"lawfully erased by {by} (event {number}): {ground}, {said['basis']}"
    )


def _details(record: Mapping[str, Any], zh: bool) -> Iterator[str]:
    for field in form_fields(record["family"], record["form"]).values():
        if field.key in record and field.key != "title":
            yield from _lines(field, record[field.key], zh)
    for field in ATTENDANCE:
        if field.key in record.get("attendance", {}):
            yield from _lines(field, record["attendance"][field.key], zh)


def _kept(screen: Screen, record: Mapping[str, Any], zh: bool, zone: tzinfo) -> Iterator[str]:
    if record["files"]:
        yield ""
        yield screen.bold("附件" if zh else "Files")
        for file in record["files"]:
            state = file["text_status"]
            said = "" if state in _UNSAID else TEXT_STATES[state].said(screen.lang)
            digest = screen.dim(file["sha256"][:16])
            if (by := file.get("erased")) is not None:
                said = f"已销毁（第 {by} 个事件）" if zh else f"erased under event {by}"
            yield f"  {file['name']}  {file['size']:,}  {file['media_type']}  {digest}  {said}".rstrip()
    yield ""
    yield screen.bold("经过" if zh else "History")
    for act in record["history"]:
        leaf = "" if act["leaf_index"] is None else f"#{act['leaf_index']}"
        name = NAMED[act["event"]].zh if zh else NAMED[act["event"]].en
        at = datetime.fromisoformat(act["at"]).astimezone(zone).strftime("%Y-%m-%d %H:%M")
        yield f"  {at}  {name}  {act['by']}  {screen.dim(leaf)}  {act['reason']}".rstrip()


def _when(occurred: dict[str, str]) -> str:
    start, end = occurred["from"], occurred.get("to")
    return start if end is None else f"{start} – {end}"


def _lines(field: Field, value: Any, zh: bool) -> Iterator[str]:
    name = field.zh if zh else field.en
    text = _text(field, value, zh)
    if "\n" not in text:
        yield f"  {name}: {text}"
        return
    yield f"  {name}:"
    yield from (f"    {line}" for line in text.splitlines())


def _text(field: Field, value: Any, zh: bool) -> str:
    match field.kind:
        case "person":
            code = value.get("person")
            return f"{value['name']} ({code})" if code else str(value["name"])
        case "people":
            return "、".join(str(person["name"]) for person in value)
        case "texts":
            return str(value[0]) if len(value) == 1 else "\n" + "\n".join(f"{n}. {t}" for n, t in enumerate(value, 1))
        case "choice":
            choice = next((c for c in field.choices if c.key == value), None)
            return str(value) if choice is None else (choice.zh if zh else choice.en)
        case "flag":
            return FLAG[bool(value)].zh if zh else FLAG[bool(value)].en
        case "rows":
            rows = (
                "，".join(_text(column, row[column.key], zh) for column in field.columns if column.key in row)
                for row in value
            )
            return "\n" + "\n".join(rows)
        case _:
            return str(value)
