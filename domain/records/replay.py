"""Folding a record's events into what it is: `replay` refuses a history that its rules could not have made.

`domain.records.record` says what may be done next; here the same rules are asked of what is said to have been done,
also of a stream of which states were erased.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from domain.records import erasure
from domain.records.acts import ABOUT_ERASURE, ACT, STATUSES, WHEN
from domain.records.events import (
    ErasureProposed,
    ErasureRejected,
    RecordErased,
    RecordEvent,
    RecordFiled,
    Tombstone,
)
from domain.records.record import Record, Version
from domain.records.refusals import HistoryImpossible


def replay(events: Iterable[RecordEvent]) -> Record | None:
    """Fold a stream; None for an empty one. Raises `HistoryImpossible` where the rules could not have made it."""
    history = list(events)
    if any(isinstance(event, Tombstone) for event in history):
        return _replay_erased(history)
    record: Record | None = None
    for event in history:
        if record is None:
            if not isinstance(event, RecordFiled) or event.originator_version != 1:
                raise HistoryImpossible(
                    version=event.originator_version,
                    why_zh="记录不是从存证开始的",
                    why_en="it does not begin with a filing",
                )
            record = Record.begin(event)
            continue
        if event.originator_version != record.revision + 1 or isinstance(event, RecordFiled):
            raise HistoryImpossible(
                version=event.originator_version, why_zh="它前面缺了事件，或重复存证", why_en="the history has a hole"
            )
        if record.status not in WHEN.get(type(event), frozenset()):
            status = STATUSES[record.status]
            raise HistoryImpossible(
                version=event.originator_version,
                why_zh=f"记录{status.zh}时不能{ACT[type(event)].zh if type(event) in ACT else '这样做'}",
                why_en=f"it cannot follow while the record is {status.en}",
            )
        _require_orderly(record, event)
        record.apply(event)
    return record


def _replay_erased(history: Sequence[RecordEvent]) -> Record:
    """A stream of which states were erased: it must end with the event that names them, all and only those."""
    last = history[-1]
    lost = next(event.originator_version for event in history if isinstance(event, Tombstone))
    if not isinstance(last, RecordErased) or not last.events:
        raise HistoryImpossible(
            version=lost, why_zh="它的内容被抹去，而没有相应的销毁", why_en="its state is gone, and no erasure names it"
        )
    named = erasure.named(last)
    record = Record(
        last.originator_id, last.code, last.organisation, "filed", "", "", False, 0,
        [Version(1, 0, erasure.stub_content(last), (), ())],
    )  # fmt: skip
    for number, event in enumerate(history, start=1):
        if event.originator_version != number:
            raise HistoryImpossible(version=number, why_zh="它前面缺了事件", why_en="the history has a hole")
        if isinstance(event, ErasureProposed | ErasureRejected | RecordErased):
            _require_orderly(record, event)
            record.apply(event)
            continue
        state = named.pop(number, None)
        if state is None or (isinstance(event, Tombstone) and (event.by, event.state) != (len(history), state)):
            raise HistoryImpossible(
                version=number, why_zh="销毁的事件没有列出它", why_en="the erasure does not name it with this digest"
            )
    if named:
        raise HistoryImpossible(
            version=last.originator_version, why_zh="它列出了没有的事件", why_en="it names events that are not there"
        )
    return record


def _require_orderly(record: Record, event: RecordEvent) -> None:
    """Proposals are decided one at a time, and an erasure follows one, of this very record."""
    if isinstance(event, ErasureProposed):
        sound = record.proposal is None
    elif isinstance(event, ErasureRejected):
        sound = record.proposal is not None
    elif isinstance(event, RecordErased):
        sound = erasure.follows(event, record.proposal) and event.code == record.code
        sound = sound and (event.organisation, event.family) == (record.organisation, record.content["family"])
        written = {act.revision for act in record.history if act.name not in ABOUT_ERASURE}
        sound = sound and (not written or not event.events or written == erasure.named(event).keys())
    else:
        return
    if not sound:
        raise HistoryImpossible(
            version=event.originator_version,
            why_zh="销毁没有经过另一人提请，或重复提请",
            why_en="an erasure needs a proposal by another account, and one at a time",
        )
