"""Is one record what was recorded? Its events against the leaves of the ledger, its files against their digests.

For the stamp on a record's page: quick, because it reads one stream and its files only. It takes the ledger's own
table of leaves as it is; whether that is sound is for `operations.verify`, which trusts nothing, to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from domain.ledger.entry import entry
from domain.ledger.tree import leaf_hash
from domain.ports.blobs import BlobStore
from domain.ports.events import StoredRow
from domain.ports.ledger import LedgerReader
from domain.records.record import Record
from operations.verify.findings import Class, Finding


class EventRows(Protocol):
    """What it needs of the event store beside `domain.ports.events.EventStore`."""

    def last_version(self, stream_id: UUID) -> int:
        """As the port's: the highest version in the stream, 0 for an unknown one."""
        ...

    def rows_at(self, positions: Sequence[int]) -> list[StoredRow]:
        """As the port's: those that are there, in the order asked."""
        ...


@dataclass
class RecordCheck:
    """``pending`` events were filed a moment ago and have no leaf yet: they are not wrong, only not checked."""

    versions: int
    events: int = 0
    files: int = 0
    pending: int = 0
    last_leaf: int | None = None
    findings: list[Finding] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.findings


def check_record(record: Record, *, events: EventRows, ledger: LedgerReader, blobs: BlobStore) -> RecordCheck:
    """Reads the record's events and every file that any of its versions names; raises only what the stores raise."""
    result = RecordCheck(versions=record.current.number)
    leaves = ledger.leaves_of(record.id)
    rows = {row.position: row for row in events.rows_at([leaf.position for leaf in leaves])}
    klass: Class
    for leaf in leaves:
        row = rows.get(leaf.position)
        if row is None:
            klass, zh, en = "deleted", f"第 {leaf.version} 个事件不在了", f"Event {leaf.version} is gone"
        elif leaf_hash(entry(row.id, row.version, row.topic, row.state)) != leaf.hash:
            klass, zh, en = (
                "altered",
                f"第 {leaf.version} 个事件与账本第 {leaf.index} 条不符",
                f"Event {leaf.version} is not what leaf {leaf.index} of the ledger says",
            )
        else:
            result.events += 1
            continue
        event = f"{record.id}/{leaf.version}"
        result.findings.append(Finding(klass, "event", zh, en, record=record.code, event=event, leaf_index=leaf.index))
    result.pending = max(0, events.last_version(record.id) - len(leaves))
    result.last_leaf = leaves[-1].index if leaves else None
    _check_files(record, blobs, result)
    return result


def _check_files(record: Record, blobs: BlobStore, result: RecordCheck) -> None:
    names = {
        entry.sha256: entry.name
        for version in record.versions
        for entry in version.files
        if entry.sha256 not in record.destroyed
    }
    for file in blobs.fixity(names):
        name = names[file.sha256]
        if file.computed == file.sha256:
            result.files += 1
        else:
            klass: Class = "deleted" if file.size is None else "altered"
            zh, en = _SAID[klass]
            said = Finding(klass, "file", zh.format(name), en.format(name), record=record.code, file=name)
            result.findings.append(said)


_SAID = {
    "deleted": ("文件“{}”不在库中", "The file “{}” is not in the store"),
    "altered": ("文件“{}”的内容与存证时不同", "The file “{}” is not what was filed"),
}
