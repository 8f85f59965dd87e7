"""Lawful erasure 销毁: its grounds, the rules about two people and retention, and what stays of an erased record.

Somebody proposes, another account approves. What was there leaves a *stub*: the archival code, whose record it was, of
which kind and year, and on which ground it went. The acts of the erasure themselves are never erased.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from domain.errors import Conflict, InputError, IntegrityFault, NotAllowed
from domain.records.content import Content
from domain.records.events import ErasureProposed, RecordErased
from domain.records.fields import Choice
from domain.records.retention import keeping

RETENTION_EXPIRED = "retention-expired"
GROUNDS = (
    Choice("privacy", "依法删除个人信息", "removal of personal information by law"),
    Choice("court", "法院或主管机关的决定", "decision of a court or authority"),
    Choice(RETENTION_EXPIRED, "保管期限届满", "the retention period is over"),
)
GONE = "（已销毁 / erased）"
"""The title of a stub."""

LONGEST_BASIS = 1_000


class UnknownGround(InputError):
    code = "erasure_ground_unknown"
    zh = "“{ground}”不是可以销毁的依据；可用的有：{accepted}。"
    en = "“{ground}” is no ground for erasing; accepted: {accepted_en}."

    def __init__(self, ground: str) -> None:
        zh = "、".join(f"{each.zh}（{each.key}）" for each in GROUNDS)
        en = ", ".join(each.key for each in GROUNDS)
        super().__init__(ground=ground[:60], accepted=zh, accepted_en=en, field="ground")


class BasisMissing(InputError):
    code = "erasure_basis_missing"
    zh = "请写明销毁依据的文号或裁定编号（不超过 1000 字，不能有控制字符）。"
    en = "The number of the decision or document is required (at most 1000 characters, no control characters)."

    def __init__(self) -> None:
        super().__init__(field="basis")


class RetentionNotOver(Conflict):
    code = "erasure_retention_not_over"
    zh = "{record} 的保管期限还没有届满（{until_zh}），不能以此为由销毁。"
    en = "The retention period of {record} is not over ({until_en}): that is no ground for erasing it."


class ErasureOpen(Conflict):
    code = "erasure_open"
    zh = "{record} 已经有一项销毁提请（第 {revision} 个事件，{by}），还没有决定。"
    en = "An erasure of {record} was proposed already (event {revision}, by {by}) and awaits its decision."


class ErasureNotProposed(Conflict):
    code = "erasure_not_proposed"
    zh = "没有人提请销毁 {record}，或者已经作出决定。"
    en = "No erasure of {record} is proposed, or it was decided already."
    next_zh = "请先用 jianzheng erasure propose 提请。"
    next_en = "Propose it first with jianzheng erasure propose."


class ErasureNeedsAnother(NotAllowed):
    """Whoever proposed an erasure cannot approve it, nor can another account of the same person."""

    code = "erasure_needs_another"
    next_zh = "请另一位管理员审批。"
    next_en = "Have another administrator approve it."

    def __init__(self) -> None:
        super().__init__("销毁要由提请人以外的人批准", "an erasure is approved by somebody else than who proposed it")


class FileNotOfRecord(InputError):
    code = "erasure_file_unknown"
    zh = "{record} 没有“{file_said}”这个文件，或者它已经销毁。"
    en = "{record} has no file “{file_said}”, or it is erased already."


class RecordIsErased(Conflict):
    """Something was asked for that an erased event alone could give."""

    code = "record_erased"
    http_status = 410
    zh = "{record} 已依法销毁（第 {revision} 个事件），它以前的内容不再存在。"
    en = "{record} was lawfully erased (event {revision}); what it held before is no more."
    next_zh = "仍可取销毁事件的回执：jianzheng receipt {record}"
    next_en = "The receipt of its erasure can be had: jianzheng receipt {record}"


class FileErased(Conflict):
    code = "file_erased"
    http_status = 410
    zh = "“{name}”已依法销毁（{record} 第 {revision} 个事件）。"
    en = "“{name}” was lawfully erased (event {revision} of {record})."


class ErasureNotAnnounced(IntegrityFault):
    """A state was to be erased that no event of an erasure names."""

    code = "erasure_not_announced"
    zh = "事件 {event} 没有被列入销毁，它的内容不能抹去。"
    en = "No erasure names the event {event} with this state: it cannot be taken away."


@dataclass(frozen=True)
class Proposal:
    """One that awaits its decision. ``digests``: empty for all of the record."""

    revision: int
    at: str
    by: str
    ground: str
    basis: str
    digests: tuple[str, ...]

    @classmethod
    def of(cls, event: ErasureProposed) -> Proposal:
        """What the event proposes; ``at`` is ISO 8601, UTC."""
        digests = tuple(event.digests)
        return cls(event.originator_version, event.recorded_at, event.actor, event.ground, event.basis, digests)


def ground(key: str) -> Choice:
    """Raises `UnknownGround`."""
    for each in GROUNDS:
        if key in (each.key, each.zh, each.en):
            return each
    raise UnknownGround(key)


def basis(said: str) -> str:
    """Raises `BasisMissing`."""
    said = said.strip()
    if not said or len(said) > LONGEST_BASIS or any(char < " " for char in said):
        raise BasisMissing
    return said


def require_ground(key: str, record: str, content: Content, filed_on: date, today: date) -> None:
    """Raises `RetentionNotOver` where the ground is that it is."""
    if key != RETENTION_EXPIRED:
        return
    until, permanent = keeping(content, filed_on, today)
    if permanent:
        raise RetentionNotOver(record=record, until_zh="永久保管", until_en="it is permanent")
    if today < until:
        raise RetentionNotOver(record=record, until_zh=f"到 {until}", until_en=f"until {until}")


def follows(event: RecordErased, proposal: Proposal | None) -> bool:
    """Whether an erasure is what was proposed, and was approved by another account."""
    return (
        proposal is not None
        and event.actor != proposal.by
        and (event.proposer, event.ground, event.basis) == (proposal.by, proposal.ground, proposal.basis)
        and bool(event.events) is not bool(proposal.digests)
        and set(proposal.digests) <= set(event.digests)
        and (bool(event.events) or set(proposal.digests) == set(event.digests))
    )


def named(event: RecordErased) -> dict[int, str]:
    """The versions whose state goes, with its digest; whatever is not such is left out, so that it does not count."""
    states: dict[int, str] = {}
    for each in event.events if isinstance(event.events, list) else ():
        if isinstance(each, Mapping) and type(each.get("version")) is int and isinstance(each.get("state"), str):
            states[each["version"]] = each["state"]
    return states


def recorded_at(event: RecordErased, version: int) -> str | None:
    """When the erased event ``version`` was recorded."""
    for each in event.events:
        if isinstance(each, Mapping) and each.get("version") == version and isinstance(each.get("at"), str):
            return str(each["at"])
    return None


def stub_content(event: RecordErased) -> Content:
    """What is shown in the place of an erased record's content."""
    return {"family": event.family, "form": event.form, "title": GONE, "occurred": {"from": f"{event.year:04d}"}}


def states_of(rows: Iterable[tuple[int, str, str]]) -> list[dict[str, Any]]:
    """`RecordErased.events` of (version, digest of the state, time of recording)."""
    return [{"version": version, "state": state, "at": at} for version, state, at in rows]


def ground_json(key: str) -> dict[str, str]:
    """A ground with its names; one that nobody knows any more is its own name."""
    choice = next((each for each in GROUNDS if each.key == key), None)
    return {"ground": key, "ground_zh": choice.zh if choice else key, "ground_en": choice.en if choice else key}
