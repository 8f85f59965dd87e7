"""The published schema of record.yaml accepts and refuses what the archive accepts and refuses."""

from __future__ import annotations

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from jsonschema import Draft202012Validator

from api.common.schema import record_schema
from domain.records.content import check
from domain.records.families import FAMILIES
from domain.records.fields import Field

VALIDATOR = Draft202012Validator(record_schema())
BASE: dict[str, Any] = {
    "organisation": "school-01",
    "family": "study_session",
    "form": "党课",
    "title": "专题党课",
    "occurred": {"from": "2023-04-21T14:30+08:00", "to": "2023-04-21T16:30+08:00"},
}


def accepted_by_check(raw: dict[str, Any]) -> bool:
    return not check(raw, zone=ZoneInfo("Asia/Shanghai"), today=date(2024, 1, 1)).problems


def sample(field: Field) -> Any:
    """A plain value that fits the field."""
    samples = {
        "text": "文字", "longtext": "长一点的文字", "int": 3, "number": 2.5, "flag": True, "date": "2023-05-01",
        "moment": "2023-05-01", "person": "张敏", "people": ["张敏", {"name": "李强"}], "texts": ["一", "二"],
    }  # fmt: skip
    if field.kind == "choice":
        return field.choices[0].zh
    if field.kind == "rows":
        return [{column.key: sample(column) for column in field.columns}]
    return samples[field.kind]


def test_the_schema_is_a_schema() -> None:
    """It is valid by the draft it names."""
    Draft202012Validator.check_schema(record_schema())


@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.key)
def test_every_form_with_all_its_fields_is_accepted(family: Any) -> None:
    """Each form, called by any of its names, with each field filled in."""
    for form in family.forms:
        fields = {field.key: sample(field) for field in (*family.fields, *form.fields)}
        for family_word, form_word in ((family.key, form.zh), (family.zh, form.key), (family.en, form.en)):
            raw = {**BASE, **fields, "family": family_word, "form": form_word}
            assert [e.message for e in VALIDATOR.iter_errors(raw)] == []
            assert not any(p.field.split(".")[0] in fields and "没有“" in p.zh for p in _problems(raw))


def _problems(raw: dict[str, Any]) -> Any:
    return check(raw, zone=ZoneInfo("Asia/Shanghai"), today=date(2024, 1, 1)).problems


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"hours": None},
        {"lecturer": "张敏", "agenda": "一\n二", "retention": "30 年"},
        {"attendance": {"expected": 3, "present": 2, "on_leave": [{"person": "王芳", "reason": "病假"}]}},
        {"attendance": {"observers": "王芳、赵军"}},
        {"chair": {"name": "张敏"}},
        {"family": "整改", "form": "通报整改", "deadline": "2023-05-01", "term": "立行立改"},
        {"occurred": {"from": "2023-04-21"}},
        {"occurred": {"from": "2023-04-21 14:30"}},
        # refused:
        {"title": None},
        {"family": "no such"},
        {"form": "大讨论"},
        {"theme": "党课没有主题这一项"},
        {"occurred": {}},
        {"occurred": None},
        {"occurred": {"from": "昨天"}},
        {"occurred": {"from": "2023-04-21", "until": "2023-04-22"}},
        {"attendance": {"absent": 3}},
        {"attendance": {"expected": -1}},
        {"attendance": {"on_leave": [{"reason": "病假"}]}},
        {"attendance": "三人"},
        {"retention": "20y"},
        {"hours": -2},
        {"hours": 5_000},
        {"chair": True},
        {"body": {"text": "x"}},
        {"title": "长" * 2_001},
    ],
)
def test_schema_and_check_agree(changes: dict[str, Any]) -> None:
    """What an editor underlines is what the archive refuses."""
    raw = {**BASE, **changes}
    assert VALIDATOR.is_valid(raw) == accepted_by_check(raw)


@pytest.mark.parametrize("name", ["../a.jpg", "a/b.jpg", "a\\b.jpg"])
def test_files_are_names_without_folders(name: str) -> None:
    """A path is no file name."""
    assert VALIDATOR.is_valid({**BASE, "files": {"签到表.jpg": {"role": "attendance_sheet"}, "b": "照片", "c": None}})
    assert not VALIDATOR.is_valid({**BASE, "files": {name: {"role": "photo"}}})
    assert not VALIDATOR.is_valid({**BASE, "files": {"a.jpg": {"role": "no such"}}})
