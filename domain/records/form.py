"""What a form and a family are, and the fields that every record has."""

from __future__ import annotations

from dataclasses import dataclass

from domain.records.fields import Field
from domain.records.vocabulary import PUBLICITY_LEVELS, RETENTION


@dataclass(frozen=True)
class Form:
    key: str
    zh: str
    en: str
    fields: tuple[Field, ...] = ()
    expects: tuple[str, ...] = ()


@dataclass(frozen=True)
class Family:
    """``confidential`` families are read by the author, the reviewer, the secretary and an approved inspector."""

    key: str
    zh: str
    en: str
    forms: tuple[Form, ...]
    fields: tuple[Field, ...] = ()
    expects: tuple[str, ...] = ()
    confidential: bool = False

    def form(self, word: str) -> Form | None:
        """The form of that key, Chinese or English name."""
        return next((form for form in self.forms if word in (form.key, form.zh, form.en)), None)


# ── fields every record has ─────────────────────────────────────────────────────────────────────────────────────

COMMON: tuple[Field, ...] = (
    Field("title", "题名", "title", required=True),
    Field("place", "地点", "place"),
    Field("chair", "主持人", "chair", "person"),
    Field("recorder", "记录人", "recorder", "person"),
    Field("agenda", "议题", "agenda", "texts"),
    Field("body", "内容", "body", "longtext"),
    Field("decisions", "决议", "decisions", "texts"),
    Field("hours", "学时", "hours", "number", most=1_000),
    Field("plan", "方案", "plan"),
    Field("phase", "阶段", "phase"),
    Field("publicity", "公开范围", "publicity level", "choice", PUBLICITY_LEVELS),
    Field("retention", "保管期限", "retention period", "choice", RETENTION),
    Field("remarks", "备注", "remarks", "longtext"),
)
OCCURRED: tuple[Field, ...] = (
    Field("from", "开始时间", "start", "moment", required=True),
    Field("to", "结束时间", "end", "moment"),
)
ON_LEAVE = Field(
    "on_leave",
    "请假",
    "on leave",
    "rows",
    columns=(
        Field("person", "姓名", "person", "person", required=True),
        Field("reason", "原因", "reason"),
    ),
)
ATTENDANCE: tuple[Field, ...] = (
    Field("expected", "应到", "expected", "int"),
    Field("present", "实到", "present", "int"),
    Field("attendees", "到会人员", "attendees", "people"),
    ON_LEAVE,
    Field("observers", "列席", "observers", "people"),
)
