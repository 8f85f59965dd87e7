"""Issued reports and the index that they are made from, against the events.

The index of figures (which events concern which organisation's year) is held against what it should be by events and
ledger (`figures_sides`). Where it is not surely that, it is made once more, in a temporary database, and what differs
is named. Then every report that was issued is folded again from the index that is right (`issued`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple
from uuid import UUID

from adapters.evidence.questions import Evidence
from adapters.figures.index import FiguresIndex, FiguresTables
from domain.errors import DatabaseDamaged, EventUnreadable, IntegrityFault
from domain.ports.events import EventStore
from domain.ports.ledger import Leaf, LedgerReader
from indexers.figures import Figures
from operations.verify.crew import Start
from operations.verify.events import Describe
from operations.verify.figures_sides import figures_agree
from operations.verify.findings import Class, Progress, Verification
from operations.verify.issued import FoldsPlace, check_issued

TRIES = 3
"""An archive that is in use goes on while it is read: what differs is looked at again when the index has moved."""

MOST_NAMED = 1_000
"""Differences that are named one by one."""


class Line(NamedTuple):
    """A row of the index, as both sides are compared by it."""

    table: str  # ``concerned`` or ``issued_reports``
    key: tuple[str | int, ...]  # organisation, year; the digest
    leaf: int

    @property
    def name(self) -> str:
        return "/".join([self.table, *map(str, self.key), str(self.leaf)])


@dataclass(frozen=True)
class Reported:
    """The archive's index of figures, what it is made from, and where reports are made from another one."""

    name: str  # of the database that it lies in
    figures: FiguresTables
    events: EventStore
    ledger: LedgerReader
    folds: FoldsPlace
    aside: Callable[[], Iterable[str]] = frozenset  # streams that the indexer has set aside


def check_reports(
    result: Verification,
    reported: Reported,
    evidence: Evidence,
    describe: Describe,
    start: Start | None,
    progress: Progress,
) -> None:
    """To be called when events and ledger were checked: only sound ones can say what an index should hold."""
    if any(each.subject in ("event", "leaf", "ledger", "database") for each in result.findings):
        result.remark(
            "年报没有核对：存证本身有问题，不能拿来对照。", "Reports were not checked: the events are not sound."
        )
        return
    try:
        size = _size(result, reported)
        if _is_right(reported, evidence, size, start, progress):
            leaves = {leaf for _, leaf in reported.figures.issued_rows() if leaf < size}
            check_issued(result, reported.folds, None, sorted(leaves), start, progress)
            return
        with TemporaryDirectory(prefix="jianzheng-verify-") as folder:
            place = Path(folder) / "figures"
            with closing(FiguresIndex(place)) as anew:
                _compare_rows(result, reported, anew, size, describe, progress)
                leaves = {leaf for _, leaf in anew.issued_rows()}
            check_issued(result, reported.folds, place, sorted(leaves), start, progress)
    except DatabaseDamaged as error:
        zh, en = (error.message(lang) for lang in ("zh", "en"))
        result.add(
            "altered",
            "database",
            f"年报底账读不出：{zh}",
            f"The index of figures cannot be read: {en}",
            file=reported.name,
        )
    except (EventUnreadable, IntegrityFault) as error:
        zh, en = (error.message(lang) for lang in ("zh", "en"))
        result.remark(f"年报没有核对：{zh}", f"Reports were not checked: {en}")


def _size(result: Verification, reported: Reported) -> int:
    """How many leaves the index is to be compared by."""
    size, total = reported.figures.size(), reported.ledger.size()
    if size > total:
        result.add(
            "stale",
            "report",
            f"年报底账说自己编到第 {size} 条，而账本只有 {total} 条。",
            f"The index of figures says that it holds {size} leaves; the ledger has {total}.",
            file=f"{reported.name}:figures_tracking",
        )
        size = total
    elif size < result.tree_size:
        result.remark(
            f"年报底账还差 {result.tree_size - size} 条没有编入，只核对了前 {size} 条。",
            f"The index of figures lacks the last {result.tree_size - size} leaves; it was checked up to {size}.",
        )
    return size


def _is_right(reported: Reported, evidence: Evidence, size: int, start: Start | None, progress: Progress) -> bool:
    with closing(evidence.tables.ledger()) as ledger:
        last = ledger.leaves(size - 1, size)
    return figures_agree(evidence, reported.folds, size, int(last[0][1]) if last else 0, start, progress)


def _compare_rows(
    result: Verification,
    reported: Reported,
    anew: FiguresIndex,
    size: int,
    describe: Describe,
    progress: Progress,
) -> None:
    differences = _differences(reported, anew, size, progress)
    for line, klass in differences.items():
        _name(result, reported, describe, line, klass)
    if len(differences) == MOST_NAMED:
        result.remark(
            f"年报索引的差别太多，只列出 {MOST_NAMED} 处。",
            f"Only {MOST_NAMED} differences of the index of figures are named; there are more.",
        )


def _differences(reported: Reported, anew: FiguresIndex, size: int, progress: Progress) -> dict[Line, Class]:
    """What differs each time that one looks, until the index stands still while it is read."""
    kept: dict[Line, Class] | None = None
    for _ in range(TRIES):
        _make(reported, anew, size, progress)
        now = _compare(reported.figures, anew)
        kept = now if kept is None else {line: klass for line, klass in now.items() if kept.get(line) == klass}
        moved = min(reported.figures.size(), reported.ledger.size())
        if not kept or moved == size:
            break
        size = moved
    return kept or {}


def _make(reported: Reported, anew: FiguresIndex, size: int, progress: Progress) -> None:
    made = Figures(reported.events, _UpTo(reported.ledger, size), anew)
    while made.run_once():
        progress("reports", anew.size(), size)


class _UpTo:
    """`indexers.figures.Leaves` of a ledger that ends at a size."""

    def __init__(self, ledger: LedgerReader, size: int) -> None:
        self._ledger, self._size = ledger, size

    def leaves(self, start: int, limit: int) -> list[Leaf]:
        return self._ledger.leaves(start, min(limit, self._size - start)) if start < self._size else []

    def leaves_of(self, stream_id: UUID) -> list[Leaf]:
        return [leaf for leaf in self._ledger.leaves_of(stream_id) if leaf.index < self._size]


def _lines(index: FiguresTables) -> Iterator[tuple[Line, int]]:
    """Each with what else is said of it: the position in the event store."""
    for row in index.rows():
        yield Line("concerned", (row.organisation, row.year), row.leaf), row.position
    for digest, leaf in index.issued_rows():
        yield Line("issued_reports", (digest,), leaf), 0


def _compare(theirs: FiguresTables, anew: FiguresIndex) -> dict[Line, Class]:
    """Both sides come in one order, so that neither is held in memory."""
    try:
        return _merged(_lines(theirs), _lines(anew))
    except TypeError:  # somebody put words where numbers belong, which have no order among them
        left, right = dict(_lines(theirs)), dict(_lines(anew))
        differing = [line for line in {**left, **right} if left.get(line) != right.get(line)]
        return {line: _klass(line in left, line in right) for line in differing[:MOST_NAMED]}


def _merged(left: Iterator[tuple[Line, int]], right: Iterator[tuple[Line, int]]) -> dict[Line, Class]:
    differences: dict[Line, Class] = {}
    one, other = next(left, None), next(right, None)
    while (one or other) and len(differences) < MOST_NAMED:
        line = min(each[0] for each in (one, other) if each)
        here, there = one is not None and one[0] == line, other is not None and other[0] == line
        if one != other:
            differences[line] = _klass(here, there)
        one = next(left, None) if here else one
        other = next(right, None) if there else other
    return differences


def _klass(here: bool, anew: bool) -> Class:
    return "stale" if here and anew else "inserted" if here else "deleted"


_SAYS: dict[Class, tuple[str, str]] = {
    "inserted": ("多出一条", "has a row too many"),
    "deleted": ("缺少一条", "lacks a row"),
    "stale": ("有一条与事件不符", "has a row that disagrees with the events"),
}


def _name(result: Verification, reported: Reported, describe: Describe, line: Line, klass: Class) -> None:
    leaf = _leaf(reported, line.leaf)
    if leaf is not None and str(leaf.id) in {*reported.aside()}:
        return  # the indexer said so itself
    record = None if leaf is None else describe(leaf.id)
    zh, en = _SAYS[klass]
    what_zh = f"{record or f'第 {line.leaf} 条'}"
    what_en = f"{record or f'leaf {line.leaf}'}"
    if line.table == "concerned":
        where_zh, where_en = f"{line.key[0]} {line.key[1]} 年的年报", f"the report of {line.key[0]} for {line.key[1]}"
    else:
        where_zh, where_en = "已签发年报的名单", "the list of issued reports"
    result.add(
        klass,
        "report",
        f"{where_zh}所用的索引{zh}：{what_zh}。",
        f"The index that {where_en} is made from {en}: {what_en}.",
        record=record,
        event=None if leaf is None or klass == "inserted" else f"{leaf.id}/{leaf.version}",
        file=f"{reported.name}:{line.name}",
        leaf_index=None if leaf is None or klass == "inserted" else leaf.index,
    )


def _leaf(reported: Reported, index: int) -> Leaf | None:
    """None for a leaf that the ledger does not have: a forged row may name any, or hold no number."""
    if type(index) is not int or not 0 <= index < reported.ledger.size():
        return None
    return next(iter(reported.ledger.leaves(index, 1)), None)
