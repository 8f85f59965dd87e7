"""The five families of records and the papers around them: their forms and fields, as data.

This is the one place where a form is added or a field is changed. Everything that shows, checks, documents or
reports forms — the web form, ``record.yaml``, the JSON Schema, the reference page — is derived from `FAMILIES`. The
forms of meetings are in `domain.records.meetings`, the words to choose from in `domain.records.vocabulary`.

``expects`` names what a form should hold: a field key, ``attendance``, or ``file:<role>``. What is expected and
not there is a *gap*: recorded, shown, counted, and open to a later correction. It never refuses the record.
"""

from __future__ import annotations

from functools import cache

from domain.records.fields import Field
from domain.records.form import ATTENDANCE, COMMON, OCCURRED, Family, Form
from domain.records.meetings import DISCUSSION, STUDY_SESSION
from domain.records.vocabulary import FILE_ROLES, GRADES, PUBLICITY_LEVELS, QUARTERS, RETENTION, TERMS

SELF_ANALYSIS = Family(
    "self_analysis",
    "自我剖析",
    "self-analysis",
    confidential=True,
    fields=(
        Field("author", "撰写人", "author", "person"),
        Field("reviewer", "审阅人", "reviewer", "person"),
        Field("review", "审阅意见", "review", "longtext"),
    ),
    expects=("author", "body"),
    forms=tuple(
        Form(key, zh, en, fields, expects)
        for key, zh, en, fields, expects in (
            (
                "party_spirit_analysis",
                "党性分析材料",
                "party spirit analysis",
                (
                    Field("problems", "存在问题", "problems", "longtext"),
                    Field("causes", "原因分析", "root causes", "longtext"),
                    Field("direction", "努力方向", "direction of effort", "longtext"),
                ),
                ("problems", "causes", "direction", "reviewer"),
            ),
            (
                "self_examination",
                "对照检查材料",
                "self-examination",
                (
                    Field("problems", "存在问题", "problems", "longtext"),
                    Field("causes", "原因分析", "root causes", "longtext"),
                    Field("direction", "整改方向", "direction of effort", "longtext"),
                ),
                ("problems", "causes", "direction", "reviewer"),
            ),
            (
                "duty_report",
                "述职述学报告",
                "report on duties and study",
                (Field("period", "述职期间", "period"),),
                ("period",),
            ),
            ("reflection", "学习心得", "reflection", (), ()),
            ("reading_notes", "读书笔记", "reading notes", (Field("book", "书名", "book"),), ("book",)),
        )
    ),
)

_GRADE = Field("grade", "等次", "grade", "choice", GRADES)
_FEEDBACK = Field("feedback", "反馈本人", "feedback to the person", "longtext")

EVALUATION = Family(
    "evaluation",
    "评议测评",
    "evaluation",
    expects=("body",),
    forms=(
        Form(
            "democratic_appraisal",
            "民主评议党员",
            "democratic appraisal of members",
            (
                Field(
                    "results",
                    "评议结果",
                    "results",
                    "rows",
                    columns=(
                        Field("person", "姓名", "person", "person", required=True),
                        Field("self_grade", "自评", "self-assessment", "choice", GRADES),
                        Field("peer_excellent", "互评优秀票", "peer votes: excellent", "int"),
                        Field("peer_qualified", "互评合格票", "peer votes: qualified", "int"),
                        Field("peer_basic", "互评基本合格票", "peer votes: basically qualified", "int"),
                        Field("peer_unqualified", "互评不合格票", "peer votes: unqualified", "int"),
                        Field("grade", "等次", "grade", "choice", GRADES, required=True),
                        _FEEDBACK,
                    ),
                ),
            ),
            ("results", "attendance"),
        ),
        Form(
            "organisation_opinion",
            "组织评议意见",
            "organisation's opinion",
            (
                Field("person", "被评议人", "person", "person"),
                _GRADE,
                Field("opinion", "评议意见", "opinion", "longtext"),
                _FEEDBACK,
            ),
            ("person", "grade", "opinion", "feedback"),
        ),
        Form(
            "satisfaction",
            "满意度测评",
            "satisfaction survey",
            (
                Field("subject", "测评事项", "subject"),
                Field("ballots", "发出票数", "ballots", "int"),
                Field("satisfied", "满意", "satisfied", "int"),
                Field("mostly_satisfied", "基本满意", "mostly satisfied", "int"),
                Field("dissatisfied", "不满意", "dissatisfied", "int"),
                Field("makes_up_for", "补课对应的测评", "makes up for (record)"),
            ),
            ("subject", "ballots", "satisfied", "dissatisfied"),
        ),
        Form(
            "quarterly_points",
            "季度积分考评",
            "quarterly points",
            (
                Field("quarter", "季度", "quarter", "choice", QUARTERS),
                Field(
                    "scores",
                    "积分",
                    "scores",
                    "rows",
                    columns=(
                        Field("person", "姓名", "person", "person", required=True),
                        Field("department", "评分部门", "department", required=True),
                        Field("points", "得分", "points", "number", required=True, most=1_000),
                    ),
                ),
            ),
            ("quarter", "scores"),
        ),
        Form(
            "duty_appraisal",
            "述职评议",
            "appraisal of duty reports",
            (Field("person", "述职人", "person", "person"), _GRADE, _FEEDBACK),
            ("person", "grade"),
        ),
        Form(
            "group_assessment",
            "党小组考核",
            "group assessment",
            (
                Field("group", "党小组", "group"),
                Field("score", "得分", "score", "number", most=1_000),
                _GRADE,
            ),
            ("group", "score"),
        ),
    ),
)

RECTIFICATION = Family(
    "rectification",
    "整改",
    "rectification",
    fields=(
        Field("problem", "问题", "problem", "longtext"),
        Field("source", "来源", "source"),
        Field("measures", "整改措施", "measures", "longtext"),
        Field("department", "责任部门", "department"),
        Field("responsible", "责任人", "responsible person", "person"),
        Field("deadline", "完成时限", "deadline", "date"),
        Field("term", "整改类型", "term", "choice", TERMS),
    ),
    expects=("problem", "measures", "department", "responsible", "deadline", "term"),
    forms=(
        Form("problem_item", "问题整改", "problem rectification"),
        Form("notice_item", "通报整改", "rectification after a notice", (), ("source",)),
        Form(
            "complaint_item",
            "诉求办理",
            "complaint handling",
            (Field("complainant", "诉求人", "complainant"),),
            ("source",),
        ),
    ),
)

PAPER = Family(
    "paper",
    "文件材料",
    "paper",
    forms=(
        Form("plan", "方案", "plan"),
        Form("report", "报告", "report", (Field("recipient", "报送单位", "recipient"),)),
        Form("summary", "总结", "summary", (Field("recipient", "报送单位", "recipient"),)),
        Form("rules", "制度", "rules"),
        Form(
            "publicity",
            "宣传",
            "publicity",
            (
                Field("channel", "渠道", "channel"),
                Field("author", "作者", "author", "person"),
            ),
            ("channel", "publicity"),
        ),
        Form(
            "approval",
            "审批",
            "approval",
            (
                Field("matter", "审批事项", "matter"),
                Field("approver", "审批人", "approver", "person"),
                Field("held_on", "活动日期", "date of the event", "date"),
            ),
            ("matter", "approver", "held_on"),
        ),
        Form("document", "材料", "document"),
    ),
)

__all__ = [
    "ATTENDANCE",
    "COMMON",
    "FAMILIES",
    "FILE_ROLES",
    "GRADES",
    "OCCURRED",
    "PUBLICITY_LEVELS",
    "RETENTION",
    "Family",
    "Form",
    "expected_of",
    "family",
    "form_fields",
]

FAMILIES: tuple[Family, ...] = (STUDY_SESSION, DISCUSSION, SELF_ANALYSIS, EVALUATION, RECTIFICATION, PAPER)


def family(word: str) -> Family | None:
    """The family of that key, Chinese or English name."""
    return next((f for f in FAMILIES if word in (f.key, f.zh, f.en)), None)


@cache
def form_fields(family_key: str, form_key: str) -> dict[str, Field]:
    """All fields of a form but ``occurred`` and ``attendance``: common ones, the family's, its own."""
    kind = family(family_key)
    form = kind.form(form_key) if kind else None
    if kind is None or form is None:
        return {}
    return {f.key: f for f in (*COMMON, *kind.fields, *form.fields)}


def expected_of(kind: Family, form: Form) -> tuple[str, ...]:
    """What the form should hold, without repetitions, in the order in which it is asked for."""
    return tuple(dict.fromkeys((*kind.expects, *form.expects)))
