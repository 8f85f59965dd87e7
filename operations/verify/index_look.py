"""A second look at the records of which index and events differ: what is found now, with nobody writing, is a finding.

While both sides were read, records were filed, and texts of files came. So a record is judged by what the index holds
of it at one moment, and by the events up to the size that the index claims at that moment. A file whose text is on its
way may be in the index with its words or without; and where a text is not kept any more (texts can be deleted: they are
made again when they are wanted), only what the record says itself is compared.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from adapters.evidence.questions import IndexEntry, IndexPlace
from domain.ports.search import SearchDocument
from operations.verify.due import DocumentsPlace, LeafRow, Made, paired
from operations.verify.events import Describe
from operations.verify.findings import Verification
from operations.verify.index_sides import Comparer

TRIES = 3
PAUSE = 0.5
"""Seconds before another look, where somebody may be in the midst of writing."""

LONGEST = 100
"""Characters that are shown of a name which is none of ours."""

OF_A_FILE = "file:"

RecordFile = tuple[str, str]
"""A record's id and the digest of a file of it."""

Names = Mapping[str, frozenset[str]]
"""By the beginning of the names: a record's id, where it is ours."""


@dataclass(frozen=True)
class Searched:
    """The search index of an archive, and what is needed to tell what it should hold."""

    place: IndexPlace
    documents: Callable[[], DocumentsPlace]
    waiting: Callable[[Collection[str]], Collection[RecordFile]]  # of these records, files whose text it may lack
    aside: Callable[[], Collection[str]]  # records that could not be taken in, and will be tried again
    alone: Callable[[], AbstractContextManager[object]]  # nobody writes to it meanwhile, as far as that can be had


class Wrong(NamedTuple):
    """An entry that is not as it should be. ``due`` is what it should be, None where there should be none."""

    name: str
    held: bool
    due: IndexEntry | None


@dataclass
class Look:
    """Adds findings; counts what it cannot judge."""

    comparer: Comparer
    searched: Searched
    describe: Describe
    textless: int = field(default=0, init=False)
    aside: int = field(default=0, init=False)

    def again(self, result: Verification, names: Names) -> None:
        wrong: dict[str, list[Wrong]] = {}
        for attempt in range(TRIES):
            if attempt:
                time.sleep(PAUSE)
            with self.searched.alone():
                wrong = self._wrong(names)
            names = {record: names[record] for record in wrong}
            if not wrong:
                return
        aside = self.searched.aside() if wrong else ()
        for record, some in wrong.items():
            if record in aside:
                self.aside += 1
                continue
            for each in some:
                self._finding(result, record, each)

    def remark(self, result: Verification) -> None:
        if self.aside:
            result.remark(
                f"有 {self.aside} 条记录没能编入检索索引，搁置着，会再试；索引里与它们有关的条目没有核对。",
                f"{self.aside} records could not be taken into the search index and will be tried again; what it holds"
                " of them was not checked.",
            )
        if self.textless:
            result.remark(
                f"有 {self.textless} 条记录的附件文字没有留存，检索索引里这些附件的文字没有核对。",
                f"The texts of files of {self.textless} records are not kept; what the search index holds of them was"
                " not checked.",
            )

    def _wrong(self, names: Names) -> dict[str, list[Wrong]]:
        """The entries of these records that are not as they should be, at this moment."""
        index, documents = self.comparer.index, self.comparer.documents
        records = [record for record in names if _is_id(record)]
        waiting = set(self.searched.waiting(records))  # what is not among them any more is in the index by now
        index.renew()
        position = index.position()
        filed, unsound = self._filed(records, self.comparer.ledger.size() if position is None else position)
        complete = {str(stream): made for stream, made in documents.of(filed)}
        waiting |= set(self.searched.waiting(records))
        without = {str(stream): made for stream, made in documents.of(filed, waiting)}
        judged = {}
        for record in names:
            nothing = Made(record)  # is due for what has no event
            made, fewer = complete.get(record, nothing), without.get(record, nothing)
            if record not in unsound and made is not None and fewer is not None:
                judged[record] = _Due(made, self._entries(made), self._entries(fewer), names[record])
        held: defaultdict[str, list[IndexEntry]] = defaultdict(list)
        for entry in index.named({name for each in judged.values() for name in each.names()}):
            held[entry.name].append(entry)
        return {record: wrong for record, due in judged.items() if (wrong := self._differing(due, held, waiting))}

    def _filed(self, records: Iterable[str], position: int) -> tuple[list[tuple[UUID, list[LeafRow]]], set[str]]:
        """The events of those that have any by that size, and those of which they are not sound."""
        filed, unsound = [], set()
        for record in records:
            stream = UUID(record)
            leaves = [leaf for leaf in self.comparer.ledger.of_stream(stream) if leaf[2] < position]
            end = max((leaf[1] for leaf in leaves), default=0)
            rows = [(row[1], row[0], *row[2:]) for row in self.comparer.events.stream(stream.hex, end)]
            pairs = paired(stream, rows, leaves)
            if pairs is None or self.comparer.is_spoilt(stream, pairs):
                unsound.add(record)
            elif pairs:
                filed.append((stream, pairs))
        return filed, unsound

    def _entries(self, made: Made) -> dict[str, IndexEntry]:
        return {entry.name: entry for entry in self.comparer.index.due(made.documents)}

    def _differing(self, due: _Due, held: Mapping[str, list[IndexEntry]], waiting: set[RecordFile]) -> list[Wrong]:
        wrong = [
            [
                Wrong(name, bool(held.get(name)), entries.get(name))
                for name in sorted(due.names())
                if [each.content for each in held.get(name, ())] != _contents(entries.get(name))
            ]
            for entries in (due.complete, due.fewer)
        ]
        if not all(wrong):
            return []
        lost = due.made.unknown - {sha256 for record, sha256 in waiting if record == due.made.record}
        if not lost:
            return wrong[0]
        own = [each for each in wrong[0] if not _says_the_same(held.get(each.name, ()), each.due)]
        if not own:
            self.textless += 1
        return own

    def _finding(self, result: Verification, record: str, wrong: Wrong) -> None:
        due = wrong.due.documents[0] if wrong.due is not None else None
        known = _is_id(record) and bool(self.comparer.ledger.of_stream(UUID(record)))
        code = self.describe(UUID(record)) if known else None
        event = None if due is None else f"{record}/{due.revision}"
        who, entry = code or event or "", f"{self.comparer.index.name}:{_shown(wrong.name)}"
        if due is None:
            zh, en = f"多出条目 {entry}，没有与之相应的事件", f"{entry} is of no event"
        elif wrong.held:
            zh, en = f"{who} 的条目 {entry} 与事件不符", f"{entry} of {who} is not what its event gives"
        else:
            zh, en = f"缺少 {who} 的条目 {entry}", f"{entry} of {who} is missing"
        result.add(
            "inserted" if due is None else "stale" if wrong.held else "deleted",
            "index",
            f"检索索引里{zh}。",
            f"In the search index {en}.",
            record=code,
            event=event,
            file=entry,
            leaf_index=None if due is None else due.from_leaf,
        )


@dataclass(frozen=True)
class _Due:
    """What the index should hold of a record, with all texts that are kept and without those on their way."""

    made: Made
    complete: Mapping[str, IndexEntry]
    fewer: Mapping[str, IndexEntry]
    doubtful: frozenset[str]

    def names(self) -> set[str]:
        return {*self.doubtful, *self.complete, *self.fewer}


def _contents(entry: IndexEntry | None) -> list[bytes]:
    return [] if entry is None else [entry.content]


def _says_the_same(held: Iterable[IndexEntry], due: IndexEntry | None) -> bool:
    """Whether everything but the texts of files is as it should be."""
    entries = list(held)
    should = [] if due is None else _own(due)
    return all(each.documents for each in entries) and [one for each in entries for one in _own(each)] == should


def _own(entry: IndexEntry) -> list[SearchDocument]:
    return [each for each in entry.documents if not each.source.startswith(OF_A_FILE)]


def _is_id(record: str) -> bool:
    """Whether it is a record's id as we write it."""
    try:
        return str(UUID(record)) == record
    except ValueError:
        return False


def _shown(name: str) -> str:
    return name if len(name) <= LONGEST and name.isprintable() else ascii(name[:LONGEST])
