"""The words that generated records are made of: our own sentences, with places that are filled in at random."""

from __future__ import annotations

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN = (
    "敏",
    "强",
    "芳",
    "军",
    "静",
    "磊",
    "洋",
    "艳",
    "勇",
    "娟",
    "志远",
    "晓燕",
    "建国",
    "雨桐",
    "文博",
    "秀兰",
    "思源",
)

SUBJECTS = (
    "集中学习", "课堂教学", "校园安全", "教师培训", "家校沟通", "后勤服务", "食堂管理",
    "校车接送", "心理辅导", "劳动教育", "师德师风", "作业管理", "课后服务", "经费使用",
    "图书借阅", "卫生防疫", "控辍保学", "教研活动", "招生工作", "校务公开",
)  # fmt: skip
DEPARTMENTS = ("办公室", "教务处", "德育处", "总务处", "工会", "团委", "教研室", "财务室")
PLACES = ("三楼会议室", "阶梯教室", "图书馆", "党员活动室", "录播教室", "行政楼二楼", "操场", "校史馆")
BOOKS = ("《乡土中国》", "《论语》", "《教育漫话》", "《给教师的建议》", "《平凡的世界》", "《爱弥儿》")

SENTENCES = (
    "{place}里，大家围绕{subject}逐条对照，找出问题{n}个，当场议定由{department}牵头处理。",
    "{person}先介绍了{subject}的进展：上半年走访学生家庭{n}户，收回意见表{m}份，意见集中在{other}上。",
    "{person}认为，{subject}要从细处做起，不能只看材料是否齐全，更要看学生和家长是否真正受益。",
    "会议同意{department}提出的安排，{month}月底以前完成{subject}的自查，{person}负责核对并向支部说明情况。",
    "与会同志交流了读{book}的体会，并结合{subject}谈了各自岗位上可以改进的地方。",
    "关于{other}，{department}说明了经费来源和使用范围，共计{n}万{m}元，已经在校务公开栏公示七天。",
    "对上次提出的{n}条意见逐一回应：已经办结{m}条，其余几条需要和{department}一起继续推进。",
    "{person}提醒，{subject}牵涉面广，台账要随做随记，签到表和照片当天上传，不要事后补写。",
    "讨论中有不同看法：一种意见主张先在{place}试行一个月，另一种意见主张全校同时铺开，最后按前一种办理。",
    "下一步的工作有三项：一是把{subject}列入月度检查；二是由{department}培训骨干{n}人；三是学期末向教职工报告。",
    "{person}说，自己在{other}方面想得多、做得少，遇到难处容易等待，今后要主动和{department}商量。",
    "学习采取自学与集中学习相结合的办法，每人写下心得不少于{n}00字，由支部统一收存。",
    "{month}月{n}日，{department}到现场查看了{other}的落实情况，对发现的{m}处隐患拍照留存。",
    "投票前宣读了候选人的情况，发出选票{n}张，收回{n}张，全部有效，{person}得票过半数。",
)

TITLES = {
    "party_lecture": "专题党课：谈谈{subject}与责任担当",
    "theme_day": "{month}月主题党日：走进{place}",
    "group_study": "集中学习：{book}与{subject}",
    "committee_meeting": "支委会第{n}次会议：研究{subject}",
    "forum": "{subject}座谈会",
    "heart_to_heart": "与{person}谈心谈话",
    "reflection": "学习心得：{subject}给我的启发",
    "satisfaction": "{subject}满意度测评",
    "problem_item": "整改：{subject}中{other}不到位",
    "summary": "{department}{subject}工作总结",
}
