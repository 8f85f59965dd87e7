"""The use cases: what people do with the archive, each as one method that asks the policy, decides, and stores.

An `Archive` holds ports only; `adapters.home.house` puts a real one together. Every method takes the actor first.
Nothing is acknowledged before the files *and* the events are durable: files are committed first, then the events
of one act are appended in one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta, tzinfo
from typing import Any
from uuid import UUID

from domain import days
from domain.access import Action, Actor, Target
from domain.errors import Conflict, InputError, InvalidRecord, NotFound, VersionConflict
from domain.event import Stamp
from domain.files import FileEntry
from domain.organisations.directory import Directory
from domain.organisations.policy import Policy
from domain.ports.blobs import BlobStore, StagedFile
from domain.ports.events import EventStore
from domain.ports.surroundings import Clock, Entropy
from domain.records import codes, content
from domain.records.content import Checked
from domain.records.erasure import RecordIsErased
from domain.records.events import RecordEvent, RecordFiled
from domain.records.families import FILE_ROLES, family
from domain.records.record import Record, file_record
from domain.records.replay import replay

LATE_AFTER_WORKING_DAYS = 10
"""A record filed more working days than this after it happened is shown as filed late 补录."""


class IdempotencyMismatch(Conflict):
    code = "idempotency_mismatch"
    http_status = 422
    zh = "同一个重试键已经用于另一条内容不同的记录。"
    en = "This idempotency key was used for a record with other contents."
    next_zh = "请换一个新的键。"
    next_en = "Use a new key."


class ReasonMissing(InputError):
    code = "reason_missing"
    zh = "请写明原因。"
    en = "A reason is required."

    def __init__(self, field: str = "reason") -> None:
        super().__init__(field=field)


@dataclass(frozen=True)
class IncomingFile:
    """A file that comes with an act: its bytes wait in staging."""

    name: str
    staged: StagedFile
    media_type: str
    role: str = "other"

    def entry(self) -> FileEntry:
        """What events tell of it."""
        return FileEntry(self.name, self.staged.sha256, self.staged.size, self.media_type, self.role)


@dataclass(frozen=True)
class Outcome:
    """What an act on a record came to. ``changed`` is False where it had been done before."""

    record: Record
    changed: bool


class Archive:
    def __init__(
        self,
        *,
        events: EventStore,
        blobs: BlobStore,
        directory: Callable[[], Directory],
        clock: Clock,
        entropy: Entropy,
        zone: tzinfo,
        late_after: int = LATE_AFTER_WORKING_DAYS,
    ) -> None:
        self.events = events
        self.blobs = blobs
        self.directory = directory
        self.clock = clock
        self.entropy = entropy
        self.zone = zone
        self.late_after = late_after
        self.policy = Policy(directory, self.today)

    # ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────

    def today(self) -> date:
        """The date in the archive's zone."""
        return self.clock().astimezone(self.zone).date()

    def find(self, reference: str) -> Record:
        """The record of an archival code or an id, for the archive's own use: no policy is asked."""
        parsed = codes.parse(reference)
        if parsed is not None:
            organisation, year, number = parsed
            entry = self.events.stream(codes.register_id(organisation, year), after=number - 1, limit=1)
            if entry and isinstance(entry[0], codes.Entered):
                return self._load(UUID(entry[0].record), reference)
            raise NotFound("记录", "record", reference)
        try:
            record_id = UUID(reference)
        except ValueError:
            raise NotFound("记录", "record", reference) from None
        return self._load(record_id, reference)

    def read(self, actor: Actor, reference: str) -> Record:
        """The record, if the actor may see it; one that may not be seen is as good as absent to outsiders."""
        parsed = codes.parse(reference)
        if parsed is not None:  # asked before looking: codes can be counted through, so the answer must not tell
            self.policy.require_in(actor, "record.read", parsed[0])
        try:
            record = self.find(reference)
        except NotFound:
            self.policy.require_somewhere(actor, "record.read")
            raise
        self.policy.require(actor, "record.read", self.target(record))
        return record

    def target(self, record: Record) -> Target:
        """What the policy needs to know of it, by the directory as it is now."""
        return record_target(record, self.directory())

    # ── filing ──────────────────────────────────────────────────────────────────────────────────────────────────

    def check(self, organisation: str, raw: dict[str, Any], roles: Iterable[str] = ()) -> Checked:
        """Read and check ``raw`` as filing would, with people linked; stores nothing."""
        checked = content.check(raw, zone=self.zone, today=self.today(), file_roles=list(roles))
        if checked.problems:
            return checked
        self._link_people(checked, organisation)
        return replace(checked, gaps=content.find_gaps(checked.content, roles))

    def file(
        self,
        actor: Actor,
        raw: dict[str, Any],
        files: Sequence[IncomingFile] = (),
        *,
        record_id: UUID | None = None,
    ) -> Outcome:
        """File a record with its files. The same ``record_id`` again files nothing twice."""
        organisation = str(raw.get("organisation") or "").strip()
        directory = self.directory()
        if not organisation:
            raise InvalidRecord("没有填单位（organisation）", "the organisation is missing", field="organisation")
        directory.organisation(organisation)
        self.policy.require_in(actor, "record.file", organisation)
        checked = self.check(organisation, raw, [f.role for f in files])
        if checked.problems:
            raise refused(checked)
        for file in files:
            _check_file(file.entry())

        new_id = record_id or self.entropy.uuid()
        existing = self._loaded(new_id)
        if existing is not None:
            return self._repeated(existing, organisation, checked, files)
        with self._keeping(files):
            return self._file_once(actor, organisation, checked, files, new_id)

    def _file_once(
        self, actor: Actor, organisation: str, checked: Checked, files: Sequence[IncomingFile], new_id: UUID
    ) -> Outcome:
        stamp = self._stamp(actor)
        happened = date.fromisoformat(content.occurred_on(checked.content))
        late = working_days(happened, self.today()) > self.late_after and checked.content["family"] != "paper"
        entries = [f.entry() for f in files]

        def decide(last: int) -> tuple[RecordFiled, codes.Entered]:
            code, entered = codes.enter(organisation, happened.year, new_id, last, stamp)
            return file_record(new_id, code, organisation, checked, entries, late, stamp), entered

        try:
            filed, _ = self.events.append_next(codes.register_id(organisation, happened.year), decide)
        except VersionConflict:
            existing = self._loaded(new_id)  # the same filing, where another process was quicker
            if existing is None:
                raise
            return self._repeated(existing, organisation, checked, files)
        return Outcome(Record.begin(filed), True)

    def attach(self, actor: Actor, reference: str, files: Sequence[IncomingFile]) -> Outcome:
        """Add files; nothing changes where all are there already. Raises `NotAllowed`, `NotFound`, `ActNotPossible`,
        `InvalidRecord` for a name or role that cannot be, `FileNameTaken`, `FileErased`, and what `StagedFile.commit`
        raises.
        """
        record = self._for_act(actor, reference, "record.attach")
        entries = [f.entry() for f in files]
        for entry in entries:
            _check_file(entry)
        roles = [f.role for f in (*record.files, *entries)]
        gaps = [gap.as_json() for gap in content.find_gaps(record.content, roles)]
        event = record.attach(entries, gaps, self._stamp(actor))
        with self._keeping(files if event is not None else ()):
            return self._did(record, event)

    def correct(
        self, actor: Actor, reference: str, raw: dict[str, Any], reason: str, files: Sequence[IncomingFile] = ()
    ) -> Outcome:
        """Put a new version beside the old one. ``raw`` is the whole content; files stay and ``files`` are added."""
        record = self._for_act(actor, reference, "record.correct")
        said = str(raw.get("organisation") or record.organisation)
        if said != record.organisation:
            raise InvalidRecord(
                f"更正不能把记录从 {record.organisation} 移到 {said}",
                f"a correction cannot move the record from {record.organisation} to {said}",
                field="organisation",
            )
        _say(reason)
        entries = [f.entry() for f in files]
        for entry in entries:
            _check_file(entry)
        listed = {f.name: f for f in record.files}
        listed.update({f.name: f for f in entries})
        checked = self.check(record.organisation, raw, [f.role for f in listed.values()])
        if checked.problems:
            raise refused(checked)
        event = record.correct(checked, listed.values(), reason.strip(), self._stamp(actor))
        with self._keeping(files if event is not None else ()):
            return self._did(record, event)

    def sign_off(self, actor: Actor, reference: str, remark: str = "") -> Outcome:
        """Raises `NotAllowed`, `NotFound`, `ActNotPossible`."""
        record = self._for_act(actor, reference, "record.sign_off")
        return self._did(record, record.sign_off(remark.strip(), self._stamp(actor)))

    def send_back(self, actor: Actor, reference: str, reason: str) -> Outcome:
        """``reason``: what is to be put right. Raises `NotAllowed`, `NotFound`, `ReasonMissing`, `ActNotPossible`."""
        record = self._for_act(actor, reference, "record.return")
        _say(reason)
        return self._did(record, record.send_back(reason.strip(), self._stamp(actor)))

    def withdraw(self, actor: Actor, reference: str, reason: str) -> Outcome:
        """It stays readable as withdrawn. Raises `NotAllowed`, `NotFound`, `ReasonMissing`, `ActNotPossible`."""
        record = self._for_act(actor, reference, "record.withdraw")
        _say(reason)
        return self._did(record, record.withdraw(reason.strip(), self._stamp(actor)))

    def note_progress(self, actor: Actor, reference: str, note: str, on: str | None = None) -> Outcome:
        """Of a rectification item. ``on``: YYYY-MM-DD, today where none is given. Raises `NotAllowed`, `NotFound`,
        `ReasonMissing`, `BadDate`, `ActNotPossible`, `NotAnItem`, `ItemIsClosed`.
        """
        record = self._for_act(actor, reference, "item.progress")
        _say(note, "note")
        return self._did(record, record.note_progress(self._day(on), note.strip(), self._stamp(actor)))

    def close_item(
        self, actor: Actor, reference: str, note: str, evidence: Iterable[str] = (), on: str | None = None
    ) -> Outcome:
        """``evidence``: references of records that show it was done, which the actor may read. ``on`` and the errors
        are those of `note_progress`.
        """
        record = self._for_act(actor, reference, "item.close")
        _say(note, "note")
        proofs = [self.read(actor, code).code for code in evidence]
        return self._did(record, record.close_item(self._day(on), note.strip(), proofs, self._stamp(actor)))

    # ── inside ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _load(self, record_id: UUID, reference: str) -> Record:
        record = self._loaded(record_id)
        if record is None:
            raise NotFound("记录", "record", reference)
        return record

    def _loaded(self, record_id: UUID) -> Record | None:
        return replay(e for e in self.events.stream(record_id) if isinstance(e, RecordEvent))

    @contextmanager
    def _keeping(self, files: Sequence[IncomingFile]) -> Iterator[None]:
        """Keep the files, then run the block that appends the event naming them."""
        if not files:
            yield
            return
        with self.blobs.pending([file.staged.sha256 for file in files]):
            for file in files:
                file.staged.commit()
            yield

    def _for_act(self, actor: Actor, reference: str, action: Action) -> Record:
        record = self.read(actor, reference)
        self.policy.require(actor, action, self.target(record))
        return record

    def _did(self, record: Record, event: RecordEvent | None) -> Outcome:
        if event is None:
            return Outcome(record, False)
        self.events.append([event])
        record.apply(event)
        return Outcome(record, True)

    def _stamp(self, actor: Actor) -> Stamp:
        return Stamp(actor.username, self.clock(), self.entropy.salt)

    def _day(self, on: str | None) -> str:
        """Today where none is given. Raises `BadDate`."""
        return days.day(on, "on") if on is not None and on.strip() else self.today().isoformat()

    def _link_people(self, checked: Checked, organisation: str) -> None:
        directory, day = self.directory(), content.occurred_on(checked.content)
        for _, person in content.people(checked.content):
            code = directory.resolve(person["name"], organisation, day)
            if code is not None:
                person["name"], person["person"] = directory.people[code].name, code

    @staticmethod
    def _repeated(existing: Record, organisation: str, checked: Checked, files: Sequence[IncomingFile]) -> Outcome:
        """A retry is answered as the first time, if it says the same as the first time."""
        if existing.erased is not None:
            raise RecordIsErased(record=existing.code, revision=existing.erased.originator_version)
        first = existing.versions[0]
        same_files = sorted(f.sha256 for f in first.files) == sorted(f.staged.sha256 for f in files)
        if (
            existing.organisation != organisation
            or first.content["title"] != checked.content["title"]
            or not same_files
        ):
            raise IdempotencyMismatch
        return Outcome(existing, False)


def record_target(record: Record, directory: Directory) -> Target:
    """What the policy needs to know of a record."""
    kind = family(record.content["family"])
    people = (record.content.get(key, {}).get("person") for key in ("author", "reviewer"))
    return Target(
        path=directory.path(record.organisation),
        confidential=kind is not None and kind.confidential,
        readers=tuple(code for code in people if code),
        filed_by=record.filed_by,
    )


def refused(checked: Checked) -> InvalidRecord:
    """The error of a record with problems: the first one speaks, ``params['problems']`` holds them all."""
    first = checked.problems[0]
    error = InvalidRecord(first.zh, first.en, field=first.field)
    error.params["problems"] = checked.problems
    return error


def working_days(start: date, end: date) -> int:
    """Mondays to Fridays after ``start`` up to and including ``end``; 0 where ``end`` is not later."""
    if end <= start:
        return 0
    weeks, rest = divmod((end - start).days, 7)
    return weeks * 5 + sum((start + timedelta(days=n)).weekday() < 5 for n in range(1, rest + 1))


def _say(reason: str, field: str = "reason") -> None:
    if not reason.strip():
        raise ReasonMissing(field)


def _check_file(entry: FileEntry) -> None:
    """A name is a name: no folders, no control characters; a role is one of `FILE_ROLES`."""
    name = entry.name
    bad = not name.strip() or name in {".", ".."} or len(name) > 255 or any(c in "/\\" or c < " " for c in name)
    if bad:
        raise InvalidRecord(
            f"文件名“{name[:60]}”不能用：不能为空、不能含目录或控制字符、不超过 255 字",
            f"“{name[:60]}” is no file name: not empty, no folders, no control characters, at most 255 characters",
            field="files",
        )
    if entry.role not in {role.key for role in FILE_ROLES}:
        accepted = "、".join(f"{r.zh}（{r.key}）" for r in FILE_ROLES)
        raise InvalidRecord(
            f"文件没有“{entry.role}”这个角色；可用的有：{accepted}",
            f"there is no file role “{entry.role}”; accepted: {', '.join(r.key for r in FILE_ROLES)}",
            field=f"files.{name}.role",
        )
