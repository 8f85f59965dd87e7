"""Every report that was issued, folded again: it must come out as it was issued, under the root that it names.

Each is by itself, so that the processes of a crew share them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol

from adapters.figures.index import FiguresTables
from domain.errors import IntegrityFault, JianzhengError
from domain.ports.ledger import Leaf
from domain.reports.events import ReportIssued
from domain.reports.reporting import RECORD_ERASED, Remark
from operations.verify.crew import Crew, Start
from operations.verify.findings import Class, Progress, Verification

SPAWN = 16
"""Below this number of reports starting processes from nothing costs more than it saves."""


class Folds(Protocol):
    """Makes reports once more, for one thread at a time."""

    @property
    def figures(self) -> FiguresTables:
        """What it makes them from."""
        ...

    def issued(self, index: int) -> tuple[Leaf, ReportIssued] | None:
        """The report that was issued at a leaf; None for a leaf that is none's."""
        ...

    def objection(self, event: ReportIssued) -> Remark | None:
        """What speaks against it. Raises what `Reporting.objection` does."""
        ...

    def close(self) -> None:
        """Nothing is asked afterwards."""
        ...


class FoldsPlace(Protocol):
    """Goes to worker processes."""

    def open(self, figures: Path | None) -> Folds:
        """``figures`` is the file of an index that was made anew; None for the archive's own."""
        ...


class Said(NamedTuple):
    """Of one report: a finding, or a remark where there is no class."""

    klass: Class | None
    zh: str
    en: str
    event: str
    leaf: int


def check_issued(
    result: Verification,
    place: FoldsPlace,
    figures: Path | None,
    leaves: Sequence[int],
    start: Start | None,
    progress: Progress,
) -> None:
    """``leaves`` are those of all issued reports, ascending. Raises faults of the stored events and of the ledger."""
    if len(leaves) < (SPAWN if start == "spawn" else 2):
        start = None
    with Crew(partial(place.open, figures), start) as crew:
        for number, said in enumerate(crew.map(_check_one, leaves), 1):
            if said is not None:
                _add(result, said)
            progress("issued", number, len(leaves))


def _check_one(folds: Folds, index: int) -> Said | None:
    issued = folds.issued(index)
    if issued is None:
        return None
    leaf, event = issued
    address = f"{leaf.id}/{leaf.version}"
    zh, en = f"{event.organisation} {event.year} 年年报", f"the report of {event.organisation} for {event.year}"
    try:
        wrong = folds.objection(event)
    except IntegrityFault:
        raise
    except JianzhengError as error:
        why = [error.message(lang) for lang in ("zh", "en")]
        return Said(None, f"{zh}没有核对：{why[0]}", f"{en} was not checked: {why[1]}", address, index)
    if wrong is None:
        return None
    klass: Class | None = "forked" if wrong.code == "root_differs" else "stale"
    if wrong.code == RECORD_ERASED:
        klass = None
    return Said(klass, f"已签发的 {zh}：{wrong.zh}", f"Issued, {en}: {wrong.en}", address, index)


def _add(result: Verification, said: Said) -> None:
    if said.klass is None:
        result.remark(said.zh, said.en)
    else:
        result.add(said.klass, "report", said.zh, said.en, event=said.event, leaf_index=said.leaf, record=None)
