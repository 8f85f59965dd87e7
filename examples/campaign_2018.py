"""2018: the great discussion "敢想敢试、提质增效", mostly at the vocational school, in four phases until the year's end."""

# ruff: noqa: E501  (sentences that people say are kept whole)

from __future__ import annotations

from datetime import date
from functools import partial

from examples import meetings, people, texts
from examples.attachments import make_gb18030, make_pptx
from examples.calendar import span
from examples.office import Campaign, File, Office

PLAN = Campaign("p0-2018", "“敢想敢试、提质增效”大讨论")
SCHOOL = "school-02"

START, STUDY, RESULTS, DEEPEN = "宣传发动", "学习调研", "成果转化", "深化拓展"


def fill(office: Office) -> None:
    _plans(office)
    _mobilise(office)
    _study(office)
    _results(office)
    _conclude(office)


def _plans(office: Office) -> None:
    phases = (
        "宣传发动阶段（六月上旬）：制定方案，召开教职工大会动员，用校园网、展板、橱窗、黑板报宣传。",
        "学习调研阶段（六月中旬至八月底）：集中学习、专家辅导、个人自学；问卷和座谈并行，八月底前将调研成果报局党委。",
        "成果转化阶段（九月上旬至十二月上旬）：形成总结分析报告，修订管理制度，建立考核激励办法。",
        "深化拓展阶段（十二月中旬至年底）：全面总结，转入日常。",
    )
    sections = [
        (
            "一、为什么讨论",
            [
                "近几年学校规模扩大，但专业设置、实训条件和队伍状态还没有跟上企业的变化。不讨论清楚，就会一边忙、一边掉队。"
            ],
        ),
        ("二、讨论什么", ["专业往哪里办，课堂怎样改，实训基地怎样用，教师怎样成长，考核怎样才公平。"]),
        ("三、分四个阶段进行", phases),
        ("四、保障", ["党总支负总责，各支部自行细化方案；教育局督导组不定期检查，发现的问题逐条整改销号。"]),
    ]
    office.paper(
        people.BUREAU, "plan", f"关于在全区教育系统开展{PLAN.title}的通知", date(2018, 5, 24),
        [("一、总体安排", ["六月起至年底，在全区学校开展大讨论，以党员干部为重点，面向全体教职员工。"]),
         ("二、时间要求", ["各校于六月八日前制定方案，八月底前报送调研成果，年底前报送总结。"])],
        number="青教党〔2018〕12号", addressee="各学校党组织", fields=PLAN.fields(START),
    )  # fmt: skip
    office.paper(
        SCHOOL, "plan", f"职业技术学校{PLAN.title}实施方案", date(2018, 6, 1), sections,
        number="青职党〔2018〕6号", fields=PLAN.fields(START),
    )  # fmt: skip
    for branch, focus in zip(people.BRANCHES[SCHOOL], ("课程与实训", "服务与效率"), strict=True):
        office.paper(
            branch, "plan", f"{people.name_of(branch)}大讨论活动安排", date(2018, 6, 5),
            [("一、侧重点", [f"本支部围绕“{focus}”展开，每名党员提出一个真问题、一条可行的办法。"]),
             ("二、日程", ["六月学习，七月下企业和科室调研，九月起改进，十二月交账。"])], fields=PLAN.fields(START),
        )  # fmt: skip


def _mobilise(office: Office) -> None:
    day = date(2018, 6, 6)
    everyone = people.members(SCHOOL, day.isoformat(), people.PARTY_POSTS | {people.ACTIVIST})
    speech = [
        "同志们，今天开这个会，是要请大家一起想一个问题：三年以后，企业还要不要我们的学生。",
        "我到车间去看，最新的两台机床一直盖着布。问起来，说是怕学生弄坏。设备怕坏，学生就学不会，这就是不敢试。",
        "讨论不是发牢骚，也不是表决心。每个人提一个真问题，带一条自己能做的办法，年底对账。",
    ]
    office.meeting(
        SCHOOL, "mobilisation", f"{PLAN.title}动员大会", day, roll=everyone, place="学术报告厅", clock="14:00",
        sections=[("动员讲话", [f"向明礼作动员讲话：{speech[0]}", *speech[1:]]), ("布置任务", ["霍承志宣读实施方案并说明各阶段时间。"])],
        decisions=["成立领导小组，办公室设在党总支", "六月八日前各支部报送细化方案"], photo="meeting",
        files=[File("动员讲话稿.txt", "manuscript", partial(make_gb18030, "在大讨论动员大会上的讲话", speech))],
        fields={"speaker": "向明礼"} | PLAN.fields(START),
    )  # fmt: skip
    for number, channel in enumerate(("校园网", "电子屏", "展板", "橱窗", "黑板报")):
        office.publicity(
            SCHOOL, f"大讨论宣传（{channel}）", date(2018, 6, 7 + number % 2), channel, "school", "言为信",
            f"通过{channel}宣传大讨论的意义、内容和时间安排，刊出教职工提出的第一批问题十二个。", **PLAN.fields(START),
        )  # fmt: skip


def _study(office: Office) -> None:
    teaching, service = people.BRANCHES[SCHOOL]
    for branch, day in ((teaching, date(2018, 6, 20)), (service, date(2018, 6, 21)), (teaching, date(2018, 7, 4))):
        office.meeting(
            branch, "group_study", f"大讨论集中学习（{day.month}月）", day, count_hours=True, hours=2.5,
            fields={"materials": list(texts.MATERIALS[5:8])} | PLAN.fields(STUDY), photo="meeting",
        )  # fmt: skip
    slides = [
        ("企业在变", ["设备三年一换", "岗位合并，一人多机", "看重沟通与协作"]),
        ("课程怎么办", ["项目来自真实订单", "师傅进课堂，教师下车间", "考核看作品"]),
    ]
    office.meeting(
        SCHOOL, "expert_guidance", "专家辅导：产业升级与职业教育", date(2018, 6, 27), place="学术报告厅", hours=3,
        count_hours=True, photo="classroom", gaps=("person_not_on_roll",),
        sections=[("辅导报告", ["专家用三个企业的案例说明设备更新之后岗位的变化，建议学校把实训课改成真实订单。"])],
        files=[File("辅导课件.pptx", "manuscript",
                    partial(make_pptx, "产业升级与职业教育", "职业技术学校大讨论专家辅导", slides, date(2018, 6, 27)))],
        fields={"expert": "翁季川", "expert_affiliation": "青禾区装备制造行业协会"} | PLAN.fields(STUDY),
    )  # fmt: skip
    for person, book in zip(("岳知行", "古月清", "简素宁"), texts.BOOKS, strict=False):
        office.add(
            SCHOOL, "self_analysis", "reading_notes", f"个人自学笔记：{book[0]}", {"from": "2018-07-16"},
            {"author": person, "book": book[0], "body": book[1], "retention": "10y"} | PLAN.fields(STUDY), signed=False,
        )  # fmt: skip
    for target, first, sent in (("enterprise", 5, 40), ("industry", 6, 15), ("families", 9, 260), ("teachers", 10, 96)):
        random = office.random(f"2018/survey/{target}")
        zh = {"enterprise": "企业", "industry": "行业", "families": "学生家长", "teachers": "教师"}[target]
        office.add(
            SCHOOL, "discussion", "survey", f"大讨论问卷：{zh}", {"from": f"2018-07-{first:02d}", "to": "2018-07-20"},
            {"target": target, "distributed": sent, "returned": sent - random.randint(1, sent // 8),
             "findings": texts.FINDINGS[target], "body": f"面向{zh}发放问卷{sent}份，由大讨论办公室汇总。"}
            | PLAN.fields(STUDY),
        )  # fmt: skip
    for title, day, said in (
        ("校企合作座谈会", date(2018, 7, 12), "企业代表希望学生到岗前学会看工艺卡；学校提出共建两间实训室。"),
        ("班主任与德育队伍座谈会", date(2018, 8, 28), "班主任希望减少填表，把时间还给学生；建议建立班主任工作室。"),
    ):
        office.meeting(
            SCHOOL, "forum", title, day, family="discussion", place="第二会议室", rate=0.9, photo="meeting",
            roll=people.members(SCHOOL, day.isoformat())[:9], sections=[("发言摘要", [said])],
            fields={"conclusion": said.split("；")[-1]} | PLAN.fields(STUDY),
        )  # fmt: skip
    office.paper(
        SCHOOL, "report", "大讨论调研成果报告", date(2018, 8, 29),
        [("一、怎样调研", ["发放问卷四百余份，走访企业十一家，召开座谈会两场，个别访谈三十六人次。"]),
         ("二、听到了什么", [texts.FINDINGS[k] for k in ("enterprise", "industry", "families", "teachers")]),
         ("三、短板在哪里", ["课程更新慢、设备响应慢、教师下企业少、考核重过程轻实绩。"]),
         ("四、建议", ["年内修订四门课程标准；实行三日报修；建立以实绩为主的考核办法。"])],
        addressee="中共青禾区教育局委员会", number="青职党〔2018〕11号", fields=PLAN.fields(STUDY),
    )  # fmt: skip


def _results(office: Office) -> None:
    day = date(2018, 9, 19)
    office.meeting(
        SCHOOL, "great_discussion", "大讨论专题研讨：敢试的边界在哪里", day, family="discussion", place="学术报告厅",
        photo="meeting", sections=[
            ("讨论经过", meetings.discussed(meetings.TOPICS[6], people.members(SCHOOL, day.isoformat()), office.random("2018/great"), 5)),
            ("形成共识", ["允许在实训课上犯错，不允许在安全上马虎；允许课程试点失败，不允许不总结。"]),
        ],
        fields={"conclusion": "形成容错清单六条、禁止清单四条，由教学党支部起草制度。"} | PLAN.fields(RESULTS),
    )  # fmt: skip
    office.meeting(
        "school-02-service", "exchange", "服务窗口经验交流会", date(2018, 10, 17), family="discussion",
        sections=[("交流", ["实训处介绍三日报修的做法，财务室介绍报销一次办结，图书馆介绍预约借阅。"])],
        fields={"conclusion": "三项做法写入服务承诺，十一月起执行。"} | PLAN.fields(RESULTS),
    )  # fmt: skip
    office.paper(
        SCHOOL, "report", "大讨论总结分析报告", date(2018, 11, 20),
        [("一、四个瓶颈", ["专业布局分散，实训共享不足，双师比例偏低，评价导向不清。"]),
         ("二、破解路径", ["合并两个专业方向；实训室全天预约；教师每两年下企业两个月；积分看实绩。"])],
        addressee="中共青禾区教育局委员会", fields=PLAN.fields(RESULTS),
    )  # fmt: skip
    for title, text in (
        ("实训设备报修与响应办法", "报修当日登记，三个工作日内修复或给出替代方案；超期由负责人在月例会上说明。"),
        (
            "教职工实绩考核激励办法（试行）",
            "考核分教学实绩、育人实绩、服务实绩三项，结果公示五个工作日；连续两年靠前者优先外出培训。",
        ),
    ):
        office.paper(
            SCHOOL, "rules", title, date(2018, 11, 28), [("第一章　总则", ["为巩固大讨论成果，制定本办法。"]), ("第二章　办法", [text])],
            fields=PLAN.fields(RESULTS),
        )  # fmt: skip
    # A check by the bureau's inspectors, whose findings became items.
    office.paper(
        people.BUREAU, "report", "大讨论督导检查情况通报", date(2018, 10, 24),
        [("一、总体情况", ["三所学校均按时启动，职业技术学校调研扎实，企业走访有记录、有照片。"]),
         ("二、发现的问题", ["个别支部谈话记录过于简单；实训设备报修响应慢；一所学校的座谈会没有记录人。"]),
         ("三、要求", ["列出整改清单，十一月底前销号并报督导室。"])], addressee="各学校党组织", fields=PLAN.fields(RESULTS),
    )  # fmt: skip
    for item, day, done in (
        (texts.ITEMS[2], date(2018, 10, 26), date(2018, 11, 26)),
        (texts.ITEMS[4], date(2018, 10, 29), date(2018, 12, 4)),
    ):
        office.item(
            SCHOOL, "notice_item", item, day, date(2018, 11, 30), source="局党委大讨论督导检查通报",
            steps=[date(2018, 11, 12)], closed=done, fields=PLAN.fields(RESULTS),
        )  # fmt: skip


def _conclude(office: Office) -> None:
    office.paper(
        SCHOOL, "summary", "大讨论活动总结", date(2018, 12, 27),
        [("一、做了什么", ["集中学习三次，专家辅导一次，问卷四类，座谈两场，制度两项，整改两项。"]),
         ("二、变了什么", ["设备完好率提高十五个百分点，两台新机床排满了课表；教师提出的十二个问题办结九个。"]),
         ("三、还差什么", ["课程标准修订只完成一半，教师下企业受排课限制，明年继续。"])],
        addressee="中共青禾区教育局委员会", fields=PLAN.fields(DEEPEN),
    )  # fmt: skip
    office.add(
        "school-02-teaching", "self_analysis", "reflection", "大讨论心得：从怕坏到敢用", {"from": "2018-12-19"},
        {"author": "巫晓峰", "body": texts.REFLECTIONS[3], "retention": "10y"} | PLAN.fields(DEEPEN), signed=False,
    )  # fmt: skip
    # The two other schools took part with less.
    for school, day in (("school-01", date(2018, 6, 8)), ("school-03", date(2018, 6, 8))):
        office.meeting(
            school, "mobilisation", f"{people.SHORT[school]}大讨论动员会", day, place="学术报告厅", photo="meeting",
            sections=[("动员", ["传达全区大讨论安排，要求每个年级组提出一个问题、试一项改进。"])],
            fields={"speaker": people.leader(school, "2018-06-08")} | PLAN.fields(START), late=school == "school-03",
        )  # fmt: skip
        office.add(
            school, "discussion", "soliciting_opinions", f"{people.SHORT[school]}大讨论意见箱汇总", span(date(2018, 9, 12), "10:00", 1),
            {"channel": "box", "opinions": [{"opinion": o, "feedback": f} for o, f in texts.OPINIONS[5:8]],
             "body": "意见箱开箱三次，收到意见二十一条，归并为三类。"} | PLAN.fields(RESULTS),
        )  # fmt: skip
