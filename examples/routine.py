"""What comes back every year, whatever the campaign: meetings, lectures, theme days, appraisals, complaints."""

# ruff: noqa: E501  (sentences that people say are kept whole)

from __future__ import annotations

from datetime import date
from typing import Any

from examples import meetings, people, texts
from examples.calendar import after, month_days, span
from examples.office import Act, Office

GRADE_ZH = {"excellent": "优秀", "qualified": "合格", "basic": "基本合格"}


def routine(office: Office) -> None:
    for year in range(2018, 2025):
        for number, school in enumerate(people.SCHOOLS):
            _year(office, year, school, number)
    _mishaps(office)


def _year(office: Office, year: int, school: str, number: int) -> None:
    random = office.random(f"routine/{year}/{school}")
    branches = people.BRANCHES[school]
    branch = branches[year % 2]
    title, story = texts.LECTURES[(year + 2 * number) % len(texts.LECTURES)]
    if year not in (2023,):  # that year's lectures belong to the campaign
        lecture(office, school, month_days(year, 6, 3, 2), title, story, late=(year, number) == (2019, 1))
    theme, what = texts.THEMES[(year * 3 + number) % len(texts.THEMES)]
    theme_day(office, branch, month_days(year, 10, 2, 4), theme, what)
    appraisal(office, branches[(year + 1) % 2], month_days(year, 12, 2, 3), late=(year, number) == (2020, 2))
    if year in (2019, 2020):
        office.meeting(
            school, "theory_group", f"理论学习中心组{year}年第{number + 2}次学习", month_days(year, 4 + number, 1, 1),
            roll=committee(school, f"{year}-05-01"), place="第一会议室", count_hours=True,
            fields={"materials": random.sample(texts.MATERIALS, 2)}, rate=0.95,
        )  # fmt: skip
        office.meeting(
            branch, "committee_meeting", f"{people.name_of(branch)}{year}年{3 + number}月支委会",
            month_days(year, 3 + number, 1, 0), roll=people.members(branch, f"{year}-03-01")[:3], hours=1, rate=1,
            sheet=False, gaps=("missing",) if year == 2020 and number == 1 else (),
            fields={"recorder": None} if year == 2020 and number == 1 else None,
        )  # fmt: skip
        general_meeting(office, branch, month_days(year, 9, 1, 3), late=(year, number) == (2020, 0))
    if year == 2020:
        who, problem, measures, department = texts.COMPLAINTS[number]
        item = texts.Item(
            problem.removeprefix("反映"), measures, department, ("已与诉求人沟通方案", "办结并回访，诉求人表示满意")
        )
        office.item(
            school, "complaint_item", item, date(2020, 10, 12 + number), date(2020, 10, 30),
            source="来信来访登记", closed=date(2020, 10, 26 + number), fields={"complainant": who},
        )  # fmt: skip


def committee(school: str, day: str) -> list[str]:
    """The theory study group: the school's own posts and the branch secretaries."""
    posts = frozenset({"书记", "副书记", "委员", "支部书记"})
    return people.members(school, day, posts)


def lecture(
    office: Office, organisation: str, day: date, title: str, story: str, late: bool = False, **more: Any
) -> None:
    lecturer = people.leader(organisation, day.isoformat())
    listeners = [n for n in people.members(organisation, day.isoformat()) if n != lecturer]
    random = office.random(f"lecture/{organisation}/{day}")
    said = [
        f"{lecturer}以《{title}》为题讲专题党课。{story}",
        "党课分三个部分：先讲为什么学，再讲差距在哪里，最后讲从哪一件事做起。现场回答了三位同志的提问。",
        f"{random.choice(listeners)}说，听完以后最大的感受是道理不远，就在每天的课堂和办公室里。",
    ]
    office.meeting(
        organisation, "party_lecture", f"专题党课：{title}", day, place="学术报告厅", photo="classroom",
        sections=[("专题党课", said)], count_hours=True, late=late,
        fields={"lecturer": lecturer, "lecture_title": title} | more,
    )  # fmt: skip


def theme_day(office: Office, organisation: str, day: date, theme: str, what: str, **more: Any) -> None:
    random = office.random(f"theme/{organisation}/{day}")
    names = people.members(organisation, day.isoformat())
    said = [what, f"{random.choice(names)}在活动后的小结中说，这样的主题党日看得见、摸得着，希望坚持下去。"]
    office.meeting(
        organisation, "theme_day", f"{day.month}月主题党日：{theme}", day, place="校园", photo="yard",
        sections=[(theme, said)], minutes=False, fields={"theme": theme} | more,
    )  # fmt: skip


def general_meeting(office: Office, branch: str, day: date, late: bool = False) -> None:
    names = people.members(branch, day.isoformat())
    random = office.random(f"general/{branch}/{day}")
    topics = meetings.topics(branch, 2, random)
    sections = [(t.name, meetings.discussed(t, names, random)) for t in topics]
    sections.append(("表决", ["会议以举手方式表决通过支部下半年工作计划。"]))
    example = office.meeting(
        branch, "general_meeting", f"{people.name_of(branch)}{day.year}年第三季度党员大会", day, sections=sections,
        decisions=[t.decisions[0] for t in topics], late=late, photo="meeting",
    )  # fmt: skip
    present = example.raw["attendance"]["present"]
    abstained = random.randint(0, 1)
    example.raw |= {
        "entitled": len(names), "votes_for": present - abstained, "votes_against": 0, "votes_abstained": abstained,
    }  # fmt: skip


def appraisal(office: Office, branch: str, day: date, late: bool = False, **more: Any) -> None:
    """民主评议党员: at most a third excellent; each is told."""
    random = office.random(f"appraisal/{branch}/{day}")
    names = people.members(branch, day.isoformat())
    excellent = set(random.sample(names, len(names) // 3))
    basic = random.choice([n for n in names if n not in excellent]) if random.random() < 0.3 else None
    rows = []
    for name in names:
        grade = "excellent" if name in excellent else "basic" if name == basic else "qualified"
        most = len(names) - 1
        good = random.randint(most * 2 // 3, most) if grade == "excellent" else random.randint(0, most // 3)
        rows.append(
            {
                "person": name,
                "self_grade": "excellent" if grade == "excellent" else "qualified",
                "peer_excellent": good,
                "peer_qualified": most - good,
                "grade": grade,
                "feedback": f"{GRADE_ZH[grade]}。" + random.choice(
                    ("希望在帮带青年教师上多出力。", "肯定全年工作，建议多参加志愿服务。", "请在作风上进一步改进，主动听取意见。")
                ),
            }
        )  # fmt: skip
    tally = [f"应评议党员{len(names)}名，实际参加评议{len(names)}名，评为优秀{len(excellent)}名。"]
    office.meeting(
        branch, "democratic_appraisal", f"{people.name_of(branch)}{day.year}年度民主评议党员", day,
        family="evaluation", rate=1, sections=[("评议经过", ["先个人自评，再党员互评，最后民主测评。", *tally])],
        fields={"results": rows} | more, sheet=False, late=late,
    )  # fmt: skip


def _mishaps(office: Office) -> None:
    """What goes wrong in every office: filed twice, sent back, wrong in a number, incomplete and mended later."""
    office.meeting(
        "school-01-senior", "group_study", "集中学习：未成年人保护法", date(2019, 5, 15), count_hours=True,
        fields={"materials": ["《中华人民共和国未成年人保护法》"]}, photo="meeting",
    )  # fmt: skip
    twice = office.meeting(
        "school-01-senior", "group_study", "集中学习：未成年人保护法（重复录入）", date(2019, 5, 15), count_hours=True,
        fields={"materials": ["《中华人民共和国未成年人保护法》"]}, minutes=False,
    )  # fmt: skip
    last = twice.acts[-1].at if twice.acts else twice.filed
    twice.acts.append(Act(_next_day(last, 6), "secretary", "withdraw", "与同日的集中学习重复录入，保留附件齐全的一条"))

    training = office.meeting(
        "school-02", "training", "党务骨干培训：党务工作实务", date(2019, 11, 13), clock="09:00", hours=6,
        count_hours=True, place="培训中心", photo="classroom",
        fields={"course": "党务工作实务", "trainer": "梅若溪"},
    )  # fmt: skip
    correct(training, {"hours": 5.5}, "学时多记了半小时（含午间休息），按签到表更正", 20)

    forum = office.meeting(
        "school-03", "forum", "家长代表座谈会", date(2019, 4, 24), family="discussion", place="图书馆",
        roll=people.members("school-03", "2019-04-24")[:5], sheet=False, observers=("家长代表六人",),
        fields={"conclusion": "家长对安全和习惯培养最关心，学校承诺五个工作日内答复。"}, gaps=("person_not_on_roll",),
    )  # fmt: skip
    forum.acts.clear()
    returned = _next_day(forum.filed, 2)
    forum.acts.append(Act(returned, "secretary-3", "return", "家长代表的意见没有写具体，请补充后再报"))
    body = forum.raw["body"] + "\n家长代表提出：校门口雨天积水；希望公布食堂一周菜谱；课后服务可否增加书法。"
    correct(forum, {"body": body}, "按退回意见补充家长代表的具体意见", 5)
    forum.acts.append(Act(_next_day(forum.filed, 9), "secretary-3", "sign_off", "已补充，同意。"))

    office.add(
        "school-02-service", "discussion", "visit", "走访困难职工家庭", span(date(2020, 1, 14), "09:30", 2),
        {"body": "分两路走访三户困难职工家庭，送去慰问品，了解老人就医和子女就学情况。", "place": "职工家中"},
        gaps=("missing",),
    )  # fmt: skip
    office.add(
        "school-02-service", "discussion", "visit", "走访退休老党员", span(date(2019, 9, 27), "09:30", 3),
        {
            "body": "走访四位退休老党员，听取对学校发展的意见，代为办理门诊报销。",
            "target": "families",
            "visited": "四位退休老党员",
            "findings": "老党员希望每季度寄一次学校简报；有两位行动不便，盼望送学上门。",
        },
    )  # fmt: skip
    incomplete = office.meeting(
        "school-03-upper", "group_meeting", "高年级数理党小组会", date(2020, 5, 20), hours=1,
        roll=people.members("school-03-science", "2020-05-20"), rate=1, chair="鲍春阳", gaps=("missing",), sheet=False,
    )  # fmt: skip
    incomplete.acts.clear()
    correct(incomplete, {"group": "高年级数理党小组"}, "补填党小组名称", 12)
    absentees = office.meeting(
        "school-01", "regular_meeting", "行政例会（防汛和暑期安排）", date(2019, 7, 3), hours=1.5, rate=1,
        place="第一会议室", gaps=("no_reason", "absentees_not_named"), sheet=False,
    )  # fmt: skip
    names = absentees.raw["attendance"].pop("attendees")
    absentees.raw["attendance"] |= {"present": len(names) - 3, "on_leave": [{"person": names[3]}]}
    office.add(
        "school-01-junior", "self_analysis", "reflection", "学习心得：具体二字", {"from": "2019-06-20"},
        {"author": "柏文君", "body": texts.REFLECTIONS[0], "retention": "10y"},
    )  # fmt: skip


def correct(example: Any, changes: dict[str, Any], reason: str, days: int) -> None:
    """A correction so many working days after the filing; later ones see the earlier ones."""
    before = next((a.content for a in reversed(example.acts) if a.content is not None), example.raw)
    content = {key: value for key, value in (before | changes).items() if value is not None}
    example.acts.append(Act(_next_day(example.filed, days), example.by, "correct", reason, content=content))
    example.acts.sort(key=lambda act: act.at)


def _next_day(moment: Any, days: int) -> Any:
    day = after(moment.date(), days)
    return moment.replace(year=day.year, month=day.month, day=day.day)
