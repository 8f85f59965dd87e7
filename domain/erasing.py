"""The use case of erasure: propose, approve or reject, and see what was.

An approval says for ever what goes, to the digest of each stored state; what goes is taken away afterwards, by
`indexers.erasure`, as often as that takes. Between the two the record is shown as erased already.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from domain.access import Action, Actor, Target, decide
from domain.archive import Archive, Outcome, ReasonMissing
from domain.errors import JianzhengError, NotFound
from domain.event import Stamp
from domain.ledger.tombstone import state_digest
from domain.ports import StoredRow
from domain.records import codes, erasure
from domain.records.events import (
    ERASURE_PREFIX,
    ErasureProposed,
    ErasureRejected,
    FilesAttached,
    RecordCorrected,
    RecordErased,
    RecordEvent,
    RecordFiled,
)
from domain.records.record import Record, replay

BATCH = 2_000

MOST_NAMED = 5
"""Records that are named of those that share a file."""

_ABOUT_FILES = frozenset({RecordFiled.TOPIC, FilesAttached.TOPIC, RecordCorrected.TOPIC})

State = Literal["open", "rejected", "erased"]


@dataclass(frozen=True)
class Proceeding:
    """One proposal and what became of it. ``digests``: the files of it; empty for all of the record."""

    record: UUID
    code: str
    organisation: str
    state: State
    ground: str
    basis: str
    proposed_by: str
    proposed_at: str
    digests: tuple[str, ...]
    revision: int  # of the event that decided it, or else proposed it
    position: int
    decided_by: str = ""
    decided_at: str = ""
    reason: str = ""


class Erasing:
    def __init__(self, archive: Archive) -> None:
        self.archive, self.events = archive, archive.events

    def propose(self, actor: Actor, reference: str, ground: str, basis: str, files: Sequence[str] = ()) -> Outcome:
        """``files`` by name or digest, none for all of the record. Raises the errors of `domain.records.erasure`."""
        record = self.archive.read(actor, reference)
        self._require(actor, "erasure.propose", self.archive.target(record))
        chosen, said = erasure.ground(ground.strip()), erasure.basis(basis)
        digests = [self._digest(record, each) for each in files]
        if record.status != "erased":  # else the record itself says so
            self._possible(record, chosen.key, digests)
        event = record.propose_erasure(chosen.key, said, digests, self._stamp(actor))
        self.events.append([event])
        record.apply(event)
        return Outcome(record, True)

    def approve(self, actor: Actor, reference: str) -> Outcome:
        """What is to go is decided here, by what is stored at this moment."""
        record_id = self._for_decision(actor, reference)
        rows = self.events.stored(record_id)
        record, acts = self._replayed(rows, reference)
        proposal = record.proposal
        if proposal is None:
            raise erasure.ErasureNotProposed(record=record.code)
        if actor.username == proposal.by or self._same_person(actor, proposal.by):
            raise erasure.ErasureNeedsAnother
        self._possible(record, proposal.ground, proposal.digests)
        states = [
            (row.version, state_digest(row.state), act.recorded_at)
            for row, act in zip(rows, acts, strict=True)
            if not row.topic.startswith(ERASURE_PREFIX)
        ]
        event = record.erase(states, self._stamp(actor))
        self.events.append([event])
        record.apply(event)
        return Outcome(record, True)

    def reject(self, actor: Actor, reference: str, reason: str) -> Outcome:
        record_id = self._for_decision(actor, reference)
        if not reason.strip():
            raise ReasonMissing
        record, _ = self._replayed(self.events.stored(record_id), reference)
        event = record.reject_erasure(reason.strip(), self._stamp(actor))
        self.events.append([event])
        record.apply(event)
        return Outcome(record, True)

    def proceedings(self, actor: Actor) -> list[Proceeding]:
        """All that the actor may propose or decide about, the newest first."""
        found: dict[tuple[UUID, int], Proceeding] = {}
        for row in self._rows():
            event = self.events.decode(row)
            if isinstance(event, ErasureProposed):
                place = self._place(row.id)
                if place is None:
                    continue
                found[row.id, event.originator_version] = Proceeding(
                    row.id, *place, "open", event.ground, event.basis, event.actor, event.recorded_at,
                    tuple(event.digests), event.originator_version, row.position,
                )  # fmt: skip
            elif isinstance(event, ErasureRejected | RecordErased):
                key = next((k for k, p in reversed(found.items()) if k[0] == row.id and p.state == "open"), None)
                if key is not None:
                    found[key] = _decided(found[key], event, row.position)
        mine = [each for each in found.values() if self._sees(actor, each.organisation)]
        return sorted(mine, key=lambda each: -each.position)

    # ── inside ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _rows(self) -> Iterable[StoredRow]:
        position = 0
        while rows := self.events.erasures(position, BATCH):
            yield from rows
            position = rows[-1].position

    def _place(self, record_id: UUID) -> tuple[str, str] | None:
        try:
            record = self.archive.find(str(record_id))
        except JianzhengError:  # one that was tampered with hides no other
            return None
        return record.code, record.organisation

    def _sees(self, actor: Actor, organisation: str) -> bool:
        target, today = Target(self.archive.directory().path(organisation)), self.archive.today().isoformat()
        actions: tuple[Action, ...] = ("erasure.propose", "erasure.approve")
        return any(decide(actor, action, target, today).allowed for action in actions)

    def _for_decision(self, actor: Actor, reference: str) -> UUID:
        """Who decides need not be able to read it; what is not there is as good as what may not be seen."""
        parsed = codes.parse(reference)
        if parsed is not None:
            self._require(actor, "erasure.approve", Target(self.archive.directory().path(parsed[0])))
        try:
            record = self.archive.find(reference)
        except NotFound:
            self.archive.read(actor, reference)  # which knows what may be told
            raise
        self._require(actor, "erasure.approve", self.archive.target(record))
        return record.id

    def _replayed(self, rows: Sequence[StoredRow], reference: str) -> tuple[Record, list[RecordEvent]]:
        acts = [act for act in map(self.events.decode, rows) if isinstance(act, RecordEvent)]
        record = replay(acts)
        if record is None or len(acts) != len(rows):
            raise NotFound("记录", "record", reference)
        return record, acts

    def _possible(self, record: Record, ground: str, digests: Sequence[str]) -> None:
        filed_on = datetime.fromisoformat(record.filed_at).astimezone(self.archive.zone).date()
        erasure.require_ground(ground, record.code, record.content, filed_on, self.archive.today())
        every = {entry.sha256 for version in record.versions for entry in version.files}
        self._require_own(record, (set(digests) or every) - record.destroyed.keys())

    def _require_own(self, record: Record, digests: set[str]) -> None:
        """Raises `FileShared`. All events are looked at: who must not erase what others hold has to know."""
        if not digests:
            return
        needles, sharing = [each.encode() for each in digests], dict[UUID, None]()
        position = 0
        while rows := self.events.rows(position, BATCH):
            for row in rows:
                if row.topic in _ABOUT_FILES and row.id != record.id and any(each in row.state for each in needles):
                    sharing[row.id] = None
            position = rows[-1].position
        shared = [name for each in sharing if (name := self._holds(each, digests)) is not None]
        if shared:
            more = "…" if len(shared) > MOST_NAMED else ""
            raise erasure.FileShared(records="、".join(sorted(shared)[:MOST_NAMED]) + more)

    def _holds(self, record_id: UUID, digests: set[str]) -> str | None:
        """The code of a record that still names one of the files."""
        record = self.archive.find(str(record_id))
        named = {entry.sha256 for version in record.versions for entry in version.files}
        return record.code if (named & digests) - record.destroyed.keys() else None

    @staticmethod
    def _digest(record: Record, said: str) -> str:
        """Names may stand for other bytes in another version: the newest that has one counts."""
        for version in reversed(record.versions):
            for entry in version.files:
                if said in (entry.name, entry.sha256) and entry.sha256 not in record.destroyed:
                    return entry.sha256
        raise erasure.FileNotOfRecord(record=record.code, file_said=said[:100])

    def _same_person(self, actor: Actor, username: str) -> bool:
        account = self.archive.directory().accounts.get(username)
        return actor.person is not None and account is not None and account.actor().person == actor.person

    def _require(self, actor: Actor, action: Action, target: Target) -> None:
        decide(actor, action, target, self.archive.today().isoformat()).require()

    def _stamp(self, actor: Actor) -> Stamp:
        return Stamp(actor.username, self.archive.clock(), self.archive.entropy.salt)


def last_word(acts: Iterable[RecordEvent]) -> RecordErased | None:
    """The event that erased all of a record, among its events."""
    return next((act for act in acts if isinstance(act, RecordErased) and act.events), None)


def _decided(proposal: Proceeding, event: ErasureRejected | RecordErased, position: int) -> Proceeding:
    said = dict(vars(proposal))
    rejected = isinstance(event, ErasureRejected)
    said |= {
        "state": "rejected" if rejected else "erased",
        "decided_by": event.actor,
        "decided_at": event.recorded_at,
        "revision": event.originator_version,
        "position": position,
        "reason": event.reason if isinstance(event, ErasureRejected) else "",
    }
    return Proceeding(**said)
