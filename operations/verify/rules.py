"""Every stream replayed by the domain's rules: an event that they could not have produced is unauthorised."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any
from uuid import UUID

from adapters.events.rows import ID_SIZE
from adapters.evidence.questions import EventEvidence, LedgerEvidence
from domain.ports.events import StoredRow
from operations.verify.events import Describe
from operations.verify.findings import Progress, Refusal, Verification

Replay = Callable[[Sequence[StoredRow]], Refusal | None]
"""All events of one stream, each of them sound → why the domain's rules could not have produced them."""


@dataclass(frozen=True)
class LeafPlaces:
    """Where the events of each stream are: the ledger's table of leaves says so, but for the streams ``misled`` (32
    hexadecimal digits → the position of the last such event), of which a row of that table is not the true one; those
    are asked of the event store."""

    events: EventEvidence
    ledger: LedgerEvidence
    size: int
    end: int  # the position of the last leaf's event
    misled: Mapping[str, int] = field(default_factory=dict)

    def streams(self, spoilt: Collection[str]) -> Iterator[tuple[UUID, list[StoredRow]]]:
        """Each stream with its events by version, but for those ``spoilt`` and those of which not all can be had."""
        for key, some in groupby(self.ledger.by_event(self.size), key=lambda leaf: leaf[0]):
            group = list(some)
            if type(key) is not bytes or len(key) != ID_SIZE or key.hex() in self.misled:
                continue
            stream = UUID(bytes=key)
            if str(stream) in spoilt:
                continue
            rows = self.events.rows_at([leaf[2] for leaf in group])
            if len(rows) == len(group) and all(row.id == stream.hex for row in rows):
                # The events are sound; the order of the table's rows may not be.
                rows.sort(key=lambda row: int(row.version))
                yield stream, [StoredRow(row.position, stream, row.version, row.topic, row.state) for row in rows]
        for name, last in sorted(self.misled.items()):
            stream = UUID(name)
            if str(stream) not in spoilt:
                stored = self.events.stream(name, max(last, self.end))
                yield stream, [StoredRow(row[0], stream, *row[1:]) for row in stored]

    def leaf(self, stream: UUID, version: int) -> Any:
        return next((leaf[2] for leaf in self.ledger.of_stream(stream) if leaf[0] == version), None)


def check_rules(
    result: Verification, replay: Replay, describe: Describe, places: LeafPlaces, progress: Progress
) -> None:
    """Streams with a finding already are left out: there is nothing to be learnt from replaying a forgery."""
    spoilt = {finding.event.partition("/")[0] for finding in result.findings if finding.event}
    done = 0
    for stream, rows in places.streams(spoilt):
        done += len(rows)
        refusal = replay(rows)
        if refusal is not None:
            record = describe(stream)
            name = f"{stream}/{refusal.version}"
            result.add(
                "unauthorised",
                "event",
                f"{record or ''} {name}：{refusal.zh}。".lstrip(),
                f"{record or ''} {name}: {refusal.en}.".lstrip(),
                record=record,
                event=name,
                leaf_index=places.leaf(stream, refusal.version),
            )
        progress("rules", done, places.size)
