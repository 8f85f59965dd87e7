"""Who may do what, to which record, when: the one policy that the web, the CLI, search and counts all ask.

A role is granted to an account in an organisation for a period; it holds there and in everything below. Self-analyses
are confidential: read by the author, the reviewer, whoever filed it, the organisation's secretary and an inspector
whose inspection covers it. An administrator keeps the archive running and has no business reading them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from domain.errors import NotAllowed
from domain.ports.search import Scope
from domain.words import Words

Role = Literal["administrator", "clerk", "secretary", "inspector", "reader"]
Action = Literal[
    "record.read", "record.read_confidential", "record.file", "record.attach", "record.correct", "record.withdraw",
    "record.sign_off", "record.return", "item.progress", "item.close", "report.read", "report.issue",
    "directory.read", "directory.manage", "account.manage", "archive.verify", "index.manage", "key.manage",
    "erasure.propose", "erasure.approve",
]  # fmt: skip

ROLES: dict[str, Words] = {
    "administrator": Words("管理员", "administrator"),
    "clerk": Words("录入员", "clerk"),
    "secretary": Words("书记", "secretary"),
    "inspector": Words("督查员", "inspector"),
    "reader": Words("查阅者", "reader"),
}

_READ: frozenset[Action] = frozenset({"record.read", "report.read", "directory.read", "archive.verify"})
_FILE: frozenset[Action] = frozenset({"record.file", "record.attach", "record.correct", "item.progress"})
_DECIDE: frozenset[Action] = frozenset(
    {"record.sign_off", "record.return", "record.withdraw", "item.close", "report.issue"}
)
_MANAGE: frozenset[Action] = frozenset({"directory.manage", "account.manage", "index.manage", "key.manage"})

MAY: dict[str, frozenset[Action]] = {
    "administrator": _READ | _FILE | _DECIDE | _MANAGE | {"erasure.propose", "erasure.approve"},
    "clerk": _READ | _FILE,
    "secretary": _READ | _FILE | _DECIDE | {"record.read_confidential", "erasure.propose"},
    "inspector": _READ | {"record.read_confidential"},
    "reader": frozenset({"record.read", "report.read", "directory.read"}),
}
"""What each role may do. `record.read` is for what is not confidential."""

ACTIONS: dict[str, Words] = {
    "record.read": Words("查阅这个单位的记录", "read records of this organisation"),
    "record.read_confidential": Words("查阅这份自我剖析", "read this self-analysis"),
    "record.file": Words("在这个单位录入记录", "file records in this organisation"),
    "record.attach": Words("给这条记录附文件", "attach files to this record"),
    "record.correct": Words("更正这条记录", "correct this record"),
    "record.withdraw": Words("撤回这条记录", "withdraw this record"),
    "record.sign_off": Words("审签这条记录", "sign this record off"),
    "record.return": Words("退回这条记录", "return this record"),
    "item.progress": Words("登记整改进展", "note progress of this item"),
    "item.close": Words("销号这个整改事项", "close this item"),
    "report.read": Words("查看这个单位的年报", "read this organisation's annual report"),
    "report.issue": Words("签发年报", "issue the annual report"),
    "directory.read": Words("查看单位和人员", "see organisations and people"),
    "directory.manage": Words("管理单位和人员", "manage organisations and people"),
    "account.manage": Words("管理账号", "manage accounts"),
    "archive.verify": Words("核验档案", "verify the archive"),
    "index.manage": Words("管理检索索引", "manage the search index"),
    "key.manage": Words("更换账本的密钥", "change the keys of the ledger"),
    "erasure.propose": Words("提请销毁这条记录", "propose to erase this record"),
    "erasure.approve": Words("批准销毁这条记录", "approve the erasure of this record"),
}

_UNREAD: frozenset[Action] = frozenset({"erasure.approve"})
"""What may be done to a confidential record by somebody who may not read it: on the ground, which is no secret."""


@dataclass(frozen=True)
class Grant:
    """``since`` is the first day, ``until`` the first day on which it holds no more."""

    organisation: str
    role: str
    since: str
    until: str | None

    def held_on(self, day: str) -> bool:
        """``day`` as YYYY-MM-DD, like both ends."""
        return self.since <= day and (self.until is None or day < self.until)


@dataclass(frozen=True)
class Actor:
    username: str
    person: str | None = None
    grants: tuple[Grant, ...] = ()


SYSTEM = Actor("system")
"""The archive itself: it integrates and indexes, and is asked nothing."""


@dataclass(frozen=True)
class Target:
    """What is acted upon. ``path`` are the organisation's codes from the top down."""

    path: tuple[str, ...]
    confidential: bool = False
    readers: tuple[str, ...] = ()  # person codes of author and reviewer
    filed_by: str | None = None


@dataclass(frozen=True)
class Decision:
    allowed: bool
    reason_zh: str = ""
    reason_en: str = ""

    def require(self) -> None:
        """Raises `NotAllowed`, with the reason, where it is not allowed."""
        if not self.allowed:
            raise NotAllowed(self.reason_zh, self.reason_en)


_ALLOWED = Decision(True)


def decide(actor: Actor, action: Action, target: Target, day: str) -> Decision:
    """May ``actor`` do ``action`` to ``target`` on ``day`` (YYYY-MM-DD)?"""
    if actor is SYSTEM:
        return _ALLOWED
    roles = {g.role for g in actor.grants if g.organisation in target.path and g.held_on(day)}
    if not any(action in MAY[role] for role in roles):
        return _denied(action)
    if target.confidential and action not in _UNREAD and not _initiated(actor, roles, target):
        return _denied("record.read_confidential")
    return _ALLOWED


def scope(actor: Actor, day: str) -> Scope:
    """What a search of the actor may find: `decide(actor, "record.read", …)` as a filter."""
    if actor is SYSTEM:
        return Scope(everything=True)
    held = [g for g in actor.grants if g.held_on(day)]
    return Scope(
        organisations=frozenset(g.organisation for g in held if "record.read" in MAY[g.role]),
        confidential=frozenset(g.organisation for g in held if "record.read_confidential" in MAY[g.role]),
        person=actor.person,
        username=actor.username,
    )


def visible(reader: Scope, target: Target) -> bool:
    """Is the target inside the scope? The search engines' filters say the same; tests prove it."""
    if reader.everything:
        return True
    if not reader.organisations.intersection(target.path):
        return False
    return (
        not target.confidential
        or bool(reader.confidential.intersection(target.path))
        or (reader.person is not None and reader.person in target.readers)
        or (target.filed_by is not None and reader.username == target.filed_by)
    )


def _initiated(actor: Actor, roles: set[str], target: Target) -> bool:
    return (
        any("record.read_confidential" in MAY[role] for role in roles)
        or (actor.person is not None and actor.person in target.readers)
        or actor.username == target.filed_by
    )


def _denied(action: str) -> Decision:
    zh, en = ACTIONS[action]
    return Decision(False, f"您没有权限{zh}", f"you may not {en}")
