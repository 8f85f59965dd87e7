"""2023: the study of an important speech on education, at the first school and the vocational school.

Study in April, discussion in May, surveys until the year's end, then lists of problems, persons and dates.
"""

# ruff: noqa: E501  (sentences that people say are kept whole)

from __future__ import annotations

from datetime import date
from functools import partial

from examples import meetings, people, texts
from examples.attachments import make_gb18030, make_xlsx
from examples.calendar import span
from examples.office import Campaign, File, Office
from examples.routine import committee, lecture, theme_day

PLAN = Campaign("p1-2023", "重要讲话精神学习贯彻")
STUDY, DISCUSS, SURVEY, DEEPEN, SOLVE = "专题学习", "交流讨论", "深入调研", "深化成果", "解决问题"


def fill(office: Office) -> None:
    office.paper(
        people.BUREAU, "plan", "关于开展教育工作重要讲话精神学习贯彻的实施方案", date(2023, 4, 17),
        [("一、专题学习（4月21日至4月28日）", ["中心组、三会一课、主题党日一起学，党组织书记带头讲专题党课。"]),
         ("二、交流讨论（5月8日至5月12日）", ["各基层党组织至少组织一次，围绕怎样把课上好、把人带好。"]),
         ("三、深入调研（5月13日至年底）", ["到行业、企业、员工、家庭、教师中去，听真话、找症结。"]),
         ("四、解决问题（年底前）", ["形成问题、责任、任务三张清单；短期能办的立行立改，一时难办的一抓到底。"])],
        number="青教党〔2023〕5号", addressee="各学校党组织", fields=PLAN.fields(STUDY),
    )  # fmt: skip
    for school in ("school-01", "school-02"):
        _study(office, school)
        _discuss(office, school)
        _survey(office, school)
        _solve(office, school)


def _study(office: Office, school: str) -> None:
    leaders = committee(school, "2023-04-21")
    office.meeting(
        school, "theory_group", f"{people.SHORT[school]}中心组专题学习重要讲话精神", date(2023, 4, 21), roll=leaders, rate=0.9,
        count_hours=True, hours=2.5, clock="09:00", place="第一会议室", photo="meeting",
        sections=[("学习", ["原原本本学习讲话全文，四位同志作中心发言。"]),
                  ("研讨", meetings.discussed(meetings.TOPICS[0], leaders, office.random(f"2023/theory/{school}"), 3))],
        fields={"materials": ["重要讲话全文", "《中国教育现代化推进规划》解读"]} | PLAN.fields(STUDY),
    )  # fmt: skip
    title, story = texts.LECTURES[0 if school == "school-01" else 4]
    lecture(office, school, date(2023, 4, 24), title, story, **PLAN.fields(STUDY))
    branches = people.BRANCHES[school]
    office.meeting(
        branches[0], "group_study", "三会一课：学习讲话精神", date(2023, 4, 25), count_hours=True, photo="meeting",
        sections=[("学习", ["领学讲话要点，逐段讨论与本学科的联系。"])],
        fields={"materials": ["重要讲话全文"]} | PLAN.fields(STUDY),
    )  # fmt: skip
    theme_day(office, branches[1], date(2023, 4, 28), *texts.THEMES[8], **PLAN.fields(STUDY))


def _discuss(office: Office, school: str) -> None:
    """Every branch in the week of May 8; one met a week late."""
    for number, branch in enumerate(people.BRANCHES[school]):
        late = branch == "school-02-service"
        day = date(2023, 5, 17) if late else date(2023, 5, 9 + number)
        names = people.members(branch, day.isoformat())
        topic = meetings.TOPICS[(number + 4) % 6]
        office.meeting(
            branch, "exchange", f"学习讲话精神交流讨论：{topic.name}", day, family="discussion", rate=0.9,
            sections=[("交流", meetings.discussed(topic, names, office.random(f"2023/{branch}"), 5))],
            fields={"conclusion": topic.decisions[-1] + "。"} | PLAN.fields(DISCUSS), photo="meeting",
        )  # fmt: skip
    first = people.BRANCHES[school][0]
    person = people.members(first, "2023-05-12")[2]
    said = [texts.REFLECTIONS[1 if school == "school-01" else 2]]
    office.add(
        first, "self_analysis", "reflection", f"学习心得（{person}）", {"from": "2023-05-12"},
        {"author": person, "body": said[0], "retention": "10y"} | PLAN.fields(DISCUSS),
        [File("学习心得.txt", "manuscript", partial(make_gb18030, "学习心得", said))], signed=False,
    )  # fmt: skip


def _survey(office: Office, school: str) -> None:
    targets = ("industry", "enterprise", "employees", "families", "teachers")
    zh = {"industry": "行业", "enterprise": "企业", "employees": "员工", "families": "家庭", "teachers": "教师"}
    for number, target in enumerate(targets):
        if school == "school-01" and target == "employees":
            continue  # left out on purpose: the matrix shows it as missing
        random = office.random(f"2023/survey/{school}/{target}")
        day = date(2023, 6 + number % 5, 8 + 2 * number)
        sent = random.randint(30, 180)
        returned = sent - random.randint(1, sent // 6)
        rows: list[list[str | float]] = [["发放", sent], ["回收", returned], ["有效", returned - random.randint(0, 3)]]
        office.add(
            school, "discussion", "survey", f"调研{zh[target]}", {"from": day.isoformat()},
            {"target": target, "distributed": sent, "returned": returned, "findings": texts.FINDINGS[target],
             "body": f"由班子成员带队，面向{zh[target]}发放问卷{sent}份，并访谈若干人。"} | PLAN.fields(SURVEY),
            [File("问卷统计.xlsx", "evidence", partial(make_xlsx, f"调研{zh[target]}统计", ("项目", "数量"), rows, day))],
            late=(school, target) == ("school-02", "industry"),
        )  # fmt: skip
    names = people.members(school, "2023-10-18")
    for one, their, other, capacity, day in (
        (names[0], "党总支书记", names[5], "教师党员", date(2023, 10, 18)),
        (names[1], "班子成员", names[-1], "教师党员", date(2023, 10, 20)),
    ):
        about, said, follow = texts.TALKS[2 if other == names[5] else 7]
        office.add(
            school, "discussion", "heart_to_heart", f"谈心谈话：{one}与{other}", span(day, "16:40", 0.5),
            {"initiator": one, "initiator_capacity": their, "partner": other, "partner_capacity": capacity,
             "body": f"谈话主题：{about}。{said}", "follow_up": follow, "place": "办公室"} | PLAN.fields(SURVEY),
        )  # fmt: skip


def _solve(office: Office, school: str) -> None:
    office.paper(
        school, "report", f"{people.SHORT[school]}深化调研成果报告", date(2023, 11, 22),
        [("一、主要发现", [texts.FINDINGS["families"], texts.FINDINGS["teachers"]]),
         ("二、根源和症结", ["会议和报表挤占了备课时间；家校之间通知多、沟通少；考核偏重过程材料。"]),
         ("三、对策", ["合并报表，减少会议；每位党员联系三户家庭；积分考核看实绩。"])],
        addressee="中共青禾区教育局委员会", fields=PLAN.fields(DEEPEN),
    )  # fmt: skip
    office.meeting(
        school, "exchange", "调研情况专题交流会", date(2023, 11, 29), family="discussion", place="第一会议室",
        roll=committee(school, "2023-11-29"), rate=1, photo="meeting",
        sections=[("交流", ["五个调研组逐一汇报，共梳理问题九个，当场确定责任部门和完成时限。"])],
        fields={"conclusion": "形成问题、责任、任务三张清单，立行立改五项，长期整改四项。"} | PLAN.fields(DEEPEN),
    )  # fmt: skip
    base = 0 if school == "school-01" else 2
    for number in range(3):
        item = texts.ITEMS[(base + number * 4 + 1) % len(texts.ITEMS)]
        long = number == 2
        closed = date(2023, 12, 18 + number) if number == 0 else None if long else date(2024, 1, 10)
        if long and school == "school-01":
            closed = date(2024, 6, 19)
        office.item(
            school, "problem_item", item, date(2023, 11, 30), date(2024, 6, 30) if long else date(2023, 12, 29),
            source="专题调研", term="long_term" if long else "immediate", closed=closed,
            steps=[date(2023, 12, 11), *([date(2024, 3, 20)] if long else [])], fields=PLAN.fields(SOLVE),
        )  # fmt: skip
    office.publicity(
        school, "学习贯彻在身边", date(2023, 5, 24), "区教育网", "district", people.members(school, "2023-05-24")[6],
        "报道各支部在五月第二周集中交流讨论的情况和提出的二十三条改进办法。", **PLAN.fields(DISCUSS),
    )  # fmt: skip
