"""The words a field can choose from: each with its key, its Chinese and its English name."""

from __future__ import annotations

from domain.records.fields import Choice

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
