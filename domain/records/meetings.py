"""Forms of the two families that are held with others: study sessions and discussions."""

from __future__ import annotations

from domain.records.fields import Field
from domain.records.form import Family, Form
from domain.records.vocabulary import CHANNELS, SURVEY_TARGETS

_VOTES = (
    Field("entitled", "有表决权人数", "number of voters", "int"),
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
