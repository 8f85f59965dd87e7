"""What the search index could not take in, noted at the target too, where the index itself stays where it is.

The index says that it has come past these events; whoever does not know of them would never try them again. What other
views could not take in is met again when they are built at the target.
"""

from __future__ import annotations

from adapters.work.log import MAX_ATTEMPTS, WorkLog
from domain.ports.ledger import LedgerReader
from indexers.loop.quarantine import ALTERED

PART = "search"


def take_over_troubles(source: WorkLog, target: WorkLog, ledger: LedgerReader) -> None:
    """Safe to repeat. What was set aside stays so, until somebody has it tried again. ``ledger`` is the target's."""
    known = target.streams(PART)
    for trouble in source.troubles():
        if trouble.part != PART or trouble.event.stream in known:
            continue
        leaves = ledger.leaves(trouble.event.leaf, 1)
        if not leaves:  # of events behind the copy
            continue
        event = trouble.event._replace(position=leaves[0].position)  # each store counts by its own
        for _ in range(min(trouble.attempts, MAX_ATTEMPTS)):
            target.failed(PART, event, trouble.fault, trouble.last, trouble.not_before)
    for stopped in source.standing():
        if stopped.part == PART + ALTERED:
            target.stopped(stopped.part, stopped.fault, stopped.last)
