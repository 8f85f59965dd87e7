"""The schools' offices at work: everything that a record of the demonstration is made of, with its files and its fate.

An `Office` collects `Example`s. Each draws from its own random numbers, seeded by its name, so that one record more or
less changes no other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from random import Random
from typing import Any

from examples import meetings, people, texts
from examples.attachments import make_docx, make_pdf, make_xlsx
from examples.calendar import after, filing, office_hour, span, workday
from examples.photographs import make_photo

LEAVE_REASONS = ("病假", "外出培训", "家中有事", "带队参加比赛", "出差", "产假", "值班")
SIGN_OFF_REMARKS = ("", "", "", "内容属实。", "已核对签到表。", "记录清楚，同意。")
Sections = Sequence[tuple[str, Sequence[str]]]


@dataclass(frozen=True)
class File:
    """An attachment; ``needs_font`` says that it cannot be made where there is no Chinese font."""

    name: str
    role: str
    make: Callable[[], bytes]
    needs_font: bool = False


@dataclass(frozen=True)
class Act:
    """Something done to a record after it was filed. ``content`` is the corrected record of a correction."""

    at: datetime
    by: str
    act: str  # sign_off return correct withdraw progress close
    text: str
    on: str | None = None
    content: dict[str, Any] | None = None
    evidence: tuple[str, ...] = ()  # names of examples


@dataclass
class Example:
    """``gaps`` are the codes of gaps left on purpose; the tests allow no others."""

    name: str  # its folder
    raw: dict[str, Any]
    files: list[File]
    filed: datetime
    by: str
    acts: list[Act] = field(default_factory=list)
    gaps: frozenset[str] = frozenset()

    @property
    def day(self) -> date:
        return date.fromisoformat(self.raw["occurred"]["from"][:10])


@dataclass(frozen=True)
class Campaign:
    """``code`` and ``phase`` as records name them."""

    code: str
    title: str

    def fields(self, phase: str) -> dict[str, Any]:
        return {"plan": self.code, "phase": phase}


class Office:
    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.examples: list[Example] = []
        self._names: dict[str, int] = {}

    def random(self, name: str) -> Random:
        return Random(f"{self.seed}/{name}")

    # ── any record ──────────────────────────────────────────────────────────────────────────────────────────────

    def add(
        self,
        organisation: str,
        family: str,
        form: str,
        title: str,
        occurred: dict[str, str],
        fields: dict[str, Any],
        files: Sequence[File] = (),
        *,
        late: bool = False,
        signed: bool = True,
        gaps: Sequence[str] = (),
    ) -> Example:
        """A record, filed a few days after it happened (``late``: months after) and as a rule signed off."""
        day = date.fromisoformat(occurred["from"][:10])
        name = self._name(f"{day.year}/{day:%m%d}-{organisation}-{form}")
        random = self.random(f"{name}/filing")
        filed = filing(day, random, late)
        raw = {"organisation": organisation, "family": family, "form": form, "title": title, "occurred": occurred}
        example = Example(name, raw | fields, list(files), filed, people.clerk_of(organisation), gaps=frozenset(gaps))
        if signed and random.random() < 0.9:
            when = office_hour(after(filed.date(), random.randint(1, 6)), random)
            by = people.secretary_of(organisation, when.date().isoformat())
            example.acts.append(Act(when, by, "sign_off", random.choice(SIGN_OFF_REMARKS)))
        self.examples.append(example)
        return example

    def _name(self, wanted: str) -> str:
        self._names[wanted] = count = self._names.get(wanted, 0) + 1
        return wanted if count == 1 else f"{wanted}-{count}"

    # ── meetings ────────────────────────────────────────────────────────────────────────────────────────────────

    def meeting(
        self,
        organisation: str,
        form: str,
        title: str,
        day: date,
        *,
        family: str = "study_session",
        clock: str = "15:30",
        hours: float = 2,
        place: str = "党员活动室",
        roll: Sequence[str] | None = None,
        rate: float = 0.88,
        chair: str | None = None,
        observers: Sequence[str] = (),
        sections: Sections | None = None,
        fields: dict[str, Any] | None = None,
        decisions: Sequence[str] = (),
        photo: str | None = None,
        sheet: bool = True,
        minutes: bool = True,
        files: Sequence[File] = (),
        count_hours: bool = False,
        late: bool = False,
        gaps: Sequence[str] = (),
    ) -> Example:
        """A session with attendance, minutes, a sign-in sheet and, where ``photo`` names a scene, a picture."""
        day = workday(day)
        random = self.random(f"{organisation}/{form}/{title}/{day}")
        iso = day.isoformat()
        names = list(roll) if roll is not None else people.members(organisation, iso)
        absent = sorted(random.sample(names, random.randint(0, int(len(names) * (1 - rate)))), key=names.index)
        leave = [{"person": name, "reason": random.choice(LEAVE_REASONS)} for name in absent]
        present = [name for name in names if name not in absent]
        leading = chair or people.leader(organisation, iso)
        if leading in absent:
            present, absent, leave = names, [], []
        others = [name for name in present if name != leading] or present
        recorder = random.choice(others)
        if sections is None:
            topics = meetings.topics(organisation, 2, random)
            sections = [(t.name, meetings.discussed(t, others, random)) for t in topics]
            decisions = decisions or [random.choice(t.decisions) for t in topics]
        attendance: dict[str, Any] = {"expected": len(names), "present": len(present), "attendees": present}
        if leave:
            attendance["on_leave"] = leave
        if observers:
            attendance["observers"] = list(observers)
        content: dict[str, Any] = {
            "place": place,
            "chair": leading,
            "recorder": recorder,
            "attendance": attendance,
            "agenda": [heading for heading, _ in sections],
            "body": body_of(sections),
            "retention": "30y" if form in ("general_meeting", "organisational_life", "democratic_life") else "10y",
        }
        if decisions:
            content["decisions"] = list(decisions)
        if count_hours:
            content["hours"] = hours
        made: list[File] = []
        if minutes:
            made.append(minutes_file(organisation, title, day, content, sections, decisions))
        if sheet:
            made.append(sign_in_file(title, day, names, {row["person"]: row["reason"] for row in leave}, random))
        if photo:
            made.append(photo_file(photo, title, day, place, self.random(f"{organisation}/{title}/{day}/photo")))
        return self.add(
            organisation, family, form, title, span(day, clock, hours), content | (fields or {}), [*made, *files],
            late=late, gaps=gaps,
        )  # fmt: skip

    # ── papers ──────────────────────────────────────────────────────────────────────────────────────────────────

    def paper(
        self,
        organisation: str,
        form: str,
        title: str,
        day: date,
        sections: Sections,
        *,
        fields: dict[str, Any] | None = None,
        addressee: str = "",
        number: str = "",
        files: Sequence[File] = (),
        late: bool = False,
        retention: str = "permanent",
    ) -> Example:
        """A plan, report or rules, as a PDF with the organisation's head where it has a number."""
        day = workday(day)
        author = people.name_of(organisation)
        role = {"plan": "plan", "report": "report", "summary": "report"}.get(form, "other")
        make = partial(make_pdf, title, sections, day, author, addressee, f"{author}文件" if number else "", number)
        content = {"body": body_of(sections), "retention": retention} | (fields or {})
        if addressee and form in ("report", "summary"):
            content["recipient"] = addressee
        return self.add(
            organisation, "paper", form, title, {"from": day.isoformat()}, content,
            [File(f"{title}.pdf", role, make, True), *files], late=late,
        )  # fmt: skip

    def publicity(
        self, organisation: str, title: str, day: date, channel: str, level: str, author: str, body: str, **more: Any
    ) -> Example:
        day = workday(day)
        random = self.random(f"{organisation}/{title}/{channel}")
        files = [photo_file("board" if channel in ("展板", "橱窗", "黑板报") else "yard", title, day, channel, random)]
        content = {"channel": channel, "publicity": level, "author": author, "body": body, "retention": "10y"}
        return self.add(
            organisation, "paper", "publicity", title, {"from": day.isoformat()}, content | more, files, signed=False
        )

    def approval(self, organisation: str, matter: str, held_on: date, days_before: int, **more: Any) -> Example:
        """一事一报: asked for and given before the event."""
        day = workday(date.fromordinal(held_on.toordinal() - days_before))
        approver = people.leader(people.school_of(organisation), day.isoformat())
        content = {
            "matter": matter,
            "approver": approver,
            "held_on": held_on.isoformat(),
            "body": f"拟于{held_on.month}月{held_on.day}日举办“{matter}”。内容提纲、主讲人情况和场地安排已经审核，"
            f"意识形态方面未见问题，同意举办。审批人：{approver}。",
            "retention": "10y",
        }
        return self.add(
            organisation, "paper", "approval", f"关于举办“{matter}”的审批", {"from": day.isoformat()}, content | more
        )

    # ── rectification ───────────────────────────────────────────────────────────────────────────────────────────

    def item(
        self,
        organisation: str,
        form: str,
        item: texts.Item,
        day: date,
        deadline: date,
        *,
        source: str,
        term: str = "immediate",
        responsible: str | None = None,
        steps: Sequence[date] = (),
        closed: date | None = None,
        evidence: Sequence[str] = (),
        fields: dict[str, Any] | None = None,
    ) -> Example:
        """An item with its progress on the days of ``steps`` and its closing; open where ``closed`` is None."""
        day = workday(day)
        iso = day.isoformat()
        random = self.random(f"{organisation}/{item.problem}/{day}")
        owner = responsible or random.choice(people.members(organisation, iso))
        content = {
            "problem": item.problem,
            "source": source,
            "measures": item.measures,
            "department": item.department,
            "responsible": owner,
            "deadline": deadline.isoformat(),
            "term": term,
            "retention": "30y",
        }
        example = self.add(
            organisation, "rectification", form, f"整改事项：{item.problem}", {"from": iso}, content | (fields or {}),
        )  # fmt: skip
        for number, step in enumerate(map(workday, steps)):
            text = item.steps[min(number, len(item.steps) - 1 - (closed is not None))]
            when = office_hour(after(step, 1), random)
            example.acts.append(Act(when, people.clerk_of(organisation), "progress", text, on=step.isoformat()))
        if closed is not None:
            done = workday(closed)
            when = office_hour(after(done, random.randint(1, 3)), random)
            by = people.secretary_of(organisation, when.date().isoformat())
            example.acts.append(Act(when, by, "close", item.steps[-1], on=done.isoformat(), evidence=tuple(evidence)))
        return example


# ── files ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def body_of(sections: Sections) -> str:
    parts: list[str] = []
    for number, (heading, paragraphs) in enumerate(sections):
        if heading:
            parts.append(_numbered(number, heading.removeprefix("关于")))
        parts += paragraphs
    return "\n".join(parts)


def _numbered(number: int, heading: str) -> str:
    """With its number before it, unless it brings one along."""
    return heading if heading[1:2] == "、" else f"{'一二三四五六七八九十'[number]}、{heading}"


def minutes_file(
    organisation: str, title: str, day: date, content: dict[str, Any], sections: Sections, decisions: Sequence[str]
) -> File:
    attendance = content["attendance"]
    away = "；".join(f"{row['person']}（{row['reason']}）" for row in attendance.get("on_leave", ())) or "无"
    head = [
        ("单位", people.name_of(organisation)),
        ("时间", f"{day.year}年{day.month}月{day.day}日"),
        ("地点", content["place"]),
        ("主持人", content["chair"]),
        ("记录人", content["recorder"]),
        ("应到／实到", f"{attendance['expected']} 人／{attendance['present']} 人"),
        ("请假", away),
        ("列席", "、".join(attendance.get("observers", ())) or "无"),
    ]
    parts = [(_numbered(i, heading), paragraphs) for i, (heading, paragraphs) in enumerate(sections)]
    if decisions:
        parts.append(("会议决定", texts.numbered(list(decisions))))
    make = partial(make_docx, title, head, parts, day, content["recorder"])
    return File(f"{title.removesuffix('会议').removesuffix('会')}会议记录.docx", "minutes", make)


def sign_in_file(title: str, day: date, names: Sequence[str], absent: dict[str, str], random: Random) -> File:
    rows: list[list[str | float]] = []
    for number, name in enumerate(names, 1):
        came = "" if name in absent else f"{random.choice((13, 14, 15))}:{random.randrange(10, 60)}"
        rows.append([number, name, came, absent.get(name, "")])
    make = partial(make_xlsx, f"{title}签到表", ("序号", "姓名", "签到时间", "备注"), rows, day)
    return File("签到表.xlsx", "attendance_sheet", make)


def photo_file(scene: str, title: str, day: date, place: str, random: Random) -> File:
    caption = f"{day.year}年{day.month}月{day.day}日  {place}  {title}"
    return File("现场照片.jpg", "photo", partial(make_photo, scene, title, caption, random), True)
