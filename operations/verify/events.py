"""The precise pass, third part: every stored event against its leaf, and the ledger's table of leaves.

Events and leaves are merged in the order of positions. What does not fit is kept aside and then explained, the surest
explanation first: an event that lies elsewhere, two that exchanged fields, one that was altered, inserted or deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from adapters.evidence.questions import RawRow
from domain.ledger.entry import EntryFields
from domain.ledger.tiles import WIDTH
from domain.ledger.tombstone import state_digest
from operations.verify.findings import Progress, Verification
from operations.verify.truth import Sources, Truth, row_hash

Describe = Callable[[UUID], str | None]
"""How people call the record (or whatever else) of a stream."""

FIELDS = {"id": "编号", "version": "版本", "topic": "类型", "state": "内容"}


@dataclass
class Aside:
    """What did not fit at first."""

    rows: list[RawRow] = field(default_factory=list)
    leaves: set[int] = field(default_factory=set)
    position: dict[int, Any] = field(default_factory=dict)  # of a leaf set aside, where the table says its event lies
    at: dict[int, int] = field(default_factory=dict)  # position → the leaf that the table puts there


@dataclass
class EventCheck:
    result: Verification
    sources: Sources
    truth: Truth
    describe: Describe
    lost_table: int  # leaves from here on are missing in the table, and that was reported already
    sound: Callable[[str, int, str, bytes], None]
    progress: Progress
    aside: Aside = field(default_factory=Aside)
    unsound: list[RawRow] = field(default_factory=list)
    deleted: list[int] = field(default_factory=list)
    pending: int = 0
    end: int = 0  # the position behind which events are not in the ledger yet
    accused: set[int] = field(default_factory=set)  # leaves whose row in the table is not the true one
    misled: dict[str, int] = field(default_factory=dict)  # streams (32 digits) of sound events that it does not lead to

    def run(self) -> None:
        bad_table = self._check_table()
        self._merge(bad_table)
        self._moved(bad_table)
        self._exchanged()
        self._altered()
        self._left_over()

    # ── the ledger's table of leaves ────────────────────────────────────────────────────────────────────────────

    def _check_table(self) -> set[int]:
        """Reports rows of the table that are not the true leaf; returns the indices of rows whose position is off."""
        wrong: dict[int, bytes] = {}
        off: set[int] = set()
        last = 0
        positions: list[tuple[int, Any]] = []
        for number in range(len(self.truth.hashes)):
            start = number * WIDTH
            for index, leaf in enumerate(self.sources.leaves(number), start):
                true = self.truth.hash(index)
                if leaf is None:
                    if index < self.lost_table:
                        self._leaf("deleted", index, "不见了", "is missing")
                    continue
                positions.append((index, leaf[1]))
                if leaf[4] != true and true is not None:
                    wrong[index] = leaf[4]
                    continue
                fields = self._table_identity_wrong(index, leaf)
                if fields:
                    self._leaf("altered", index, "的编号或版本被改动", "has another id or version")
        owner = {self.truth.hash(index): index for index in wrong}
        for index, value in wrong.items():
            other = owner.get(value)
            if other is not None and wrong[other] == self.truth.hash(index):
                self._leaf("reordered", index, f"与第 {other} 片对调了", f"was exchanged with leaf {other}")
            else:
                self._leaf("altered", index, "的散列值被改动", "has another hash")
        for n, (index, position) in enumerate(positions):
            after = positions[n + 1][1] if n + 1 < len(positions) else None
            if type(position) is not int or position <= last or (type(after) is int and after <= position):
                off.add(index)
            last = position if type(position) is int and position > last else last
        return off

    def _table_identity_wrong(self, index: int, leaf: Any) -> bool:
        """Cheap: ask the bundle only where the event at the place does not confirm id and version."""
        row = self.sources.events.row(leaf[1]) if type(leaf[1]) is int else None
        if row is not None and type(leaf[2]) is bytes and row.id == leaf[2].hex() and row.version == leaf[3]:
            return False
        identity = self.sources.identity(index, self.truth.hash(index))
        return identity is not None and (leaf[2] != identity.id.bytes or leaf[3] != identity.version)

    def _leaf(self, klass: Any, index: int, zh: str, en: str) -> None:
        self.accused.add(index)
        self.result.add(
            klass,
            "leaf",
            f"账本库里第 {index} 片叶{zh}。",
            f"Leaf {index} of the ledger's database {en}.",
            file=f"{self.sources.ledger.name}:leaves/{index}",
            leaf_index=index,
        )

    # ── merging ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _merge(self, off: set[int]) -> None:
        size = self.sources.size
        at: dict[int, int] = {}
        end = 0
        for index, position in self.sources.ledger.positions():
            if index < size and type(position) is int:
                end = max(end, position) if index not in off else end
        leaves, done = self._by_position(), 0
        leaf = next(leaves, None)
        for row in self._rows():
            while leaf is not None and leaf[1] < row.position:
                self._set_aside(leaf)
                leaf = next(leaves, None)
            here, leaf = (leaf, next(leaves, None)) if leaf is not None and leaf[1] == row.position else (None, leaf)
            made = row_hash(row)
            if here is not None and made is not None and made == self.truth.hash(here[0]):
                done += 1
                if here[0] in self.accused:
                    self.misled[row.id] = max(row.position, self.misled.get(row.id, 0))
                self.sound(row.id, row.version, row.topic, row.state)
                continue
            if here is not None:
                self._set_aside(here)
                at[row.position] = here[0]
            self.aside.rows.append(row)
        while leaf is not None:
            self._set_aside(leaf)
            leaf = next(leaves, None)
        known = {index for index in range(size) if index in self.aside.leaves}
        for number in range(len(self.truth.hashes)):
            for index, leaf in enumerate(self.sources.leaves(number), number * WIDTH):
                if leaf is None or type(leaf[1]) is not int:
                    known.add(index)
        self.aside.leaves, self.aside.at = known, at
        self.result.events += done
        self.end = end
        self.progress("ledger", size, size)

    def _by_position(self) -> Iterator[Any]:
        return (leaf for leaf in self.sources.ledger.by_position(self.sources.size) if type(leaf[1]) is int)

    def _rows(self) -> Iterator[RawRow]:
        after = -(2**63)
        while some := self.sources.events.rows(after, 1024):
            yield from (RawRow(*each) for each in some)
            after = some[-1][0]

    def _set_aside(self, leaf: Any) -> None:
        self.aside.leaves.add(leaf[0])
        self.aside.position[leaf[0]] = leaf[1]

    # ── explaining ──────────────────────────────────────────────────────────────────────────────────────────────

    def _moved(self, off: set[int]) -> None:
        """Events that are true leaves but lie elsewhere than the table says."""
        wanted = {self.truth.hash(index): index for index in sorted(self.aside.leaves, reverse=True)}
        rows, self.aside.rows = self.aside.rows, []
        for row in rows:
            index = wanted.get(row_hash(row) or b"-")
            if index is None or index not in self.aside.leaves:
                self.aside.rows.append(row)
                continue
            self.aside.leaves.discard(index)
            self.result.events += 1
            self.sound(row.id, row.version, row.topic, row.state)
            if index in self.accused or index in off or index not in self.aside.position:
                self.misled[row.id] = max(row.position, self.misled.get(row.id, 0))
            if index not in self.aside.position:
                continue  # the table's row is missing or broken, which was reported
            if index in off:
                self._leaf("altered", index, "指向别的事件", "points at another event")
            else:
                here = self.aside.at.get(row.position)
                other = "" if here is None else f"，占了第 {here} 片叶的位置"
                other_en = "" if here is None else f", in the place of leaf {here}"
                self._event(
                    "reordered", index, row, f"事件不在原来的位置{other}", f"the event is not where it was{other_en}"
                )

    def _exchanged(self) -> None:
        """Pairs of events of which each has, in some columns, what the other should have."""
        wrong: dict[int, tuple[RawRow, tuple[str, ...], tuple[Any, ...], tuple[Any, ...]]] = {}
        for row in self.aside.rows:
            index = self.aside.at.get(row.position, -1)
            should = self._identity(index) if index in self.aside.leaves else None
            if should is not None:
                has = _fields(row)
                columns = tuple(name for name in FIELDS if has[name] != should[name])
                wrong[index] = (row, columns, _of(has, columns), _of(should, columns))
        owner = {(columns, should): index for index, (_, columns, _, should) in wrong.items()}
        for index, (row, columns, has_values, should_values) in wrong.items():
            other = owner.get((columns, has_values))
            if other is None or other == index or wrong[other][2] != should_values:
                continue
            self._settle(row, index)
            what_zh, what_en = "、".join(FIELDS[name] for name in columns), ", ".join(columns)
            self._event(
                "reordered",
                index,
                row,
                f"与第 {other} 片叶的事件 {self._name(other)} 对调了{what_zh}",
                f"its {what_en} was exchanged with that of leaf {other}, event {self._name(other)}",
            )

    def _altered(self) -> None:
        """Events at their place, or under their own id and version, with something else in them."""
        by_name = {self._name(index): index for index in self.aside.leaves}
        for row in list(self.aside.rows):
            index = self.aside.at.get(row.position)
            moved = index is None
            if index is None or index not in self.aside.leaves:
                index = by_name.get(_row_name(row))
            if index is None or index not in self.aside.leaves:
                continue
            should, has = self._identity(index), _fields(row)
            changed = [name for name in FIELDS if should is not None and has[name] != should[name]]
            zh = "、".join(FIELDS[name] for name in changed) or "内容"
            en = ", ".join(changed) or "content"
            self._settle(row, index)
            place_zh, place_en = (
                ("，也不在原来的位置", ", and it is not where it was")
                if moved and index in self.aside.position
                else ("", "")
            )
            self._event("altered", index, row, f"事件的{zh}被改动{place_zh}", f"the event's {en} was altered{place_en}")

    def _left_over(self) -> None:
        """Events without a leaf, leaves without an event."""
        for row in self.aside.rows:
            if row.position > self.end:
                self.pending += 1
                continue
            self.unsound.append(row)
            self._event(
                "inserted",
                None,
                row,
                "没有入账的事件混在已入账的事件中间",
                "the event has no leaf, among events that have",
            )
        missing = sorted(self.aside.leaves)
        counter = self._counter()
        lost = [index for index in missing if self._beyond(index, counter)]
        if lost and lost == list(range(lost[0], self.sources.size)):
            self.deleted += lost
            self.result.add(
                "rolled back",
                "event",
                f"事件库退回到了较早的状态：第 {lost[0]} 至 {lost[-1]} 片叶的事件都没有了。",
                f"The event store went back to an earlier state: the events of leaves {lost[0]} to {lost[-1]} are gone"
                f" (from {self._name(lost[0])} on).",
                event=self._name(lost[0]),
                leaf_index=lost[0],
            )
            missing = [index for index in missing if index < lost[0]]
        for index in missing:
            self.deleted.append(index)
            self._event("deleted", index, None, "事件被删除", "the event was deleted")

    def _beyond(self, index: int, counter: int) -> bool:
        position = self.aside.position.get(index)
        return type(position) is int and position > counter

    def _counter(self) -> int:
        return self.sources.events.counter()

    def _settle(self, row: RawRow, index: int) -> None:
        self.aside.rows.remove(row)
        self.aside.leaves.discard(index)
        self.unsound.append(row)

    # ── naming ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _identity(self, index: int) -> dict[str, Any] | None:
        entry: EntryFields | None = self.sources.identity(index, self.truth.hash(index))
        if entry is None:
            return None
        return {"id": entry.id.hex, "version": entry.version, "topic": entry.topic, "state": entry.state}

    def _name(self, index: int) -> str:
        """Of the leaf's event, by the bundle or else by the table."""
        entry = self.sources.identity(index, self.truth.hash(index))
        if entry is not None:
            return f"{entry.id}/{entry.version}"
        leaf = self.sources.leaves(index // WIDTH)[index % WIDTH]
        if leaf is not None and type(leaf[2]) is bytes and len(leaf[2]) == 16:
            return f"{UUID(bytes=leaf[2])}/{leaf[3]}"
        return f"?/{index}"

    def _event(self, klass: Any, index: int | None, row: RawRow | None, zh: str, en: str) -> None:
        name = self._name(index) if index is not None else ""
        if row is not None and (index is None or name.startswith("?")):
            name = _row_name(row)
        record = _describe(self.describe, name.partition("/")[0])
        self.result.add(
            klass,
            "event",
            f"{record or ''} {name}：{zh}。".lstrip(),
            f"{record or ''} {name}: {en}.".lstrip(),
            record=record,
            event=name,
            leaf_index=index,
        )


def _fields(row: RawRow) -> dict[str, Any]:
    state = state_digest(row.state) if type(row.state) is bytes else row.state
    return {"id": row.id, "version": row.version, "topic": row.topic, "state": state}


def _of(fields: dict[str, Any], names: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(fields[name] for name in names)


def _row_name(row: RawRow) -> str:
    try:
        return f"{UUID(row.id)}/{row.version}"
    except (ValueError, AttributeError, TypeError):
        return f"{row.id!r}/{row.version!r}"


def _describe(describe: Describe, stream: str) -> str | None:
    try:
        return describe(UUID(stream))
    except ValueError:
        return None
