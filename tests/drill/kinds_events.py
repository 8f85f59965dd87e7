"""Laying hands on events: rows of the event store altered, deleted, inserted, exchanged."""

from __future__ import annotations

import json
from collections.abc import Sequence
from uuid import UUID

from domain.ledger.tombstone import state_digest, tombstone
from domain.ports.events import StoredRow
from tests.drill.hands import Hands
from tests.drill.registry import Act, Draw, Expected, kind, named

TOPICS = ("jianzheng:record.signed-off", "jianzheng:record.withdrawn")
ROWS = ("rows",)


def events(klass: str, draw: Draw, *leaves: int) -> Expected:
    return Expected({(klass, "event", draw.made.event(leaf)) for leaf in leaves})


@kind("altered", "rows", "a byte of an event's state", "事件内容改一个字节", shares=ROWS)
def state_byte(hands: Hands, draw: Draw) -> Expected:
    leaf = draw.leaf()
    hands.set_event(leaf, state=draw.bit(draw.made.rows[leaf].state))
    return events("altered", draw, leaf)


@kind("altered", "rows", "an event rewritten, well-formed", "事件内容改写，格式仍然正确", shares=ROWS)
def state_rewritten(hands: Hands, draw: Draw) -> Expected:
    leaf = draw.leaf()
    facts = json.loads(draw.made.rows[leaf].state)
    facts["salt"] = "f" * 31 + ("0" if facts["salt"].endswith("f") else "f")
    hands.set_event(leaf, state=json.dumps(facts, ensure_ascii=False, separators=(",", ":")).encode())
    return events("altered", draw, leaf)


@kind("altered", "rows", "an event's state emptied", "事件内容被清空", shares=("rows", "named files"))
def state_emptied(hands: Hands, draw: Draw) -> Expected:
    leaf = draw.leaf(lambda leaf: b'"sha256"' not in draw.made.rows[leaf].state)
    hands.set_event(leaf, state=b"")
    return events("altered", draw, leaf)


@kind("altered", "rows", "an event's topic", "事件类型被改", shares=ROWS)
def topic(hands: Hands, draw: Draw) -> Expected:
    leaf = draw.leaf()
    hands.set_event(leaf, topic=next(each for each in TOPICS if each != draw.made.rows[leaf].topic))
    return events("altered", draw, leaf)


@kind("altered", "rows", "an event's version", "事件版本号被改", shares=ROWS)
def version(hands: Hands, draw: Draw) -> Expected:
    leaf = draw.leaf()
    hands.set_event(leaf, originator_version=9_000 + leaf)
    return events("altered", draw, leaf)


@kind("altered", "rows", "an event's stream", "事件改挂到别的编号", shares=ROWS)
def stream(hands: Hands, draw: Draw) -> Expected:
    leaf = draw.leaf()
    hands.set_event(leaf, originator_id=hands.stream(_foreign(draw)))
    return events("altered", draw, leaf)


@kind("deleted", "rows", "an event deleted", "删一个事件", shares=("rows", "named files"))
def deleted(hands: Hands, draw: Draw) -> Expected:
    leaf = draw.leaf()
    hands.delete_event(leaf)
    return events("deleted", draw, leaf)


@kind(
    "deleted",
    "rows",
    "an event replaced by a forged tombstone",
    "事件换成伪造的销毁印记",
    shares=("rows", "named files"),
)
def forged_tombstone(hands: Hands, draw: Draw) -> Expected:
    """Its leaf stays what it was; but no erasure names it."""
    leaf = draw.leaf()
    row = draw.made.rows[leaf]
    hands.set_event(leaf, state=tombstone(row.version + draw.chance.randrange(1, 3), state_digest(row.state)))
    return events("deleted", draw, leaf)


@kind("deleted", "rows", "two neighbouring events deleted", "删相邻的两个事件", shares=("rows", "named files"))
def neighbours_deleted(hands: Hands, draw: Draw) -> Expected:
    leaf = draw.leaf(lambda leaf: leaf > 0 and draw.made.rows[leaf - 1].id != draw.made.rows[leaf].id)
    draw.take(draw.made.rows[leaf - 1].id)
    for each in (leaf - 1, leaf):
        hands.delete_event(each)
    return events("deleted", draw, leaf - 1, leaf)


@kind("deleted", "rows", "a whole record deleted", "删一条记录的全部事件", shares=("rows", "named files"))
def record_deleted(hands: Hands, draw: Draw) -> Expected:
    record = draw.one(sorted(draw.made.records))
    leaves = [leaf for leaf, row in enumerate(draw.made.rows) if row.id == record]
    for each in leaves:
        hands.delete_event(each)
    return events("deleted", draw, *leaves)


@kind("deleted", "rows", "the last events deleted", "删末尾的几个事件", alone=("tail",), shares=("rows", "named files"))
def tail_deleted(hands: Hands, draw: Draw) -> Expected:
    leaves = range(draw.made.size - draw.chance.randrange(2, 5), draw.made.size)
    draw.take(*{draw.made.rows[leaf].id for leaf in leaves})
    for each in leaves:
        hands.delete_event(each)
    return events("deleted", draw, *leaves)


@kind("inserted", "rows", "an event put before all others", "在最前面插入一个事件", shares=ROWS)
def inserted_before(hands: Hands, draw: Draw) -> Expected:
    foreign = _foreign(draw)
    hands.insert_event(-1 - draw.chance.randrange(1_000_000), foreign, 1, "jianzheng:record.filed", b"{}")
    return named("inserted", "event", f"{foreign}/1")


@kind(
    "inserted", "rows", "an event put into another's place", "占另一个事件的位置插入事件", alone=("first",), shares=ROWS
)
def inserted_between(hands: Hands, draw: Draw) -> Expected:
    leaf = draw.leaf()
    row = draw.made.rows[leaf]
    hands.move_event(row.position, -2_000_000)
    foreign = _foreign(draw)
    hands.insert_event(row.position, foreign, 1, row.topic, row.state)
    return events("reordered", draw, leaf) | named("inserted", "event", f"{foreign}/1")


def _swap(one: str, zh: str, columns: Sequence[str], *, same_stream: bool = False) -> None:
    """Enter the kind that exchanges these columns of two events."""

    def act(hands: Hands, draw: Draw) -> Expected:
        first, second = _same_stream(draw) if same_stream else _pair(draw, columns)
        exchange(hands, first, second, columns)
        return events("reordered", draw, first, second)

    enter(one, zh, act)


def enter(name: str, zh: str, act: Act) -> None:
    kind("reordered", "rows", name, zh, shares=ROWS)(act)


def exchange(hands: Hands, one: int, other: int, columns: Sequence[str]) -> None:
    first, second = hands.made.rows[one], hands.made.rows[other]
    for leaf in (one, other):  # out of the way of the constraint that versions are unique
        hands.set_event(leaf, originator_version=-1 - leaf)
    for leaf, own, foreign in ((one, first, second), (other, second, first)):
        values = {name: _column(hands, foreign if name in columns else own, name) for name in ALL}
        hands.set_event(leaf, **values)


ALL = ("originator_id", "originator_version", "topic", "state")


def _column(hands: Hands, row: StoredRow, name: str) -> object:
    return {
        "originator_id": hands.stream(row.id),
        "originator_version": row.version,
        "topic": row.topic,
        "state": row.state,
    }[name]


def _pair(draw: Draw, columns: Sequence[str]) -> tuple[int, int]:
    rows = draw.made.rows
    first = draw.leaf()

    def differs(leaf: int) -> bool:
        one, other = rows[first], rows[leaf]
        if list(columns) == ["topic"]:
            return one.topic != other.topic
        if list(columns) == ["originator_id"]:  # under either id a version can be there only once
            return one.version == other.version
        return True

    return first, draw.leaf(differs)


def _same_stream(draw: Draw) -> tuple[int, int]:
    rows = draw.made.rows
    first = draw.leaf(lambda leaf: sum(row.id == rows[leaf].id for row in rows) > 1)
    others = [leaf for leaf, row in enumerate(rows) if row.id == rows[first].id and leaf != first]
    return first, draw.chance.choice(others)


_swap("two events exchanged", "两个事件整行对调", ALL)
_swap("the states of two events exchanged", "两个事件的内容对调", ["state"])
_swap("the topics of two events exchanged", "两个事件的类型对调", ["topic"])
_swap("the streams of two events exchanged", "两个事件的编号对调", ["originator_id"])
_swap("two versions of a record exchanged", "同一记录的两个版本对调", ["originator_version"], same_stream=True)


@kind("reordered", "rows", "the places of two events exchanged", "两个事件的先后对调", shares=ROWS)
def places_exchanged(hands: Hands, draw: Draw) -> Expected:
    first, second = draw.two()
    one, other = (draw.made.rows[leaf].position for leaf in (first, second))
    aside = -3_000_000 - first
    for position, to in ((one, aside), (other, one), (aside, other)):
        hands.move_event(position, to)
    return events("reordered", draw, first, second)


def _foreign(draw: Draw) -> UUID:
    return UUID(int=draw.chance.getrandbits(128), version=4)
