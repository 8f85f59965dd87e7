"""The record aggregate: what may be done to a record in which state, and what its events add up to.

*Decide* in the public methods, which return the event that would happen or raise the rule that forbids it;
*evolve* in `apply`, which only assigns. `replay` does both: it refuses a history that the rules could not have made.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from domain.errors import Conflict, IntegrityFault
from domain.event import Stamp
from domain.records.content import Checked, Content
from domain.records.events import (
    FileEntry,
    FilesAttached,
    ItemClosed,
    ProgressNoted,
    RecordCorrected,
    RecordEvent,
    RecordFiled,
    RecordReturned,
    RecordSignedOff,
    RecordWithdrawn,
)

Status = Literal["filed", "signed", "returned", "withdrawn"]
ItemState = Literal["open", "in_progress", "closed"]

STATUS_ZH: dict[str, str] = {"filed": "待审签", "signed": "已审签", "returned": "已退回", "withdrawn": "已撤回"}
STATUS_EN: dict[str, str] = {
    "filed": "awaiting sign-off",
    "signed": "signed off",
    "returned": "returned",
    "withdrawn": "withdrawn",
}

_WHEN: dict[type[RecordEvent], frozenset[Status]] = {
    FilesAttached: frozenset({"filed", "returned", "signed"}),
    RecordCorrected: frozenset({"filed", "returned", "signed"}),
    RecordSignedOff: frozenset({"filed"}),
    RecordReturned: frozenset({"filed", "signed"}),
    RecordWithdrawn: frozenset({"filed", "returned", "signed"}),
    ProgressNoted: frozenset({"filed", "returned", "signed"}),
    ItemClosed: frozenset({"filed", "signed"}),
}
"""In which states an act is possible."""

_ACT_ZH: dict[type[RecordEvent], str] = {
    RecordFiled: "存证",
    FilesAttached: "附文件",
    RecordCorrected: "更正",
    RecordSignedOff: "审签",
    RecordReturned: "退回",
    RecordWithdrawn: "撤回",
    ProgressNoted: "整改进展",
    ItemClosed: "销号",
}
_ACT: dict[type[RecordEvent], str] = {
    RecordFiled: "filed",
    FilesAttached: "attached",
    RecordCorrected: "corrected",
    RecordSignedOff: "signed_off",
    RecordReturned: "returned",
    RecordWithdrawn: "withdrawn",
    ProgressNoted: "progress",
    ItemClosed: "closed",
}
"""Names of acts in JSON answers."""


class ActNotPossible(Conflict):
    code = "act_not_possible"
    zh = "这条记录{status_zh}，不能{act_zh}。"
    en = "This record is {status_en}; it cannot be {act_en}."
    next_zh = "请先看记录的经过，再决定下一步。"
    next_en = "Look at the record's history first."


class NotAnItem(Conflict):
    code = "not_an_item"
    zh = "只有整改类的记录才有进展和销号。"
    en = "Only rectification items have progress and closing."


class ItemIsClosed(Conflict):
    code = "item_closed"
    zh = "这个整改事项已经销号。"
    en = "This rectification item is closed already."


class FamilyFixed(Conflict):
    code = "family_fixed"
    zh = "更正不能改变记录的类别。"
    en = "A correction cannot change a record's family."
    next_zh = "请撤回这条记录，按正确的类别重新录入。"
    next_en = "Withdraw this record and file it anew in the right family."


class FileNameTaken(Conflict):
    code = "file_name_taken"
    zh = "这条记录里已经有一个内容不同的“{name}”。"
    en = "This record already has a file “{name}” with other contents."
    next_zh = "请换一个文件名再附上。"
    next_en = "Attach it under another name."


class HistoryImpossible(IntegrityFault):
    """Replay found an event that the rules could not have produced."""

    code = "history_impossible"
    zh = "第 {version} 个事件不可能由规则产生：{why_zh}。"
    en = "Event {version} could not have been produced by the rules: {why_en}."


@dataclass(frozen=True)
class Version:
    """One state of the content. ``number`` counts filing and corrections; ``revision`` is the event that made it."""

    number: int
    revision: int
    content: Content
    files: tuple[FileEntry, ...]
    gaps: tuple[dict[str, str], ...]


@dataclass(frozen=True)
class Act:
    """One line of a record's history."""

    revision: int
    version: int
    name: str
    at: str
    by: str
    reason: str = ""


@dataclass
class Record:
    id: UUID
    code: str
    organisation: str
    status: Status
    filed_at: str
    filed_by: str
    late: bool
    revision: int
    versions: list[Version]
    history: list[Act] = field(default_factory=list)
    item: ItemState | None = None
    closed_on: str | None = None

    @property
    def current(self) -> Version:
        return self.versions[-1]

    @property
    def content(self) -> Content:
        return self.current.content

    @property
    def files(self) -> tuple[FileEntry, ...]:
        return self.current.files

    @property
    def due(self) -> str | None:
        """The deadline, YYYY-MM-DD, of an item that is still to be dealt with."""
        if self.item in (None, "closed") or self.status == "withdrawn":
            return None
        return self.content.get("deadline")

    def version(self, number: int) -> Version | None:
        """The last state of version ``number``."""
        return next((v for v in reversed(self.versions) if v.number == number), None)

    # ── decide ──────────────────────────────────────────────────────────────────────────────────────────────────

    def attach(self, new: Iterable[FileEntry], gaps: Iterable[dict[str, str]], stamp: Stamp) -> FilesAttached | None:
        """None when every file is there already under the same name with the same bytes."""
        self._require(FilesAttached)
        files = merged(self.files, new)
        if files == self.files:
            return None
        names = [f.name for f in files[len(self.files) :]]
        return FilesAttached(files=_json(files), gaps=list(gaps), attached=names, **self._next(stamp))

    def correct(
        self, checked: Checked, files: Iterable[FileEntry], reason: str, stamp: Stamp
    ) -> RecordCorrected | None:
        """None when nothing would change."""
        self._require(RecordCorrected)
        files = tuple(files)
        if checked.content["family"] != self.content["family"]:
            raise FamilyFixed(field="family")
        if checked.content == self.content and files == self.files:
            return None
        gaps = [gap.as_json() for gap in checked.gaps]
        return RecordCorrected(
            content=checked.content, files=_json(files), gaps=gaps, reason=reason, **self._next(stamp)
        )

    def sign_off(self, remark: str, stamp: Stamp) -> RecordSignedOff:
        self._require(RecordSignedOff)
        return RecordSignedOff(remark=remark, **self._next(stamp))

    def send_back(self, reason: str, stamp: Stamp) -> RecordReturned:
        self._require(RecordReturned)
        return RecordReturned(reason=reason, **self._next(stamp))

    def withdraw(self, reason: str, stamp: Stamp) -> RecordWithdrawn:
        self._require(RecordWithdrawn)
        return RecordWithdrawn(reason=reason, **self._next(stamp))

    def note_progress(self, on: str, note: str, stamp: Stamp) -> ProgressNoted:
        self._require(ProgressNoted)
        self._require_open_item()
        return ProgressNoted(on=on, note=note, **self._next(stamp))

    def close_item(self, on: str, note: str, evidence: list[str], stamp: Stamp) -> ItemClosed:
        self._require(ItemClosed)
        self._require_open_item()
        return ItemClosed(on=on, note=note, evidence=evidence, **self._next(stamp))

    def _next(self, stamp: Stamp) -> dict[str, Any]:
        return stamp.header(self.id, self.revision + 1)

    def _require(self, act: type[RecordEvent]) -> None:
        if self.status not in _WHEN[act]:
            raise ActNotPossible(
                status_zh=STATUS_ZH[self.status],
                status_en=STATUS_EN[self.status],
                act_zh=_ACT_ZH[act],
                act_en=_ACT[act].replace("_", " "),
            )

    def _require_open_item(self) -> None:
        if self.item is None:
            raise NotAnItem
        if self.item == "closed":
            raise ItemIsClosed

    # ── evolve ──────────────────────────────────────────────────────────────────────────────────────────────────

    @staticmethod
    def begin(filed: RecordFiled) -> Record:
        record = Record(
            id=filed.originator_id,
            code=filed.code,
            organisation=filed.organisation,
            status="filed",
            filed_at=filed.recorded_at,
            filed_by=filed.actor,
            late=filed.late,
            revision=0,
            versions=[],
            item="open" if filed.content["family"] == "rectification" else None,
        )
        record._enter(filed, 1, filed.content, filed.files, filed.gaps)
        record._note(filed, "")
        return record

    def apply(self, event: RecordEvent) -> None:
        match event:
            case FilesAttached():
                self._enter(event, self.current.number, self.content, event.files, event.gaps)
                self.status = "filed" if self.status == "signed" else self.status
                reason = "、".join(event.attached)
            case RecordCorrected():
                self._enter(event, self.current.number + 1, event.content, event.files, event.gaps)
                self.status, reason = "filed", event.reason
            case RecordSignedOff():
                self.status, reason = "signed", event.remark
            case RecordReturned():
                self.status, reason = "returned", event.reason
            case RecordWithdrawn():
                self.status, reason = "withdrawn", event.reason
            case ProgressNoted():
                self.item, reason = "in_progress", event.note
            case ItemClosed():
                self.item, self.closed_on, reason = "closed", event.on, event.note
            case _:
                raise HistoryImpossible(
                    version=event.originator_version, why_zh="它不是对记录的操作", why_en="it is no act on a record"
                )
        self._note(event, reason)

    def _enter(
        self, event: RecordEvent, number: int, content: Content, files: list[dict[str, Any]], gaps: list[dict[str, str]]
    ) -> None:
        entries = tuple(FileEntry(**f) for f in files)
        self.versions.append(Version(number, event.originator_version, content, entries, tuple(gaps)))

    def _note(self, event: RecordEvent, reason: str) -> None:
        self.revision = event.originator_version
        act = Act(self.revision, self.current.number, _ACT[type(event)], event.recorded_at, event.actor, reason)
        self.history.append(act)


def file_record(
    record_id: UUID,
    code: str,
    organisation: str,
    checked: Checked,
    files: Iterable[FileEntry],
    late: bool,
    stamp: Stamp,
) -> RecordFiled:
    """The first event of a record. ``checked`` must hold no problems."""
    return RecordFiled(
        code=code,
        organisation=organisation,
        content=checked.content,
        files=_json(merged((), files)),
        gaps=[gap.as_json() for gap in checked.gaps],
        late=late,
        **stamp.header(record_id, 1),
    )


def replay(events: Iterable[RecordEvent]) -> Record | None:
    """Fold a stream; None for an empty one. Raises `HistoryImpossible` where the rules could not have made it."""
    record: Record | None = None
    for event in events:
        if record is None:
            if not isinstance(event, RecordFiled) or event.originator_version != 1:
                raise HistoryImpossible(
                    version=event.originator_version,
                    why_zh="记录不是从存证开始的",
                    why_en="it does not begin with a filing",
                )
            record = Record.begin(event)
            continue
        if event.originator_version != record.revision + 1 or isinstance(event, RecordFiled):
            raise HistoryImpossible(
                version=event.originator_version, why_zh="它前面缺了事件，或重复存证", why_en="the history has a hole"
            )
        if record.status not in _WHEN.get(type(event), frozenset()):
            raise HistoryImpossible(
                version=event.originator_version,
                why_zh=f"记录{STATUS_ZH[record.status]}时不能{_ACT_ZH.get(type(event), '这样做')}",
                why_en=f"it cannot follow while the record is {STATUS_EN[record.status]}",
            )
        record.apply(event)
    return record


def merged(there: Iterable[FileEntry], new: Iterable[FileEntry]) -> tuple[FileEntry, ...]:
    """``there`` and then those of ``new`` that are not there; one name never stands for two contents."""
    files = {f.name: f for f in there}
    for entry in new:
        known = files.setdefault(entry.name, entry)
        if known.sha256 != entry.sha256:
            raise FileNameTaken(name=entry.name, field="files")
    return tuple(files.values())


def _json(files: Iterable[FileEntry]) -> list[dict[str, Any]]:
    return [f.as_json() for f in files]
