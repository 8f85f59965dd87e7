"""Where the ledger's batches end, and its table of batches.

A batch ends where a checkpoint was signed. Three rows tell each such place: the batch that ends there, the next one,
which begins there, and the checkpoint that is kept; for the last one the number of leaves stands in for the next batch.
What two of them say is true, so that a row that was altered, deleted or inserted is told from its neighbours.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from adapters.evidence.questions import LedgerEvidence
from operations.verify.findings import Class, Verification

WITNESSES = 2


def batch_ends(ledger: LedgerEvidence) -> list[int]:
    """The sizes at which batches end, ascending."""
    told: Counter[Any] = Counter([ledger.size()])
    told.update(size for size, _ in ledger.checkpoints())
    for first, size, _ in ledger.batches():
        told.update((first, size))
    return sorted(each for each, count in told.items() if type(each) is int and each > 0 and count >= WITNESSES)


def check_batches(
    result: Verification, ledger: LedgerEvidence, ends: Sequence[int], size: int, lost: int, in_table: int
) -> None:
    """Batches follow each other without a gap, their times never go back."""
    rows = ledger.batches()
    left = {first: (end, time) for first, end, time in rows}
    late, all_ends = _out_of_order(rows), frozenset(ends)
    for first, end in pairwise([0, *ends]):
        row = left.pop(first, None)
        if row is None:
            moved = next((each for each, (to, _) in left.items() if to == end and each not in all_ends), None)
            if moved is None:
                _finding(result, ledger, "deleted", first, "不见了", "is missing")
            else:
                del left[moved]
                _finding(result, ledger, "altered", moved, "被改动", "was altered")
        elif row[0] != end or first in late:
            _finding(result, ledger, "altered", first, "被改动", "was altered")
    for first in left:
        _finding(result, ledger, "inserted", first, "是外来的", "does not belong there")
    end = max(ends, default=0)
    if end < min(size, lost):
        result.add(
            "deleted",
            "ledger",
            f"账本批次记到 {end} 条，应到 {min(size, lost)} 条。",
            f"The ledger's batches end at {end} leaves instead of {min(size, lost)}.",
            file=f"{ledger.name}:batches",
        )
    elif end > max(size, in_table):
        result.add(
            "inserted",
            "ledger",
            f"账本批次记到 {end} 条，多于实有的 {max(size, in_table)} 条。",
            f"The ledger's batches end at {end} leaves, more than the {max(size, in_table)} there are.",
            file=f"{ledger.name}:batches",
        )


def _out_of_order(rows: Sequence[tuple[Any, Any, Any]]) -> set[Any]:
    """The batches whose time is none, or does not fit: as few as possible, so that the others never go back; and the
    later ones where either of two could be meant."""
    times = [(first, time) for first, _, time in rows if type(time) is str]
    tails: list[str] = []  # the earliest time at which a chain of each length can end …
    chains: list[list[int]] = []  # … and the batches that end the longest chain up to them, by its length
    for number, (_, time) in enumerate(times):
        length = bisect_right(tails, time)
        if length == len(tails):
            tails.append(time)
            chains.append([])
        tails[length] = time
        chains[length].append(number)
    fitting = set()
    number, latest = len(times), None
    for some in reversed(chains):
        number = next(each for each in some if each < number and (latest is None or times[each][1] <= latest))
        fitting.add(times[number][0])
        latest = times[number][1]
    return {first for first, _, _ in rows} - fitting


def _finding(result: Verification, ledger: LedgerEvidence, klass: Class, first: Any, zh: str, en: str) -> None:
    name = f"{ledger.name}:batches/{first}"
    result.add(klass, "ledger", f"账本批次 {name} {zh}。", f"The ledger's batch {name} {en}.", file=name)
