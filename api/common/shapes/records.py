"""A record as commands and HTTP show it, and what an act on it came to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

from api.common.shapes.declaring import Json, NotRequired, TypedDict, open_shape, shape
from domain.errors import NotFound, Unavailable
from domain.files import FileEntry
from domain.ports.events import EventStore
from domain.ports.ledger import LedgerReader
from domain.ports.texts import ExtractedText, TextState
from domain.records.content import Checked, occurred_on
from domain.records.erasure import ground_json
from domain.records.events import RecordEvent
from domain.records.gaps import describe
from domain.records.record import Record, Version
from domain.records.replay import replay

if TYPE_CHECKING:
    from adapters.extraction.cache import Texts


@shape
class FieldGap(TypedDict):
    """Something that is not there yet: ``code`` says what kind of thing, ``field`` where."""

    code: str
    field: str


@shape
class GapJson(FieldGap):
    """A gap of a record, with one sentence in each language."""

    zh: str
    en: str


@shape
class FileJson(TypedDict):
    """A file of a record."""

    name: str
    sha256: str
    """In hexadecimal."""
    size: int
    """In bytes."""
    media_type: str
    role: str
    text_status: str
    """How the extraction of its text ended; ``pending`` before that, ``erased`` after the file was, ``unknown`` while
    nobody can say."""
    erased: NotRequired[int]
    """The number of the event that erased the file; there for erased files alone."""


@shape
class ActJson(TypedDict):
    """One event of a record's history."""

    version: int
    event: str
    at: str
    by: str
    leaf_index: int | None
    """Its place in the ledger; null until the ledger has it."""
    reason: str
    revision: int
    """The number of the event in the record's history, from 1."""


@shape
class ItemJson(TypedDict):
    """How a rectification item stands."""

    state: str
    closed_on: str | None


@shape
class ErasureJson(TypedDict):
    """The proposal to erase that stands open, or by what all of the record was erased."""

    state: Literal["open", "erased"]
    basis: str
    """The number of the decision."""
    proposed_by: str
    proposed_at: str | None
    decided_by: str | None
    decided_at: str | None
    revision: int
    digests: list[str]
    """Of the files that are meant; empty for all of the record."""
    ground: str
    ground_zh: str
    ground_en: str


@open_shape
class RecordJson(TypedDict):
    """A record with the content of one version and its history. Beside the keys named here it has those of its form."""

    record: str
    """Its id."""
    code: str
    """The archival code (档号)."""
    version: int
    """Of the content that is shown, from 1."""
    status: str
    organisation: str
    family: str
    form: str
    title: str
    occurred: Json
    """``from`` and, where there is an end, ``to``: each a date or an instant."""
    occurred_on: str
    """The day on which it happened."""
    recorded_at: str
    filed_by: str
    late: bool
    """Filed much later than it occurred (补录)."""
    item: ItemJson | None
    """Where the record is a rectification item."""
    gaps: list[GapJson]
    files: list[FileJson]
    history: list[ActJson]
    as_of: int | None
    """The tree size that was asked for."""
    erasure: ErasureJson | None


@open_shape
class RecordAfterAct(RecordJson):
    """A record after an act on it."""

    changed: bool
    """False where the act had been done before, and nothing was added."""


@shape
class Contradiction(TypedDict):
    """What contradicts the form; ``field`` is a dotted path."""

    field: str
    zh: str
    en: str


@shape
class CheckedJson(TypedDict):
    """What filing would find wrong or missing, and the content as it was read."""

    problems: list[Contradiction]
    gaps: list[FieldGap]
    content: Json


@dataclass(frozen=True)
class RecordShapes:
    """Makes them out of a record and the ports that know the rest of it."""

    ledger: LedgerReader
    events: EventStore
    texts: Texts

    def record(self, record: Record, version: int | None = None, as_of: int | None = None) -> RecordJson:
        """``show``: the record with the content of a version, or as it stood when the ledger had ``as_of`` leaves.

        Raises `NotFound` for a version it does not have, or where it was not there yet.
        """
        leaves = {leaf.version: leaf.index for leaf in self.ledger.leaves_of(record.id)}
        record, state = standing(self.events, self.ledger, record, version, as_of)
        history: list[ActJson] = [
            {
                "version": act.version,
                "event": act.name,
                "at": act.at,
                "by": act.by,
                "leaf_index": leaves.get(act.revision),
                "reason": act.reason,
                "revision": act.revision,
            }
            for act in record.history
        ]
        fields = {
            "record": str(record.id),
            "code": record.code,
            "version": state.number,
            "status": record.status,
            "organisation": record.organisation,
            **state.content,
            "occurred_on": occurred_on(state.content),
            "recorded_at": record.filed_at,
            "filed_by": record.filed_by,
            "late": record.late,
            "item": None if record.item is None else {"state": record.item, "closed_on": record.closed_on},
            "gaps": gaps_json(state),
            "files": self._files(record, state.files),
            "history": history,
            "as_of": as_of,
            "erasure": erasure_of(record),
        }
        return cast(RecordJson, fields)

    def after_act(self, record: Record, changed: bool) -> RecordAfterAct:
        """What an act came to: the record as `record` has it, and whether anything changed."""
        return cast(RecordAfterAct, {**self.record(record), "changed": changed})

    def _files(self, record: Record, entries: Sequence[FileEntry]) -> list[FileJson]:
        """``erased``, the event that did it, stands with erased files alone; others have the keys they ever had."""
        files: list[FileJson] = []
        for entry, text in zip(entries, texts_of(self.texts, record, entries), strict=True):
            by = record.destroyed.get(entry.sha256)
            file: FileJson = {
                "name": entry.name,
                "sha256": entry.sha256,
                "size": entry.size,
                "media_type": entry.media_type,
                "role": entry.role,
                "text_status": "erased" if by is not None else text_status(text),
            }
            if by is not None:
                file["erased"] = by
            files.append(file)
        return files


def erasure_of(record: Record) -> ErasureJson | None:
    """The proposal that stands open, or by what all of the record was erased."""
    said: Json
    if (proposal := record.proposal) is not None:
        said = {"state": "open", "basis": proposal.basis, "proposed_by": proposal.by, "proposed_at": proposal.at,
                "decided_by": None, "decided_at": None, "revision": proposal.revision,
                "digests": list(proposal.digests)}  # fmt: skip
        key = proposal.ground
    elif (erased := record.erased) is not None:
        said = {"state": "erased", "basis": erased.basis, "proposed_by": erased.proposer, "proposed_at": None,
                "decided_by": erased.actor, "decided_at": erased.recorded_at, "revision": erased.originator_version,
                "digests": []}  # fmt: skip
        key = erased.ground
    else:
        return None
    return cast(ErasureJson, {**said, **ground_json(key)})


def standing(
    events: EventStore, ledger: LedgerReader, record: Record, version: int | None = None, as_of: int | None = None
) -> tuple[Record, Version]:
    """The record as it stood, and the version asked for. Raises `NotFound`."""
    if as_of is not None and record.erased is None:  # of an erased one nothing else is left at any time
        leaves = ledger.leaves_of(record.id)
        record = _as_of(events, record, max((leaf.version for leaf in leaves if leaf.index < as_of), default=0))
    state = record.current if version is None else record.version(version)
    if state is None:
        raise NotFound("版本", "version", f"{record.code} v{version}", field="version")
    return record, state


def gaps_json(state: Version) -> list[GapJson]:
    """What is missing of a version, told in both languages."""
    return [
        {
            "code": gap["code"],
            "field": gap["field"],
            "zh": describe(gap, "zh", state.content),
            "en": describe(gap, "en", state.content),
        }
        for gap in state.gaps
    ]


def checked_json(checked: Checked) -> CheckedJson:
    """What filing would say: problems refuse the record, gaps do not."""
    return {
        "problems": [{"field": p.field, "zh": p.zh, "en": p.en} for p in checked.problems],
        "gaps": [{"code": gap.code, "field": gap.field} for gap in checked.gaps],
        "content": checked.content,
    }


def texts_of(texts: Texts, record: Record, entries: Sequence[FileEntry]) -> list[ExtractedText | Unavailable | None]:
    """The text of each file, None where it is not there yet or was erased.

    While the store of texts is away its fault stands for each of them: a record is shown without, and nobody waits once
    for every file.
    """
    extracted: list[ExtractedText | Unavailable | None] = []
    for entry in entries:
        try:
            gone = entry.sha256 in record.destroyed
            extracted.append(None if gone else texts.get(entry.sha256))
        except Unavailable as error:
            return [error] * len(entries)
    return extracted


def text_status(text: ExtractedText | Unavailable | None) -> TextState:
    """``unknown`` while nobody can say."""
    if isinstance(text, Unavailable):
        return "unknown"
    return text.status if text else "pending"


def _as_of(events: EventStore, record: Record, revision: int) -> Record:
    past = [e for e in events.stream(record.id, limit=revision) if isinstance(e, RecordEvent)]
    then = replay(past) if revision else None
    if then is None:
        raise NotFound("当时的记录", "record at that time", record.code, field="as_of")
    then.destroyed = record.destroyed  # whatever was there then is gone now
    return then
