"""Every stream replayed by the domain's rules: an event that they could not have produced is unauthorised."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from uuid import UUID

from adapters.evidence import EventEvidence, LedgerEvidence
from domain.ports import StoredRow
from indexers.verify.events import Describe
from indexers.verify.findings import Progress, Refusal, Verification

Replay = Callable[[Sequence[StoredRow]], Refusal | None]
"""All events of one stream, each of them sound → why the domain's rules could not have produced them."""


ID_SIZE = 16


def check_rules(
    found: Verification,
    replay: Replay,
    describe: Describe,
    events: EventEvidence,
    ledger: LedgerEvidence,
    size: int,
    progress: Progress,
) -> None:
    """Streams with a finding already are left out: there is nothing to be learnt from replaying a forgery."""
    spoilt = {finding.event.partition("/")[0] for finding in found.findings if finding.event}
    done = 0
    for key, some in groupby(ledger.by_event(size), key=lambda leaf: leaf[0]):
        group = list(some)
        done += len(group)
        if type(key) is not bytes or len(key) != ID_SIZE or str(UUID(bytes=key)) in spoilt:
            continue
        stream = UUID(bytes=key)
        rows = events.rows_at([leaf[2] for leaf in group])
        if len(rows) != len(group) or any(row.id != stream.hex for row in rows):
            continue
        rows.sort(key=lambda row: int(row.version))  # the events are sound; the table's row may not be
        refusal = replay([StoredRow(row.position, stream, row.version, row.topic, row.state) for row in rows])
        if refusal is not None:
            record = describe(stream)
            name = f"{stream}/{refusal.version}"
            found.add(
                "unauthorised",
                "event",
                f"{record or ''} {name}：{refusal.zh}。".lstrip(),
                f"{record or ''} {name}: {refusal.en}.".lstrip(),
                record=record,
                event=name,
                leaf_index=next((leaf[3] for leaf in group if leaf[1] == refusal.version), None),
            )
        progress("rules", done, size)
