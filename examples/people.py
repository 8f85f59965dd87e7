"""Who there is: the invented bureau of Qinghe with three schools, their branches and groups, 60 people, the accounts.

Nobody here exists, and no place does. Posts are held for periods, so that the directory has a past: a secretary
changes, a teacher moves to another school, another one retires.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

BUREAU = "qinghe"
BUREAU_NAME = "青禾区教育局"
ORIGIN = "qinghe.jianzheng.example"

FIRST_DAY = "2018-03-01"
"""The day on which the archive of the demonstration was set up."""


@dataclass(frozen=True)
class Organisation:
    code: str
    name: str
    kind: str
    parent: str


@dataclass(frozen=True)
class Post:
    organisation: str
    post: str
    since: str
    until: str | None = None

    def held_on(self, day: str) -> bool:
        return self.since <= day and (self.until is None or day < self.until)


@dataclass(frozen=True)
class Person:
    code: str
    name: str
    posts: tuple[Post, ...]


@dataclass(frozen=True)
class Account:
    """``password`` is for the demonstration only: it is printed, and is no secret."""

    username: str
    password: str
    person: str | None
    role: str
    organisation: str
    said: str
    said_en: str
    since: str | None = None
    until: str | None = None


ORGANISATIONS: tuple[Organisation, ...] = tuple(
    Organisation(*line)
    for line in (
        ("school-01", "青禾区第一中学", "学校", BUREAU),
        ("school-01-junior", "第一中学初中部党支部", "党支部", "school-01"),
        ("school-01-junior-g7", "初中部七年级党小组", "党小组", "school-01-junior"),
        ("school-01-junior-g9", "初中部九年级党小组", "党小组", "school-01-junior"),
        ("school-01-senior", "第一中学高中部党支部", "党支部", "school-01"),
        ("school-01-senior-g10", "高中部高一党小组", "党小组", "school-01-senior"),
        ("school-01-senior-g12", "高中部高三党小组", "党小组", "school-01-senior"),
        ("school-02", "青禾区职业技术学校", "学校", BUREAU),
        ("school-02-teaching", "职业技术学校教学党支部", "党支部", "school-02"),
        ("school-02-machinery", "机电专业党小组", "党小组", "school-02-teaching"),
        ("school-02-finance", "财经专业党小组", "党小组", "school-02-teaching"),
        ("school-02-service", "职业技术学校行政后勤党支部", "党支部", "school-02"),
        ("school-03", "青禾区实验小学", "学校", BUREAU),
        ("school-03-lower", "实验小学低年级党支部", "党支部", "school-03"),
        ("school-03-upper", "实验小学高年级党支部", "党支部", "school-03"),
        ("school-03-arts", "高年级语文党小组", "党小组", "school-03-upper"),
        ("school-03-science", "高年级数理党小组", "党小组", "school-03-upper"),
    )
)

SCHOOLS = ("school-01", "school-02", "school-03")
BRANCHES = {
    "school-01": ("school-01-junior", "school-01-senior"),
    "school-02": ("school-02-teaching", "school-02-service"),
    "school-03": ("school-03-lower", "school-03-upper"),
}
SHORT = {"qinghe": "区教育局", "school-01": "一中", "school-02": "职校", "school-03": "实验小学"}

PARTY_POSTS = frozenset({"书记", "副书记", "委员", "支部书记", "党小组长", "党员"})
ACTIVIST = "积极分子"

# Code prefix → name, then `organisation post` (with a period where it is not the usual one), separated by commas.
_ROLL: tuple[tuple[str, str], ...] = (
    ("qh", "蔺思远: qinghe 书记"),
    ("qh", "方亦诚: qinghe 副书记"),
    ("qh", "梅若溪: qinghe 委员"),
    ("qh", "戚向南: qinghe 委员"),
    ("qh", "邬晓棠: qinghe 党员"),
    ("qh", "康怀瑾: qinghe 党员"),
    ("s1", "严志衡: school-01 书记, school-01-senior-g12 党员"),
    ("s1", "苏映雪: school-01 副书记, school-01-senior-g10 党员"),
    ("s1", "贺云帆: school-01 委员, school-01-junior-g9 党员"),
    ("s1", "乔安宁: school-01-junior 支部书记, school-01-junior-g7 党员"),
    ("s1", "施远航: school-01-junior-g7 党小组长"),
    ("s1", "柏文君: school-01-junior-g7 党员"),
    ("s1", "卓依然: school-01-junior-g7 党员"),
    ("s1", "葛长青: school-01-junior-g7 党员 ..2022-09-01"),
    ("s1", "邵敏仪: school-01-junior-g9 党小组长"),
    ("s1", "穆春晖: school-01-junior-g9 党员"),
    ("s1", "尤佳禾: school-01-junior-g9 党员"),
    ("s1", "池小满: school-01-junior-g9 党员"),
    ("s1", "阮立行: school-01-senior 支部书记, school-01-senior-g12 党员"),
    ("s1", "殷晓岚: school-01-senior-g10 党小组长"),
    ("s1", "柴润生: school-01-senior-g10 党员"),
    ("s1", "项亦凡: school-01-senior-g10 党员"),
    ("s1", "宁可为: school-01-senior-g10 党员"),
    ("s1", "樊静好: school-01-senior-g12 党小组长"),
    ("s1", "路遥之: school-01-senior-g12 党员"),
    ("s1", "丁沐阳: school-01-senior-g12 党员"),
    ("s1", "虞佩兰: school-01-senior 积极分子"),
    ("s1", "甘霖泽: school-01-junior 积极分子"),
    ("s2", "向明礼: school-02 书记 ..2021-09-01, school-02-service 党员 ..2021-09-01"),
    ("s2", "霍承志: school-02 副书记 ..2021-09-01, school-02 书记 2021-09-01.., school-02-teaching 党员"),
    ("s2", "米兰芝: school-02-teaching 支部书记, school-02 委员"),
    ("s2", "岳知行: school-02-machinery 党小组长"),
    ("s2", "巫晓峰: school-02-machinery 党员"),
    ("s2", "时雨辰: school-02-machinery 党员 ..2022-09-01, school-01-senior-g10 党员 2022-09-01.."),
    ("s2", "管文博: school-02-machinery 党员"),
    ("s2", "芮雪莹: school-02-finance 党小组长"),
    ("s2", "古月清: school-02-finance 党员"),
    ("s2", "冷秋实: school-02-finance 党员"),
    ("s2", "窦家祥: school-02-finance 党员"),
    ("s2", "查云舒: school-02-finance 党员"),
    ("s2", "左思睿: school-02-service 支部书记, school-02 委员"),
    ("s2", "言为信: school-02-service 党员"),
    ("s2", "牧晓歌: school-02-service 党员"),
    ("s2", "简素宁: school-02-service 党员"),
    ("s2", "敖立新: school-02-service 党员"),
    ("s2", "厉海若: school-02-teaching 积极分子"),
    ("s3", "颜若谷: school-03 书记, school-03-lower 党员"),
    ("s3", "安以宁: school-03 副书记, school-03-upper 党员"),
    ("s3", "傅采薇: school-03-lower 支部书记, school-03 委员"),
    ("s3", "娄清扬: school-03-lower 党员"),
    ("s3", "祝余音: school-03-lower 党员"),
    ("s3", "花满晴: school-03-lower 党员"),
    ("s3", "湛思蓝: school-03-lower 党员"),
    ("s3", "平亦舒: school-03-upper 支部书记, school-03 委员"),
    ("s3", "席知微: school-03-arts 党小组长"),
    ("s3", "封小棠: school-03-arts 党员"),
    ("s3", "桑若榆: school-03-arts 党员"),
    ("s3", "鲍春阳: school-03-science 党小组长"),
    ("s3", "田牧野: school-03-science 党员"),
    ("s3", "尹初晴: school-03-lower 积极分子"),
)


def _read_roll() -> Iterator[Person]:
    numbers: dict[str, int] = {}
    for prefix, line in _ROLL:
        number = numbers[prefix] = numbers.get(prefix, 0) + 1
        name, _, posts = line.partition(": ")
        # The usual period begins on a first of September some years before the archive.
        usual = f"{2006 + (number * 7) % 11}-09-01"
        yield Person(f"{prefix}-{number:02d}", name, tuple(_post(part.split(), usual) for part in posts.split(", ")))


def _post(words: list[str], usual: str) -> Post:
    since, until = usual, None
    if len(words) == 3:
        first, _, last = words[2].partition("..")
        since, until = first or usual, last or None
    return Post(words[0], words[1], since, until)


PEOPLE: tuple[Person, ...] = tuple(_read_roll())
BY_NAME = {person.name: person for person in PEOPLE}


def within(organisation: str) -> frozenset[str]:
    """``organisation`` and everything below it."""
    codes = {organisation}
    for other in ORGANISATIONS:  # parents stand before their children
        if other.parent in codes:
            codes.add(other.code)
    return frozenset(codes)


def path(organisation: str) -> tuple[str, ...]:
    """``organisation`` and everything above it, from the bottom up."""
    parents = {o.code: o.parent for o in ORGANISATIONS}
    codes = [organisation]
    while codes[-1] in parents:
        codes.append(parents[codes[-1]])
    return tuple(codes)


def members(organisation: str, day: str, posts: frozenset[str] = PARTY_POSTS) -> list[str]:
    """Names of those who hold one of ``posts`` there or below on that day, in the order of the roll."""
    codes = within(organisation)
    return [
        person.name
        for person in PEOPLE
        if any(p.organisation in codes and p.post in posts and p.held_on(day) for p in person.posts)
    ]


def holder(organisation: str, post: str, day: str) -> str:
    """Who holds the post in exactly that organisation on that day."""
    return next(
        person.name
        for person in PEOPLE
        if any((p.organisation, p.post) == (organisation, post) and p.held_on(day) for p in person.posts)
    )


def leader(organisation: str, day: str) -> str:
    """The secretary of a school, branch or the bureau; a group's leader."""
    kinds = {o.code: o.kind for o in ORGANISATIONS}
    post = {"党支部": "支部书记", "党小组": "党小组长"}.get(kinds.get(organisation, ""), "书记")
    return holder(organisation, post, day)


def name_of(organisation: str) -> str:
    return next((o.name for o in ORGANISATIONS if o.code == organisation), BUREAU_NAME)


def school_of(organisation: str) -> str:
    """The school an organisation belongs to; the bureau for its own."""
    return next((code for code in path(organisation) if code in SCHOOLS), BUREAU)


def _code(name: str) -> str:
    return BY_NAME[name].code


_CHANGE = "2021-09-01"
"""The day on which the secretary of the second school changed, and with it the account."""

ACCOUNTS: tuple[Account, ...] = (
    Account("admin", "qinghe-admin-2024", None, "administrator", BUREAU, "管理员", "administrator"),
    Account(
        "clerk", "qinghe-clerk-2024", _code("尤佳禾"), "clerk", "school-01", "录入员·第一中学", "clerk, First School"
    ),
    Account(
        "secretary", "qinghe-secretary-2024", _code("严志衡"), "secretary", "school-01",
        "书记·第一中学", "secretary, First School",
    ),
    Account(
        "inspector", "qinghe-inspector-2024", _code("戚向南"), "inspector", BUREAU,
        "督查员·全区", "inspector, whole district",
    ),
    Account("reader", "qinghe-reader-2024", _code("邬晓棠"), "reader", BUREAU, "查阅者·全区", "reader, whole district"),
    Account("office", "qinghe-office-2024", _code("梅若溪"), "clerk", BUREAU, "录入员·教育局", "clerk, bureau"),
    Account(
        "director", "qinghe-director-2024", _code("蔺思远"), "secretary", BUREAU, "书记·教育局", "secretary, bureau",
    ),
    Account(
        "clerk-2", "qinghe-clerk-2-2024", _code("牧晓歌"), "clerk", "school-02",
        "录入员·职业技术学校", "clerk, Vocational School",
    ),
    Account(
        "secretary-2-old", "qinghe-secretary-2-2018", _code("向明礼"), "secretary", "school-02",
        "书记·职业技术学校（已离任）", "secretary, Vocational School (has left)", None, _CHANGE,
    ),
    Account(
        "secretary-2", "qinghe-secretary-2-2024", _code("霍承志"), "secretary", "school-02",
        "书记·职业技术学校", "secretary, Vocational School", _CHANGE, None,
    ),
    Account(
        "clerk-3", "qinghe-clerk-3-2024", _code("祝余音"), "clerk", "school-03",
        "录入员·实验小学", "clerk, Primary School",
    ),
    Account(
        "secretary-3", "qinghe-secretary-3-2024", _code("颜若谷"), "secretary", "school-03",
        "书记·实验小学", "secretary, Primary School",
    ),
)  # fmt: skip


def clerk_of(organisation: str) -> str:
    """User name of the account that files for an organisation."""
    return {"school-01": "clerk", "school-02": "clerk-2", "school-03": "clerk-3"}.get(school_of(organisation), "office")


def secretary_of(organisation: str, day: str) -> str:
    """User name of the account that signs off for an organisation on that day."""
    school = school_of(organisation)
    if school == "school-02":
        return "secretary-2" if day >= _CHANGE else "secretary-2-old"
    return {"school-01": "secretary", "school-03": "secretary-3"}.get(school, "director")
