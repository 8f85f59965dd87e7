"""2022: the year of the learning, service and innovation organisation, at the primary school; duties that recur."""

# ruff: noqa: E501  (sentences that people say are kept whole)

from __future__ import annotations

from datetime import date
from functools import partial

from examples import meetings, people, texts
from examples.attachments import make_docx, make_markdown
from examples.calendar import month_days
from examples.office import Campaign, File, Office
from examples.routine import committee

PLAN = Campaign("p4-2022", "学习型服务型创新型党组织建设")
SCHOOL = "school-03"
YEAR = PLAN.fields("全年")

_TRADITIONAL = (
    (
        "一、學習",
        ["中心組全年集中學習不少於六次，參學率保持在九成以上；黨員集中培訓不少於二十四學時，班子成員不少於四十學時。"],
    ),
    ("二、服務", ["每名黨員至少聯繫一名群眾；群眾訴求五個工作日內答覆；每學期組織一次提高服務能力的研討。"]),
    ("三、創新", ["支部每月交流一次，鼓勵試辦一件小而新的事，年底評選創新案例。"]),
    ("四、考核", ["年終述學述職，開展滿意度測評，結果作為評先評優的依據。"]),
)
"""The school answers to a partner school abroad that reads traditional script; its plan was issued in both."""


def fill(office: Office) -> None:
    office.paper(
        SCHOOL, "plan", f"實驗小學{'學習型服務型創新型黨組織建設'}實施方案", date(2022, 2, 18), _TRADITIONAL,
        number="青實小黨〔2022〕2號", fields=YEAR,
    )  # fmt: skip
    _study(office)
    _exchange(office)
    _service(office)
    _judge(office)


def _study(office: Office) -> None:
    for number, month in enumerate((2, 4, 5, 7, 9, 11), 1):
        day = month_days(2022, month, 2, 1)
        materials = [texts.MATERIALS[(number * 2 + i) % len(texts.MATERIALS)] for i in range(2)]
        leaders = committee(SCHOOL, day.isoformat())
        said = meetings.discussed(meetings.TOPICS[number], leaders, office.random(f"2022/theory/{number}"), 3)
        made = partial(
            make_markdown,
            f"学习计划（第{number}次）",
            [("学习内容", materials), ("中心发言", [leaders[number % len(leaders)]])],
        )
        office.meeting(
            SCHOOL, "theory_group", f"理论学习中心组2022年第{number}次学习", day, roll=leaders, rate=0.8 if number == 4 else 0.95,
            clock="14:00", hours=3, count_hours=True, place="第一会议室", photo="meeting" if number % 2 else None,
            sections=[("学习", [f"学习{'、'.join(materials)}，中心发言后逐人研讨。"]), ("研讨", said)],
            fields={"materials": materials} | YEAR, files=[File("学习计划.md", "plan", made)], late=number == 5,
        )  # fmt: skip
    for day, title, course, hours, roll in (
        (date(2022, 3, 16), "党员集中培训（春季）", "班级管理案例研讨", 8, None),
        (date(2022, 6, 29), "党员集中培训（暑期）", "学生心理危机识别", 8, None),
        (date(2022, 8, 25), "党员集中培训（秋季）", "信息技术与课堂融合", 8, None),
        (date(2022, 8, 29), "班子成员专题培训", "教育政策法规", 8, "leaders"),
        (date(2022, 10, 19), "服务能力培训研讨", "服务群众的方法与边界", 4, None),
    ):
        office.meeting(
            SCHOOL, "training", title, day, clock="08:30", hours=hours, count_hours=True, place="录播教室",
            roll=committee(SCHOOL, day.isoformat()) if roll else None, photo="classroom", rate=0.92,
            sections=[("培训内容", [f"围绕“{course}”安排讲授、案例分析和分组演练，结束前当场测试。"])],
            fields={"course": course, "trainer": "方亦诚"} | YEAR,
        )  # fmt: skip


def _exchange(office: Office) -> None:
    """One a month at the branch; July is missing, February was written up in August."""
    branch = "school-03-upper"
    for month in (1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12):
        day = month_days(2022, month, 3 if month != 1 else 1, 2)
        names = people.members(branch, day.isoformat())
        topic = meetings.TOPICS[month % 6]
        said = meetings.discussed(topic, names, office.random(f"2022/exchange/{month}"), 3)
        office.meeting(
            branch, "exchange", f"{month}月支部学习交流会：{topic.name}", day, family="discussion", rate=0.95, hours=1.5,
            sections=[("交流", said)], sheet=month % 3 == 0, late=month == 2, place="高年级办公室",
            fields={"conclusion": topic.decisions[0] + "。"} | YEAR, photo="meeting" if month in (3, 9) else None,
        )  # fmt: skip


def _service(office: Office) -> None:
    rows = [["党员", "联系群众", "联系方式"]]
    names = people.members(SCHOOL, "2022-03-01")
    contacts = [f"{grade}年级{n}班家长代表" for grade in "一二三四五六" for n in (1, 2, 3)]
    lines = [f"{name}——{contact}，每月联系一次" for name, contact in zip(names, contacts, strict=False)]
    made = partial(
        make_docx, "党员联系群众名册", [(a, b) for a, b, _ in rows], [("名册", lines)], date(2022, 3, 4), "安以宁"
    )
    office.add(
        SCHOOL, "paper", "document", "党员联系群众名册", {"from": "2022-03-04"},
        {"body": "\n".join(lines), "retention": "10y"} | YEAR, [File("党员联系群众名册.docx", "evidence", made)],
    )  # fmt: skip
    for number, (who, problem, measures, department) in enumerate(texts.COMPLAINTS[:3]):
        day = date(2022, 4 + number * 2, 11)
        item = texts.Item(
            problem.removeprefix("反映"),
            measures,
            department,
            ("当日联系诉求人，说明办理时限", "办结，三日内回访，诉求人满意"),
        )
        office.item(
            SCHOOL, "complaint_item", item, day, date(day.year, day.month, 18), source="校长信箱", closed=date(day.year, day.month, 15),
            fields={"complainant": who} | YEAR, steps=[date(day.year, day.month, 12)],
        )  # fmt: skip
    for target, visited, day in (
        ("families", "结对学生家庭九户", date(2022, 4, 27)),
        ("industry", "青禾区少年宫", date(2022, 11, 9)),
    ):
        office.add(
            SCHOOL, "discussion", "visit", f"走访{visited}", {"from": day.isoformat()},
            {"target": target, "visited": visited, "findings": texts.FINDINGS["families" if target == "families" else "students"],
             "body": f"党员分组走访{visited}，边走边记，回校后汇总。"} | YEAR,
        )  # fmt: skip
    for channel, level, title, day in (
        ("区教育网", "district", "实验小学党员教师结对帮扶纪实", date(2022, 5, 11)),
        ("市教育报", "city", "把意见簿变成任务单", date(2022, 9, 28)),
        ("学校公众号", "school", "一名数学老师的晚托时光", date(2022, 11, 23)),
    ):
        office.publicity(
            SCHOOL,
            title,
            day,
            channel,
            level,
            "席知微",
            f"稿件《{title}》在{channel}刊出，讲述党员教师服务学生和家长的几件小事。",
            **YEAR,
        )
    office.paper(
        SCHOOL, "rules", "群众诉求限时办理制度", date(2022, 3, 25),
        [("第一条", ["诉求当日登记，五个工作日内答复，复杂事项说明理由和期限。"]), ("第二条", ["办结后三日内回访，结果按月公布。"])], fields=YEAR,
    )  # fmt: skip
    for reference, day in ((texts.ITEMS[9], date(2022, 5, 16)), (texts.ITEMS[11], date(2022, 9, 20))):
        office.item(
            SCHOOL, "problem_item", reference, day, date(2022, 12, 15), source="教职工代表大会提案", term="long_term",
            steps=[date(2022, 10, 12)], closed=date(2022, 12, 20) if reference is texts.ITEMS[11] else date(2022, 11, 25), fields=YEAR,
        )  # fmt: skip


def _judge(office: Office) -> None:
    for person in committee(SCHOOL, "2022-12-12"):
        reviewer = "蔺思远" if person == "颜若谷" else "颜若谷"
        office.add(
            SCHOOL, "self_analysis", "duty_report", f"{person}2022年度述职述学报告", {"from": "2022-12-12"},
            {"author": person, "reviewer": reviewer, "period": "2022年1月至12月", "review": "实事求是，同意。", "retention": "30y",
             "body": "一年来参加中心组学习六次，撰写学习报告一篇，联系年级两个，听课四十一节。不足是调查研究偏少，"
                     "两项任务推迟完成。明年重点抓好课后服务和青年教师培养。"} | YEAR,
        )  # fmt: skip
    for person, grade in (("傅采薇", "excellent"), ("平亦舒", "qualified")):
        office.add(
            SCHOOL, "evaluation", "duty_appraisal", f"{person}述职评议", {"from": "2022-12-19"},
            {"person": person, "grade": grade, "body": "党员和群众代表三十一人现场测评，当场公布。", "retention": "30y",
             "feedback": "会后由党总支书记向本人反馈。"} | YEAR,
        )  # fmt: skip
    office.add(
        SCHOOL, "evaluation", "satisfaction", "2022年度党建工作满意度测评", {"from": "2022-12-21"},
        {"subject": "党建工作和群众服务", "ballots": 96, "satisfied": 71, "mostly_satisfied": 19, "dissatisfied": 6,
         "body": "教职工四十六人、家长代表五十人参加，无记名。", "retention": "30y"} | YEAR,
    )  # fmt: skip
    office.paper(
        SCHOOL, "summary", "实验小学2022年党组织建设总结", date(2022, 12, 30),
        [("一、学习", ["中心组学习六次，集中培训二十八学时，班子成员另加八学时。"]),
         ("二、服务", ["联系群众全覆盖，办理诉求三件，平均四天办结。"]), ("三、创新", ["“意见簿变任务单”被市教育报报道。"])],
        addressee="中共青禾区教育局委员会", fields=YEAR,
    )  # fmt: skip
