"""The words of fold 1, as they were when reports were first issued with it. They are never changed: a report that was
issued is made again from these, whatever forms and choices are called by now.

A form or choice that is new has no report yet, so its words are added here; another word for one that is here goes into
the next fold (`docs/how-to/develop.md`).
"""

from __future__ import annotations

from typing import Final

from domain.reports.figures import Labels
from domain.reports.layout import words

Words = tuple[str, str]
"""Chinese and English."""

FAMILIES: Final[dict[str, Words]] = {
    "study_session": ("学习会议", "Study session"),
    "discussion": ("讨论记录", "Discussion"),
    "self_analysis": ("自我剖析", "Self-analysis"),
    "evaluation": ("评议测评", "Evaluation"),
    "rectification": ("整改", "Rectification"),
    "paper": ("文件材料", "Paper"),
}

FORMS: Final[dict[str, dict[str, Words]]] = {
    "study_session": {
        "general_meeting": ("党员大会", "General meeting of members"),
        "committee_meeting": ("支委会", "Branch committee meeting"),
        "group_meeting": ("党小组会", "Group meeting"),
        "party_lecture": ("党课", "Party lecture"),
        "theme_day": ("主题党日", "Theme day"),
        "theory_group": ("理论学习中心组", "Theory study group"),
        "group_study": ("集中学习", "Group study"),
        "expert_guidance": ("专家辅导", "Expert guidance"),
        "training": ("培训", "Training"),
        "mobilisation": ("动员会", "Mobilisation meeting"),
        "regular_meeting": ("例会", "Regular meeting"),
        "organisational_life": ("组织生活会", "Organisational life meeting"),
        "democratic_life": ("民主生活会", "Democratic life meeting"),
    },
    "discussion": {
        "great_discussion": ("大讨论", "Great discussion"),
        "forum": ("座谈会", "Forum"),
        "exchange": ("交流会", "Exchange meeting"),
        "heart_to_heart": ("谈心谈话", "Heart-to-heart talk"),
        "soliciting_opinions": ("征求意见", "Soliciting opinions"),
        "survey": ("问卷调研", "Survey"),
        "visit": ("走访", "Visit"),
    },
    "self_analysis": {
        "party_spirit_analysis": ("党性分析材料", "Party spirit analysis"),
        "self_examination": ("对照检查材料", "Self-examination"),
        "duty_report": ("述职述学报告", "Report on duties and study"),
        "reflection": ("学习心得", "Reflection"),
        "reading_notes": ("读书笔记", "Reading notes"),
    },
    "evaluation": {
        "democratic_appraisal": ("民主评议党员", "Democratic appraisal of members"),
        "organisation_opinion": ("组织评议意见", "Organisation's opinion"),
        "satisfaction": ("满意度测评", "Satisfaction survey"),
        "quarterly_points": ("季度积分考评", "Quarterly points"),
        "duty_appraisal": ("述职评议", "Appraisal of duty reports"),
        "group_assessment": ("党小组考核", "Group assessment"),
    },
    "rectification": {
        "problem_item": ("问题整改", "Problem rectification"),
        "notice_item": ("通报整改", "Rectification after a notice"),
        "complaint_item": ("诉求办理", "Complaint handling"),
    },
    "paper": {
        "plan": ("方案", "Plan"),
        "report": ("报告", "Report"),
        "summary": ("总结", "Summary"),
        "rules": ("制度", "Rules"),
        "publicity": ("宣传", "Publicity"),
        "approval": ("审批", "Approval"),
        "document": ("材料", "Document"),
    },
}

GRADES: Final[dict[str, Words]] = {
    "excellent": ("优秀", "excellent"),
    "qualified": ("合格", "qualified"),
    "basic": ("基本合格", "basically qualified"),
    "unqualified": ("不合格", "unqualified"),
}

PUBLICITY: Final[dict[str, Words]] = {
    "internal": ("单位内部", "internal"),
    "school": ("校级", "school"),
    "district": ("区县级", "district"),
    "city": ("市级", "city"),
    "province": ("省级", "province"),
    "national": ("国家级", "national"),
}


def family_label(key: str) -> Labels:
    """In both languages; the key itself where this fold has no word for it."""
    return _labels(FAMILIES, key)


def form_label(family: str, key: str) -> Labels:
    """In both languages; the key itself where this fold has no word for it."""
    return _labels(FORMS.get(family, {}), key)


def _labels(table: dict[str, Words], key: str) -> Labels:
    """The key itself, where nobody wrote down a word for it."""
    return words(*table[key]) if key in table else words(key)
