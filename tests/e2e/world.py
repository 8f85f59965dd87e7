"""A small archive for the pages: a bureau, two schools, a branch, people, records in every state. Nothing is real."""

from __future__ import annotations

import io
import zlib
from collections.abc import Sequence
from datetime import timedelta
from struct import pack
from typing import Any

from adapters.home.founding import create_archive
from adapters.home.house import House
from adapters.home.settings import Settings
from domain.access import Actor
from domain.records.filing import IncomingFile
from domain.records.record import Record
from indexers.pipeline import Pipeline

PASSWORD = "一二三 cloud 山水 9"
CLERK, SECRETARY, ADMIN, READER = "zhao", "zhang", "admin", "reader"

PEOPLE = (
    ("p01", "张敏", "qh-01-b2", "书记"),
    ("p02", "李强", "qh-01-b2", "组织委员"),
    ("p03", "王芳", "qh-01-b2", "党员"),
    ("p04", "赵军", "qh-01-b2", "党员"),
    ("p05", "陈静", "qh-01-b2", "党员"),
    ("p06", "刘洋", "qh-01", "书记"),
    ("p07", "周涛", "qh-02", "书记"),
    ("p08", "孙丽", "qh-02", "党员"),
)

MARKUP = "<img src=x onerror=\"document.title='XSS'\"><script>document.title='XSS'</script>"
"""What a hostile person types into every field."""


LECTURE = (
    "张敏同志以“从历史中汲取力量”为题讲授专题党课，回顾学校建校以来的办学历程，"
    "结合课堂教学和师德建设提出三点要求。\n\n与会党员围绕要求逐一发言，形成两条决议。"
)


def make(settings: Settings) -> House:
    """A new archive with organisations, people and accounts, and no record yet."""
    house = create_archive(
        settings,
        name="青禾区教育局",
        origin="qinghe.example/archive",
        code="qh",
        admin=ADMIN,
        password=PASSWORD,
    )
    admin = house.directory().account(ADMIN).actor()
    do = house.administration
    do.add_organisation(admin, "qh-01", "青禾区第一中学", "qh", "学校")
    do.add_organisation(admin, "qh-01-b2", "第二党支部", "qh-01", "支部")
    do.add_organisation(admin, "qh-02", "青禾区实验小学", "qh", "学校")
    for code, name, organisation, post in PEOPLE:
        do.add_person(admin, code, name, organisation, post)
    for username, person, role, organisation in (
        (CLERK, "p04", "clerk", "qh-01"),
        (SECRETARY, "p01", "secretary", "qh-01-b2"),
        (READER, None, "reader", "qh-02"),
    ):
        do.open_account(admin, username, person)
        do.grant(admin, username, role, organisation)
        house.accounts.set_password(username, PASSWORD)
    return house


def fill(house: House) -> dict[str, str]:
    """Records in every state that a page shows. Gives the codes of those that tests name, whose year is that of
    the days before today.
    """
    clerk, secretary = (house.directory().account(name).actor() for name in (CLERK, SECRETARY))
    today = house.archive.today()

    def ago(days: int) -> str:
        return (today - timedelta(days=days)).isoformat()

    lecture = filed(
        house, clerk, "study_session", "党课", "专题党课：从历史中汲取力量", ago(12),
        {"place": "三楼会议室", "chair": "张敏", "recorder": "李强", "lecturer": "张敏", "hours": 2,
         "attendance": {"expected": 5, "present": 4, "on_leave": [{"person": "王芳", "reason": "病假"}]},
         "body": LECTURE,
         "decisions": ["各教研组每月组织一次集体学习", "师德建设情况列入期末考评"], "retention": "30y"},
        [("讲稿.txt", "讲稿\n对短期能够解决的立行立改，对一时难以解决的持续推进。".encode(), "manuscript"),
         ("签到表.png", picture(0), "attendance_sheet"), ("现场照片（1）.png", picture(1), "photo")],
    )  # fmt: skip
    house.archive.sign_off(secretary, lecture.code, "")
    raw = {**_raw("study_session", "党课", "专题党课：从历史中汲取力量（第二讲）", ago(12)), "place": "三楼会议室",
           "chair": "张敏", "recorder": "李强", "lecturer": "张敏", "hours": 2,
           "attendance": {"expected": 5, "present": 4, "on_leave": [{"person": "王芳", "reason": "病假"}]},
           "body": LECTURE.replace("与会党员围绕要求逐一发言，", ""),
           "decisions": ["各教研组每月组织一次集体学习", "师德建设情况列入期末考评"], "retention": "30y"}  # fmt: skip
    house.archive.correct(clerk, lecture.code, raw, "题名有误")
    committee = filed(
        house, clerk, "study_session", "支委会", "支委会：研究问题清单", ago(9),
        {"attendance": {"expected": 7, "present": 6}, "place": "党员活动室", "chair": "张敏",
         "body": "会议逐项研究十二个问题，其中八个立行立改，四个列入长期台账。"},
    )  # fmt: skip
    house.archive.send_back(secretary, committee.code, "应到 7 人、实到 6 人，缺席人员及原因没有写。")
    filed(
        house, clerk, "discussion", "谈心谈话", "谈心谈话：张敏与陈静", ago(6),
        {"initiator": "张敏", "initiator_capacity": "支部书记", "partner": "陈静", "partner_capacity": "党员",
         "body": "谈了近期的教学压力，约定下月再谈。"},
    )  # fmt: skip
    filed(
        house, clerk, "discussion", "座谈会", "家长座谈会意见整理", ago(40),
        {"attendance": {"expected": 20, "present": 20}, "chair": "刘洋", "recorder": "赵军",
         "body": "家长建议食堂公示每周菜单，学校答复立行立改，并于当月公布整改措施。",
         "conclusion": "食堂每周一公示菜单。"},
        organisation="qh-01",
    )  # fmt: skip
    item = filed(
        house, clerk, "rectification", "问题整改", "会议记录不规范的整改", ago(60),
        {"problem": "部分会议记录没有写明缺席人员和原因。", "measures": "立行立改：统一记录本，三日内补齐。",
         "department": "支部委员会", "responsible": "李强", "deadline": ago(21), "term": "immediate"},
    )  # fmt: skip
    house.archive.note_progress(clerk, item.code, "已换发统一的记录本。", ago(30))
    closed = filed(
        house, clerk, "rectification", "诉求办理", "操场照明不足", ago(80),
        {"problem": "晚自习后操场太暗。", "measures": "加装六盏路灯。", "department": "总务处", "responsible": "刘洋",
         "deadline": ago(50), "term": "immediate", "source": "学生代表"}, organisation="qh-01",
    )  # fmt: skip
    admin = house.directory().account(ADMIN).actor()
    house.archive.close_item(admin, closed.code, "路灯已安装并验收。", (), ago(52))
    evaluation = filed(
        house, clerk, "evaluation", "民主评议党员", "年度民主评议党员", ago(15),
        {"attendance": {"expected": 5, "present": 5}, "body": "按规定程序进行民主评议。",
         "results": [{"person": name, "self_grade": "合格", "peer_excellent": n, "peer_qualified": 5 - n,
                      "grade": grade}
                     for name, n, grade in (("张敏", 4, "优秀"), ("李强", 2, "合格"), ("王芳", 1, "合格"),
                                            ("赵军", 0, "基本合格"), ("陈静", 3, "合格"))]},
    )  # fmt: skip
    filed(
        house,
        clerk,
        "self_analysis",
        "学习心得",
        "学习心得：我怎样带教研组",
        ago(5),
        {"author": "王芳", "body": "一点体会。"},
    )
    filed(
        house,
        clerk,
        "paper",
        "方案",
        "2026 年主题教育实施方案",
        ago(90),
        {"body": "分三个阶段进行。"},
        organisation="qh-01",
    )
    hostile = filed(
        house, clerk, "study_session", "主题党日", f"主题党日 {MARKUP}", ago(3),
        {"theme": MARKUP, "body": MARKUP, "place": MARKUP, "chair": "张敏", "recorder": "李强",
         "attendance": {"expected": 5, "present": 5}},
        [("<b>图&片.png", picture(2), "photo")],
    )  # fmt: skip
    Pipeline(house).catch_up()
    return {"lecture": lecture.code, "evaluation": evaluation.code, "hostile": hostile.code}


def filed(
    house: House,
    actor: Actor,
    family: str,
    form: str,
    title: str,
    day: str,
    more: dict[str, Any],
    files: Sequence[tuple[str, bytes, str]] = (),
    organisation: str = "qh-01-b2",
) -> Record:
    raw = {**_raw(family, form, title, day), **more, "organisation": organisation}
    return house.archive.file(actor, raw, [_file(house, *file) for file in files]).record


def _raw(family: str, form: str, title: str, day: str) -> dict[str, Any]:
    hours = {"from": f"{day}T14:30", "to": f"{day}T16:30"} if family == "study_session" else {"from": day}
    return {"family": family, "form": form, "title": title, "occurred": hours}


def _file(house: House, name: str, data: bytes, role: str) -> IncomingFile:
    source = io.BytesIO(data)
    staged = house.blobs.stage(iter(lambda: source.read(4096), b""))
    media_type = "image/png" if data.startswith(b"\x89PNG") else "text/plain"
    return IncomingFile(name, staged, media_type, role)


def picture(n: int, width: int = 160, height: int = 120) -> bytes:
    """A PNG of a coloured slope; another ``n`` gives other bytes."""
    rows = b"".join(
        b"\0" + b"".join(bytes(((x + 60 * n) % 256, (2 * y + 40) % 256, (x + y + 90 * n) % 256)) for x in range(width))
        for y in range(height)
    )

    def chunk(kind: bytes, data: bytes) -> bytes:
        return pack(">I", len(data)) + kind + data + pack(">I", zlib.crc32(kind + data))

    head = pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
