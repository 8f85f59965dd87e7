"""The use case of erasure: propose, approve or reject, and see what was.

An approval says for ever what goes, to the digest of each stored state; what goes is taken away afterwards, by
`indexers.erasure`, as often as that takes. Between the two the record is shown as erased already.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from domain.access import Action, Actor
from domain.errors import JianzhengError, NotFound
from domain.event import Stamp
from domain.ledger.tombstone import state_digest
from domain.ports.events import StoredRow
from domain.records import codes, erasure
from domain.records.events import (
    ERASURE_PREFIX,
    ErasureProposed,
    ErasureRejected,
    RecordErased,
    RecordEvent,
)
from domain.records.filing import Archive, Outcome, ReasonMissing
from domain.records.record import Record
from domain.records.replay import replay
from domain.streams import ABOUT_FILES
from domain.words import Words

BATCH = 2_000

State = Literal["open", "rejected", "erased"]
STATES: dict[str, Words] = {
    "open": Words("待批准", "open"),
    "rejected": Words("不予销毁", "rejected"),
    "erased": Words("已销毁", "erased"),
}


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


@dataclass(frozen=True)
class Shared:
    """A file whose bytes stay, because other records name it: ``records``, the codes of those that the actor may read,
    and ``others``, how many more there are."""

    sha256: str
    records: tuple[str, ...]
    others: int


@dataclass(frozen=True)
class Considered(Outcome):
    """``shared``: the files of it whose bytes stay."""

    shared: tuple[Shared, ...] = ()


class Erasing:
    def __init__(self, archive: Archive) -> None:
        self.archive, self.events, self.policy = archive, archive.events, archive.policy

    def propose(self, actor: Actor, reference: str, ground: str, basis: str, files: Sequence[str] = ()) -> Considered:
        """``files`` by name or digest, none for all of the record. Raises the errors of `domain.records.erasure`."""
        record = self.archive.read(actor, reference)
        self.policy.require(actor, "erasure.propose", self.archive.target(record))
        chosen, said = erasure.ground(ground.strip()), erasure.basis(basis)
        digests = [self._digest(record, each) for each in files]
        if record.status != "erased":  # else the record itself says so
            self._require_ground(record, chosen.key)
        event = record.propose_erasure(chosen.key, said, digests, self._stamp(actor))
        shared = self._shared(actor, record, digests or record.digests)
        self.events.append([event])
        record.apply(event)
        return Considered(record, True, shared)

    def approve(self, actor: Actor, reference: str) -> Considered:
        """What is to go is decided here, by what is stored at this moment. Of a file that other records name, only they
        keep it; its bytes go with the last of them."""
        record_id = self._for_decision(actor, reference)
        rows = self.events.stored(record_id)
        record, acts = self._replayed(rows, reference)
        proposal = record.proposal
        if proposal is None:
            raise erasure.ErasureNotProposed(record=record.code)
        if actor.username == proposal.by or self._same_person(actor, proposal.by):
            raise erasure.ErasureNeedsAnother
        self._require_ground(record, proposal.ground)
        states = [
            (row.version, state_digest(row.state), act.recorded_at)
            for row, act in zip(rows, acts, strict=True)
            if not row.topic.startswith(ERASURE_PREFIX)
        ]
        event = record.erase(states, self._stamp(actor))
        shared = self._shared(actor, record, event.digests)
        self.events.append([event])
        record.apply(event)
        return Considered(record, True, shared)

    def reject(self, actor: Actor, reference: str, reason: str) -> Considered:
        """End the open proposal: nothing goes. Raises `NotAllowed`, `NotFound`, `ReasonMissing`, `ActNotPossible`,
        `ErasureNotProposed`.
        """
        record_id = self._for_decision(actor, reference)
        if not reason.strip():
            raise ReasonMissing
        record, _ = self._replayed(self.events.stored(record_id), reference)
        event = record.reject_erasure(reason.strip(), self._stamp(actor))
        self.events.append([event])
        record.apply(event)
        return Considered(record, True)

    def proceedings(self, actor: Actor) -> list[Proceeding]:
        """All that the actor may propose or decide about, the newest first."""
        proceedings: dict[tuple[UUID, int], Proceeding] = {}
        for row in self._rows():
            event = self.events.decode(row)
            if isinstance(event, ErasureProposed):
                place = self._place(row.id)
                if place is None:
                    continue
                proceedings[row.id, event.originator_version] = Proceeding(
                    row.id, *place, "open", event.ground, event.basis, event.actor, event.recorded_at,
                    tuple(event.digests), event.originator_version, row.position,
                )  # fmt: skip
            elif isinstance(event, ErasureRejected | RecordErased):
                key = next((k for k, p in reversed(proceedings.items()) if k[0] == row.id and p.state == "open"), None)
                if key is not None:
                    proceedings[key] = _decided(proceedings[key], event, row.position)
        mine = [each for each in proceedings.values() if self._sees(actor, each.organisation)]
        return sorted(mine, key=lambda each: -each.position)

    def holders(self, record_id: UUID, digests: Collection[str], after: int = 0) -> dict[str, list[Record | None]]:
        """The other records that still name each of these files, None for one that cannot be read; of the files that
        nobody else names, nothing. All events behind position ``after`` are looked at: who must not destroy what others
        hold has to know."""
        needles, sharing = {each: each.encode() for each in digests}, dict[UUID, set[str]]()
        while needles and (rows := self.events.rows(after, BATCH)):
            for row in rows:
                if row.topic not in ABOUT_FILES or row.id == record_id:
                    continue
                if names := {each for each, needle in needles.items() if needle in row.state}:
                    sharing.setdefault(row.id, set()).update(names)
            after = rows[-1].position
        holders: dict[str, list[Record | None]] = {}
        for other, names in sharing.items():
            record, held = self._held(other, names)
            for each in held:
                holders.setdefault(each, []).append(record)
        return holders

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
        actions: tuple[Action, ...] = ("erasure.propose", "erasure.approve")
        return any(self.policy.may_in(actor, action, organisation) for action in actions)

    def _for_decision(self, actor: Actor, reference: str) -> UUID:
        """Who decides need not be able to read it; what is not there is as good as what may not be seen."""
        parsed = codes.parse(reference)
        if parsed is not None:
            self.policy.require_in(actor, "erasure.approve", parsed[0])
        try:
            record = self.archive.find(reference)
        except NotFound:
            self.archive.read(actor, reference)  # which knows what may be told
            raise
        self.policy.require(actor, "erasure.approve", self.archive.target(record))
        return record.id

    def _replayed(self, rows: Sequence[StoredRow], reference: str) -> tuple[Record, list[RecordEvent]]:
        acts = [act for act in map(self.events.decode, rows) if isinstance(act, RecordEvent)]
        record = replay(acts)
        if record is None or len(acts) != len(rows):
            raise NotFound("记录", "record", reference)
        return record, acts

    def _require_ground(self, record: Record, ground: str) -> None:
        filed_on = datetime.fromisoformat(record.filed_at).astimezone(self.archive.zone).date()
        erasure.require_ground(ground, record.code, record.content, filed_on, self.archive.today())

    def _shared(self, actor: Actor, record: Record, digests: Iterable[str]) -> tuple[Shared, ...]:
        return tuple(
            self._told(actor, sha256, holders)
            for sha256, holders in sorted(self.holders(record.id, {*digests} - record.destroyed.keys()).items())
        )

    def _told(self, actor: Actor, sha256: str, holders: Sequence[Record | None]) -> Shared:
        """Whose they are is told to those only who may read them."""
        seen = [
            each.code
            for each in holders
            if each is not None and self.policy.may(actor, "record.read", self.archive.target(each))
        ]
        return Shared(sha256, tuple(sorted(seen)), len(holders) - len(seen))

    def _held(self, record_id: UUID, digests: set[str]) -> tuple[Record | None, set[str]]:
        """A record, and which of the files it still names; all of them where it was tampered with."""
        try:
            record = self.archive.find(str(record_id))
        except JianzhengError:
            return None, digests
        return record, (digests & record.digests) - record.destroyed.keys()

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
