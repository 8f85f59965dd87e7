"""The record aggregate: what may be done to a record in which state, and what its events add up to.

*Decide* in the public methods, which return the event that would happen or raise the rule that forbids it;
*evolve* in `apply`, which only assigns. `domain.records.replay` folds a whole history, and asks the rules of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from domain.event import Stamp
from domain.files import FileEntry
from domain.records import erasure
from domain.records.acts import ABOUT_ERASURE, ACT, STATUSES, WHEN, ItemState, Status
from domain.records.content import Checked, Content
from domain.records.events import (
    ErasureProposed,
    ErasureRejected,
    FilesAttached,
    ItemClosed,
    ProgressNoted,
    RecordCorrected,
    RecordErased,
    RecordEvent,
    RecordFiled,
    RecordReturned,
    RecordSignedOff,
    RecordWithdrawn,
)
from domain.records.refusals import (
    ActNotPossible,
    FamilyFixed,
    FileNameTaken,
    HistoryImpossible,
    ItemIsClosed,
    NotAnItem,
)


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
    proposal: erasure.Proposal | None = None  # to erase it, not decided yet
    erased: RecordErased | None = None  # all of it; what is left is a stub
    destroyed: dict[str, int] = field(default_factory=dict)  # digests of files that were erased → by which event

    @property
    def current(self) -> Version:
        """The last state of the newest version."""
        return self.versions[-1]

    @property
    def content(self) -> Content:
        """Of the newest version."""
        return self.current.content

    @property
    def files(self) -> tuple[FileEntry, ...]:
        """Of the newest version."""
        return self.current.files

    @property
    def digests(self) -> set[str]:
        """Of all files that it names, or once named; none of a stub."""
        return {entry.sha256 for version in self.versions for entry in version.files}

    def require_there(self, entry: FileEntry) -> None:
        """Raises `FileErased`, also while the bytes are not gone yet."""
        if (by := self.destroyed.get(entry.sha256)) is not None:
            raise erasure.FileErased(name=entry.name, record=self.code, revision=by)

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
        self._require_none_erased(files)
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
        self._require_none_erased(files)
        gaps = [gap.as_json() for gap in checked.gaps]
        return RecordCorrected(
            content=checked.content, files=_json(files), gaps=gaps, reason=reason, **self._next(stamp)
        )

    def sign_off(self, remark: str, stamp: Stamp) -> RecordSignedOff:
        """Raises `ActNotPossible`."""
        self._require(RecordSignedOff)
        return RecordSignedOff(remark=remark, **self._next(stamp))

    def send_back(self, reason: str, stamp: Stamp) -> RecordReturned:
        """Raises `ActNotPossible`."""
        self._require(RecordReturned)
        return RecordReturned(reason=reason, **self._next(stamp))

    def withdraw(self, reason: str, stamp: Stamp) -> RecordWithdrawn:
        """Raises `ActNotPossible`."""
        self._require(RecordWithdrawn)
        return RecordWithdrawn(reason=reason, **self._next(stamp))

    def note_progress(self, on: str, note: str, stamp: Stamp) -> ProgressNoted:
        """``on`` as YYYY-MM-DD. Raises `ActNotPossible`, `NotAnItem`, `ItemIsClosed`."""
        self._require(ProgressNoted)
        self._require_open_item()
        return ProgressNoted(on=on, note=note, **self._next(stamp))

    def close_item(self, on: str, note: str, evidence: list[str], stamp: Stamp) -> ItemClosed:
        """``on`` as YYYY-MM-DD; ``evidence`` are archival codes. Raises what `note_progress` does."""
        self._require(ItemClosed)
        self._require_open_item()
        return ItemClosed(on=on, note=note, evidence=evidence, **self._next(stamp))

    def propose_erasure(self, ground: str, basis: str, digests: Sequence[str], stamp: Stamp) -> ErasureProposed:
        """Of these files; of all of the record where there are none."""
        self._require(ErasureProposed)
        if (there := self.proposal) is not None:
            raise erasure.ErasureOpen(record=self.code, revision=there.revision, by=there.by)
        return ErasureProposed(ground=ground, basis=basis, digests=list(digests), **self._next(stamp))

    def reject_erasure(self, reason: str, stamp: Stamp) -> ErasureRejected:
        """Raises `ActNotPossible`, `ErasureNotProposed`."""
        self._require(ErasureRejected)
        self._require_proposal()
        return ErasureRejected(reason=reason, **self._next(stamp))

    def erase(self, states: Iterable[tuple[int, str, str]], stamp: Stamp) -> RecordErased:
        """``states``: (version, digest of the stored state, time) of all events but those about erasures."""
        self._require(RecordErased)
        proposal = self._require_proposal()
        if stamp.actor == proposal.by:
            raise erasure.ErasureNeedsAnother
        every = dict.fromkeys(entry.sha256 for version in self.versions for entry in version.files)
        years = {int(version.content["occurred"]["from"][:4]) for version in self.versions}
        return RecordErased(
            ground=proposal.ground,
            basis=proposal.basis,
            proposer=proposal.by,
            events=[] if proposal.digests else erasure.states_of(states),
            digests=list(proposal.digests or every),
            code=self.code,
            organisation=self.organisation,
            family=self.content["family"],
            form=self.content["form"],
            year=int(self.content["occurred"]["from"][:4]),
            years=sorted(years),
            **self._next(stamp),
        )

    def _require_proposal(self) -> erasure.Proposal:
        if self.proposal is None:
            raise erasure.ErasureNotProposed(record=self.code)
        return self.proposal

    def _next(self, stamp: Stamp) -> dict[str, Any]:
        return stamp.header(self.id, self.revision + 1)

    def _require(self, act: type[RecordEvent]) -> None:
        if self.status not in WHEN[act]:
            status = STATUSES[self.status]
            raise ActNotPossible(
                status_zh=status.zh,
                status_en=status.en,
                act_zh=ACT[act].zh,
                act_en=ACT[act].en,
            )

    def _require_none_erased(self, files: Iterable[FileEntry]) -> None:
        """What was erased here does not come back, though another record still has it. Raises `FileErased`."""
        for entry in files:
            if entry not in self.files:
                self.require_there(entry)

    def _require_open_item(self) -> None:
        if self.item is None:
            raise NotAnItem
        if self.item == "closed":
            raise ItemIsClosed

    # ── evolve ──────────────────────────────────────────────────────────────────────────────────────────────────

    @staticmethod
    def begin(filed: RecordFiled) -> Record:
        """The record as its first event leaves it."""
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
        """Take in the next event, unchecked. Raises `HistoryImpossible` for one that is no act on a record."""
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
            case ErasureProposed():
                self.proposal, reason = erasure.Proposal.of(event), event.basis
            case ErasureRejected():
                self.proposal, reason = None, event.reason
            case RecordErased():
                self.destroyed |= dict.fromkeys(event.digests, event.originator_version)
                self.proposal, reason = None, event.basis
                if event.events:
                    self._become_stub(event)
            case _:
                raise HistoryImpossible(
                    version=event.originator_version, why_zh="它不是对记录的操作", why_en="it is no act on a record"
                )
        self._note(event, reason)

    def _become_stub(self, event: RecordErased) -> None:
        """What is left is the same whether the states are gone by now or not."""
        self.status, self.erased = "erased", event
        self.filed_at, self.filed_by = erasure.recorded_at(event, 1) or "", ""
        self.late, self.item, self.closed_on = False, None, None
        self.versions = [Version(1, event.originator_version, erasure.stub_content(event), (), ())]
        self.history = [replace(act, version=1) for act in self.history if act.name in ABOUT_ERASURE]

    def _enter(
        self, event: RecordEvent, number: int, content: Content, files: list[dict[str, Any]], gaps: list[dict[str, str]]
    ) -> None:
        entries = tuple(FileEntry(**f) for f in files)
        self.versions.append(Version(number, event.originator_version, content, entries, tuple(gaps)))

    def _note(self, event: RecordEvent, reason: str) -> None:
        self.revision = event.originator_version
        act = Act(self.revision, self.current.number, ACT[type(event)].name, event.recorded_at, event.actor, reason)
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
