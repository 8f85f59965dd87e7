"""The five families of records and the papers around them: their forms and fields, as data.

This is the one place where a form is added or a field is changed. Everything that shows, checks, documents or
reports forms — the web form, ``record.yaml``, the JSON Schema, the reference page — is derived from `FAMILIES`.

``expects`` names what a form should hold: a field key, ``attendance``, or ``file:<role>``. What is expected and
not there is a *gap*: recorded, shown, counted, and open to a later correction. It never refuses the record.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from domain.records.fields import Choice, Field

RETENTION = (
    Choice("permanent", "永久", "permanent"),
    Choice("30y", "30 年", "30 years"),
    Choice("10y", "10 年", "10 years"),
)
PUBLICITY_LEVELS = (
    Choice("internal", "单位内部", "internal"),
    Choice("school", "校级", "school"),
    Choice("district", "区县级", "district"),
    Choice("city", "市级", "city"),
    Choice("province", "省级", "province"),
    Choice("national", "国家级", "national"),
)
GRADES = (
    Choice("excellent", "优秀", "excellent"),
    Choice("qualified", "合格", "qualified"),
    Choice("basic", "基本合格", "basically qualified"),
    Choice("unqualified", "不合格", "unqualified"),
)
FILE_ROLES = (
    Choice("minutes", "会议记录", "minutes"),
    Choice("attendance_sheet", "签到表", "attendance sheet"),
    Choice("photo", "照片", "photograph"),
    Choice("manuscript", "讲稿", "manuscript"),
    Choice("plan", "方案", "plan"),
    Choice("report", "报告", "report"),
    Choice("notice", "通知", "notice"),
    Choice("evidence", "佐证材料", "evidence"),
    Choice("scan", "扫描件", "scan"),
    Choice("other", "其他", "other"),
)
TERMS = (Choice("immediate", "立行立改", "immediate"), Choice("long_term", "长期整改", "long-term"))
CHANNELS = (
    Choice("forum", "座谈会", "forum"),
    Choice("talk", "个别谈话", "individual talk"),
    Choice("box", "意见箱", "suggestion box"),
    Choice("sheet", "征求意见表", "opinion sheet"),
    Choice("hotline", "热线电话", "hotline"),
    Choice("online", "网络", "online"),
)
SURVEY_TARGETS = (
    Choice("industry", "行业", "industry"),
    Choice("enterprise", "企业", "enterprises"),
    Choice("employees", "员工", "employees"),
    Choice("families", "家庭", "families"),
    Choice("teachers", "教师", "teachers"),
    Choice("students", "学生", "students"),
)
QUARTERS = tuple(
    Choice(f"q{n}", f"第{zh}季度", en)
    for n, zh, en in ((1, "一", "first"), (2, "二", "second"), (3, "三", "third"), (4, "四", "fourth"))
)


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

# ── families ────────────────────────────────────────────────────────────────────────────────────────────────────

_VOTES = (
    Field("entitled", "有表决权人数", "entitled to vote", "int"),
    Field("votes_for", "赞成", "votes for", "int"),
    Field("votes_against", "反对", "votes against", "int"),
    Field("votes_abstained", "弃权", "abstained", "int"),
)
_LIFE_MEETING = (
    Field("preparation", "会前准备", "preparation (plan and study)", "longtext"),
    Field("opinions_collected", "征求意见条数", "opinions collected", "int"),
    Field("talks_held", "谈心谈话人次", "talks held", "int"),
    Field("look_back", "上次整改情况", "look back at the last rectification", "longtext"),
    Field("criticism", "批评和自我批评", "criticism and self-criticism", "longtext"),
    Field("rectification_list", "整改清单", "rectification list", "texts"),
    Field("notified", "情况通报", "notice given", "flag"),
)
_LIFE_EXPECTS = (
    "attendance", "preparation", "opinions_collected", "talks_held", "look_back", "criticism", "rectification_list",
    "file:minutes",
)  # fmt: skip

STUDY_SESSION = Family(
    "study_session",
    "学习会议",
    "study session",
    expects=("occurred.to", "place", "chair", "recorder", "body", "attendance"),
    forms=(
        Form(
            "general_meeting", "党员大会", "general meeting of members", _VOTES, ("agenda", "entitled", "file:minutes")
        ),
        Form("committee_meeting", "支委会", "branch committee meeting", (), ("agenda", "decisions")),
        Form("group_meeting", "党小组会", "group meeting", (Field("group", "党小组", "group"),), ("group",)),
        Form(
            "party_lecture",
            "党课",
            "party lecture",
            (
                Field("lecturer", "主讲人", "lecturer", "person"),
                Field("lecture_title", "讲课题目", "lecture title"),
            ),
            ("lecturer", "hours"),
        ),
        Form("theme_day", "主题党日", "theme day", (Field("theme", "主题", "theme"),), ("theme",)),
        Form(
            "theory_group",
            "理论学习中心组",
            "theory study group",
            (Field("materials", "学习材料", "materials", "texts"),),
            ("materials", "hours", "file:attendance_sheet"),
        ),
        Form(
            "group_study",
            "集中学习",
            "group study",
            (Field("materials", "学习材料", "materials", "texts"),),
            ("materials", "hours"),
        ),
        Form(
            "expert_guidance",
            "专家辅导",
            "expert guidance",
            (
                Field("expert", "专家", "expert", "person"),
                Field("expert_affiliation", "专家单位", "expert's affiliation"),
            ),
            ("expert", "hours"),
        ),
        Form(
            "training",
            "培训",
            "training",
            (
                Field("trainer", "授课人", "trainer", "person"),
                Field("course", "课程", "course"),
            ),
            ("course", "hours", "file:attendance_sheet"),
        ),
        Form(
            "mobilisation",
            "动员会",
            "mobilisation meeting",
            (Field("speaker", "动员人", "speaker", "person"),),
            ("speaker",),
        ),
        Form("regular_meeting", "例会", "regular meeting", (), ("agenda",)),
        Form("organisational_life", "组织生活会", "organisational life meeting", _LIFE_MEETING, _LIFE_EXPECTS),
        Form("democratic_life", "民主生活会", "democratic life meeting", _LIFE_MEETING, _LIFE_EXPECTS),
    ),
)

_CONCLUSION = Field("conclusion", "结论", "conclusion", "longtext")

DISCUSSION = Family(
    "discussion",
    "讨论记录",
    "discussion",
    expects=("body",),
    forms=(
        Form("great_discussion", "大讨论", "great discussion", (_CONCLUSION,), ("attendance", "conclusion")),
        Form("forum", "座谈会", "forum", (_CONCLUSION,), ("attendance", "chair", "recorder")),
        Form("exchange", "交流会", "exchange meeting", (_CONCLUSION,), ("attendance", "chair", "recorder")),
        Form(
            "heart_to_heart",
            "谈心谈话",
            "heart-to-heart talk",
            (
                Field("initiator", "谈话人", "initiator", "person"),
                Field("initiator_capacity", "谈话人身份", "initiator's capacity"),
                Field("partner", "谈话对象", "partner", "person"),
                Field("partner_capacity", "谈话对象身份", "partner's capacity"),
                Field("follow_up", "后续跟进", "follow-up", "longtext"),
            ),
            ("initiator", "initiator_capacity", "partner", "partner_capacity"),
        ),
        Form(
            "soliciting_opinions",
            "征求意见",
            "soliciting opinions",
            (
                Field("channel", "渠道", "channel", "choice", CHANNELS),
                Field(
                    "opinions",
                    "意见",
                    "opinions",
                    "rows",
                    columns=(
                        Field("person", "对象", "about", "person"),
                        Field("opinion", "意见", "opinion", "longtext", required=True),
                        Field("feedback", "反馈", "feedback given", "longtext"),
                    ),
                ),
            ),
            ("channel", "opinions"),
        ),
        Form(
            "survey",
            "问卷调研",
            "survey",
            (
                Field("target", "调研对象", "target", "choice", SURVEY_TARGETS),
                Field("distributed", "发放份数", "distributed", "int"),
                Field("returned", "回收份数", "returned", "int"),
                Field("findings", "调研发现", "findings", "longtext"),
            ),
            ("target", "distributed", "returned", "findings"),
        ),
        Form(
            "visit",
            "走访",
            "visit",
            (
                Field("target", "走访对象", "target", "choice", SURVEY_TARGETS),
                Field("visited", "被走访者", "visited"),
                Field("findings", "走访发现", "findings", "longtext"),
            ),
            ("visited", "findings"),
        ),
    ),
)

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

FAMILIES: tuple[Family, ...] = (STUDY_SESSION, DISCUSSION, SELF_ANALYSIS, EVALUATION, RECTIFICATION, PAPER)


def family(word: str) -> Family | None:
    """The family of that key, Chinese or English name."""
    return next((f for f in FAMILIES if word in (f.key, f.zh, f.en)), None)


@cache
def form_fields(family_key: str, form_key: str) -> dict[str, Field]:
    """All fields of a form but ``occurred`` and ``attendance``: common ones, the family's, its own."""
    found = family(family_key)
    form = found.form(form_key) if found else None
    if found is None or form is None:
        return {}
    return {f.key: f for f in (*COMMON, *found.fields, *form.fields)}


def expected_of(found: Family, form: Form) -> tuple[str, ...]:
    """What the form should hold, without repetitions, in the order in which it is asked for."""
    return tuple(dict.fromkeys((*found.expects, *form.expects)))
