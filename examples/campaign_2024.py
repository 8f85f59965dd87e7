"""2024: the "one, two, three, four, five" model at the first school: monthly meetings, quarterly points, groups, theme days."""

# ruff: noqa: E501  (sentences that people say are kept whole)

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Any

from examples import meetings, people, texts
from examples.attachments import make_xlsx
from examples.calendar import month_days, span, workday
from examples.office import Campaign, File, Office
from examples.routine import committee, theme_day

PLAN = Campaign("p3-2024", "“一二三四五”党建业务融合")
SCHOOL = "school-01"
GROUPS = ("school-01-junior-g7", "school-01-junior-g9", "school-01-senior-g10", "school-01-senior-g12")
DEPARTMENTS = ("教务处", "教研室", "德育处", "团委", "工会", "总务处")
YEAR = PLAN.fields("全年")


def fill(office: Office) -> None:
    office.paper(
        SCHOOL, "plan", "第一中学“一二三四五”党建业务融合实施方案", date(2024, 2, 28),
        [("一个中心", ["以提高教育质量为中心，党建与教学同部署、同考评。"]),
         ("两项制度", ["党组织会议议事决策制度；党群工作月例会、季考评制度。"]),
         ("三项工作", ["星级支部创建，作风和师德建设，青年教师双培养。"]),
         ("四个抓手", ["党小组建在年级组，主题党日业绩展评，党员积分考核，党员示范岗。"]),
         ("五个融合", ["与教学、德育、群团、安全、宣传工作融合；讲座论坛一事一报。"])],
        number="青一中党〔2024〕3号", fields=YEAR,
    )  # fmt: skip
    _monthly(office)
    _quarterly(office)
    _around(office)
    _yearly(office)


def _monthly(office: Office) -> None:
    leaders = (*committee(SCHOOL, "2024-03-01"), "施远航", "邵敏仪")
    for month in range(1, 13):
        if month != 8:  # the summer's meeting was not held
            topics = [meetings.TOPICS[(month + i) % 6] for i in range(2)]
            random = office.random(f"2024/regular/{month}")
            office.meeting(
                SCHOOL, "regular_meeting", f"{month}月党群工作例会", month_days(2024, month, 0 if month != 1 else 1, 1), hours=1.5,
                clock="16:00", place="第一会议室", roll=leaders, rate=0.8, photo="meeting" if month in (3, 9) else None,
                sections=[(f"{t.name}汇报", meetings.discussed(t, list(leaders), random, 3)) for t in topics],
                decisions=[random.choice(t.decisions) for t in topics], fields=YEAR, late=month == 2, sheet=month % 2 == 1,
            )  # fmt: skip
        branch = people.BRANCHES[SCHOOL][month % 2]
        if month not in (1, 8):
            theme, what = texts.THEMES[(month - 1) % len(texts.THEMES)]
            theme_day(office, branch, month_days(2024, month, 2, 4), theme, what, **YEAR)
        for number, group in enumerate(GROUPS[:2] if month in (2, 7, 8) else GROUPS):
            if month in (2, 8) or (month, number) in ((6, 3), (11, 1)):
                continue  # holidays, and two that were forgotten
            _group(office, group, month, number)


def _group(office: Office, group: str, month: int, number: int) -> None:
    day = month_days(2024, month, 1 if number < 2 else 2, (number + 2) % 5)
    names = people.members(group, day.isoformat())
    topic = meetings.TOPICS[(month + number) % 6]
    incomplete = (month, number) in ((4, 2), (10, 0))
    example = office.meeting(
        group, "group_meeting", f"{people.name_of(group)}{month}月会议", day, hours=1, clock="12:40", place="年级组办公室",
        rate=0.8, sections=[(topic.name, meetings.discussed(topic, names, office.random(f"2024/{group}/{month}"), 3))],
        decisions=[topic.decisions[month % 2]], minutes=month % 3 == 0, sheet=False,
        fields={"group": people.name_of(group)} | YEAR, gaps=("missing",) if incomplete else (),
    )  # fmt: skip
    if incomplete:
        del example.raw["recorder"]


def _quarterly(office: Office) -> None:
    for quarter in range(1, 5):
        day = workday(date(2024, quarter * 3, 25))
        random = office.random(f"2024/points/{quarter}")
        names = people.members(SCHOOL, day.isoformat())
        scores: list[dict[str, Any]] = [
            {"person": name, "department": department, "points": random.randint(60, 98) + random.choice((0, 0.5))}
            for name in names
            for department in DEPARTMENTS
        ]
        totals = sorted(
            ((sum(s["points"] for s in scores if s["person"] == name), name) for name in names), reverse=True
        )
        half = (len(names) + 1) // 2
        rows: list[list[str | float]] = [
            [i, name, total, "是" if i <= half else "否"] for i, (total, name) in enumerate(totals, 1)
        ]
        made = partial(make_xlsx, f"2024年第{quarter}季度党员积分排名", ("名次", "姓名", "总分", "评优资格"), rows, day)
        office.add(
            SCHOOL, "evaluation", "quarterly_points", f"2024年第{'一二三四'[quarter - 1]}季度党员积分考评", span(day, "15:00", 2),
            {"quarter": f"q{quarter}", "scores": scores, "retention": "30y",
             "body": f"六个部门对{len(names)}名党员本季度业务工作评分，后二分之一本季度不参加评优评先，结果已公示。"} | YEAR,
            [File("季度积分排名.xlsx", "evidence", made)],
        )  # fmt: skip


def _around(office: Office) -> None:
    for matter, day, before in (
        ("校园读书论坛", date(2024, 4, 19), 9), ("心理健康讲座", date(2024, 5, 22), 6), ("科技报告会", date(2024, 10, 16), 12),
        ("家庭教育讲座", date(2024, 11, 27), 5),
    ):  # fmt: skip
        office.approval(SCHOOL, matter, day, before, **YEAR)
    office.meeting(
        SCHOOL, "expert_guidance", "心理健康讲座", date(2024, 5, 22), place="学术报告厅", count_hours=True, photo="classroom",
        gaps=("person_not_on_roll",), fields={"expert": "岑若衡", "expert_affiliation": "青禾区心理健康服务中心"} | YEAR,
        sections=[("讲座", ["以四个案例说明怎样识别危机信号、怎样开口、怎样转介，现场回答提问七个。"])],
    )  # fmt: skip
    for title, channel, level, author, month in (
        ("一张积分表背后的故事", "市教育报", "city", "宁可为", 4), ("年级组里的党小组", "省教育网", "province", "宁可为", 6),
        ("护学岗的清晨", "区教育网", "district", "池小满", 3), ("好课是磨出来的", "学校公众号", "school", "路遥之", 5),
        ("一间不锁门的图书馆", "全国教育周刊", "national", "殷晓岚", 9), ("把家长会开成恳谈会", "区教育网", "district", "宁可为", 11),
        ("劳动基地丰收记", "学校公众号", "school", "卓依然", 10),
    ):  # fmt: skip
        office.publicity(
            SCHOOL,
            title,
            date(2024, month, 14),
            channel,
            level,
            author,
            f"稿件《{title}》在{channel}刊发，记录学校党建与业务融合的做法。",
            **YEAR,
        )
    items = ((8, 3, 4, 19, "immediate", date(2024, 4, 12)), (10, 3, 5, 31, "immediate", date(2024, 6, 21)),
             (1, 4, 9, 30, "long_term", date(2024, 9, 24)), (7, 5, 10, 31, "immediate", None),
             (9, 9, 12, 20, "long_term", date(2024, 12, 17)), (11, 10, 3, 31, "long_term", None))  # fmt: skip
    for number, (index, month, due_month, due_day, term, closed) in enumerate(items):
        day = workday(date(2024, month, 12))
        office.item(
            SCHOOL, "problem_item", texts.ITEMS[index], day, date(2025 if due_month < month else 2024, due_month, due_day),
            source="师德师风和作风问题排查" if number in (0, 3) else "党群工作例会", term=term, closed=closed,
            steps=() if closed is None and number == 3 else [workday(date(2024, month, 26))], fields=YEAR,
        )  # fmt: skip
    who, problem, measures, department = texts.COMPLAINTS[3]
    item = texts.Item(
        problem.removeprefix("反映"), measures, department, ("现场测量音量，并向居民说明", "已调整，居民回访满意")
    )
    office.item(
        SCHOOL, "complaint_item", item, date(2024, 9, 4), date(2024, 9, 11), source="市民热线转办", closed=date(2024, 9, 9),
        fields={"complainant": who} | YEAR,
    )  # fmt: skip
    first = office.examples[-1].name
    office.item(
        SCHOOL, "notice_item", texts.ITEMS[4], date(2024, 10, 23), date(2024, 11, 29), source="教育局督导组整改通知书",
        steps=[date(2024, 11, 6)], closed=date(2024, 11, 26), evidence=(f"@{first}",), fields=YEAR,
    )  # fmt: skip
    for number, (one, their, other, capacity) in enumerate((
        ("严志衡", "党总支书记", "乔安宁", "支部书记"), ("苏映雪", "副书记", "贺云帆", "班子成员"), ("阮立行", "支部书记", "丁沐阳", "支部党员"),
        ("乔安宁", "支部书记", "甘霖泽", "群众（入党积极分子）"), ("殷晓岚", "党员", "时雨辰", "党员"),
    )):  # fmt: skip
        about, said, follow = texts.TALKS[(number + 3) % len(texts.TALKS)]
        office.add(
            SCHOOL, "discussion", "heart_to_heart", f"谈心谈话：{one}与{other}", span(date(2024, 5, 13 + number), "17:00", 0.5),
            {"initiator": one, "initiator_capacity": their, "partner": other, "partner_capacity": capacity,
             "body": f"谈话主题：{about}。{said}", "follow_up": follow, "place": "谈心室"} | YEAR,
        )  # fmt: skip


def _yearly(office: Office) -> None:
    for number, group in enumerate(GROUPS):
        office.add(
            SCHOOL, "evaluation", "group_assessment", f"{people.name_of(group)}年度考核", {"from": "2024-12-18"},
            {"group": people.name_of(group), "score": (92.5, 88, 95, 84.5)[number], "retention": "30y",
             "grade": "excellent" if number == 2 else "qualified",
             "body": "按组织生活、业务实绩、群众评价三项量化，支部委员和年级组长共同打分。"} | YEAR,
        )  # fmt: skip
    for branch in people.BRANCHES[SCHOOL]:
        secretary = people.leader(branch, "2024-12-20")
        office.add(
            branch, "self_analysis", "duty_report", f"{secretary}2024年度述职报告", {"from": "2024-12-16"},
            {"author": secretary, "reviewer": "严志衡", "period": "2024年1月至12月", "retention": "30y",
             "body": "一年来组织主题党日十次，联系党小组两个，推动整改四项。不足是积分结果运用还不充分，对青年党员谈话偏少。",
             "review": "问题找得准，同意。"} | YEAR,
        )  # fmt: skip
        office.add(
            SCHOOL, "evaluation", "duty_appraisal", f"{secretary}抓党建述职评议", {"from": "2024-12-23"},
            {"person": secretary, "grade": "excellent" if branch.endswith("junior") else "qualified", "retention": "30y",
             "feedback": "当场反馈，本人表态整改两条。", "body": "党员代表和群众代表现场测评。"} | YEAR,
        )  # fmt: skip
    office.add(
        SCHOOL, "evaluation", "satisfaction", "2024年度党建工作满意度测评", {"from": "2024-12-24"},
        {"subject": "年度党建工作", "ballots": 120, "satisfied": 88, "mostly_satisfied": 21, "dissatisfied": 11,
         "body": "教师、学生、家长代表各四十人，无记名。", "retention": "30y"} | YEAR,
    )  # fmt: skip
    office.paper(
        SCHOOL, "report", "第一中学2024年党建工作履责情况报告", date(2024, 12, 30),
        [("一、履责情况", ["月例会十一次，季考评四次，党小组会三十余次，主题党日十次。"]),
         ("二、存在问题", ["八月例会没有召开；一项整改逾期未完成；个别会议记录不完整。"]),
         ("三、下年打算", ["积分办法再修订，整改台账按周更新。"])],
        addressee="中共青禾区教育局委员会", fields=YEAR,
    )  # fmt: skip
