"""Laying hands on the ledger's tables: leaves, nodes, batches, kept checkpoints, how far it has read."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tests.drill.hands import Hands
from tests.drill.registry import Draw, Expected, kind, named

ENDS = ("ends",)
"""Where batches end is told by three rows of which two must be right: one of them a case."""


def leaf_row(klass: Any, hands: Hands, *indices: int) -> Expected:
    return named(klass, "leaf", *(f"{hands.ledger}:leaves/{index}" for index in indices))


def row(klass: Any, hands: Hands, name: str, subject: str = "ledger") -> Expected:
    return named(klass, subject, f"{hands.ledger}:{name}")


@kind("altered", "ledger", "a leaf's hash", "叶的散列值被改", shares=["leaves"])
def leaf_hash(hands: Hands, draw: Draw) -> Expected:
    leaf = draw.leaf()
    [(value,)] = hands.sql("ledger", "SELECT hash FROM leaves WHERE idx = ?", leaf)
    hands.sql("ledger", "UPDATE leaves SET hash = ? WHERE idx = ?", draw.bit(bytes(value)), leaf)
    return leaf_row("altered", hands, leaf)


@kind("altered", "ledger", "a leaf's version", "叶的版本号被改", shares=["leaves"])
def leaf_version(hands: Hands, draw: Draw) -> Expected:
    leaf = draw.leaf()
    hands.sql("ledger", "UPDATE leaves SET version = version + 7000 WHERE idx = ?", leaf)
    return leaf_row("altered", hands, leaf)


@kind("altered", "ledger", "a leaf's id", "叶的编号被改", shares=["leaves"])
def leaf_id(hands: Hands, draw: Draw) -> Expected:
    leaf, foreign = draw.leaf(), UUID(int=draw.chance.getrandbits(128), version=4)
    hands.sql("ledger", "UPDATE leaves SET id = ? WHERE idx = ?", hands.leaf_id(foreign), leaf)
    return leaf_row("altered", hands, leaf)


@kind("altered", "ledger", "where a leaf points", "叶指向的位置被改", alone=["leaf points"], shares=["leaves"])
def leaf_position(hands: Hands, draw: Draw) -> Expected:
    leaf = draw.leaf(lambda leaf: leaf < draw.made.size - 1)
    hands.sql("ledger", "UPDATE leaves SET position = 99999999 WHERE idx = ?", leaf)
    return leaf_row("altered", hands, leaf)


@kind("deleted", "ledger", "a leaf deleted", "删一片叶", shares=["leaves"])
def leaf_deleted(hands: Hands, draw: Draw) -> Expected:
    leaf = draw.leaf(lambda leaf: leaf < draw.made.size - 1)
    hands.sql("ledger", "DELETE FROM leaves WHERE idx = ?", leaf)
    return leaf_row("deleted", hands, leaf)


@kind("inserted", "ledger", "a leaf inserted", "插入一片叶", alone=["leaves"], shares=["ends"])
def leaf_inserted(hands: Hands, draw: Draw) -> Expected:
    index = draw.made.size + draw.chance.randrange(3, 50)
    foreign = UUID(int=draw.chance.getrandbits(128), version=4)
    value = draw.chance.randbytes(32)
    hands.sql("ledger", "INSERT INTO leaves VALUES (?, ?, ?, 1, ?)", index, 88888888, hands.leaf_id(foreign), value)
    return leaf_row("inserted", hands, index)


@kind("reordered", "ledger", "two leaves exchanged", "两片叶对调", shares=["leaves"])
def leaves_exchanged(hands: Hands, draw: Draw) -> Expected:
    one, other = draw.two()
    values = {leaf: hands.sql("ledger", "SELECT hash FROM leaves WHERE idx = ?", leaf)[0][0] for leaf in (one, other)}
    for leaf, value in ((one, values[other]), (other, values[one])):
        hands.sql("ledger", "UPDATE leaves SET hash = ? WHERE idx = ?", bytes(value), leaf)
    return leaf_row("reordered", hands, one, other)


def _node(hands: Hands, draw: Draw) -> int:
    return draw.one(range(draw.made.size // 256), lambda index: ("node", index))


@kind("altered", "ledger", "an inner node", "内部节点被改")
def node(hands: Hands, draw: Draw) -> Expected:
    index = _node(hands, draw)
    hands.sql("ledger", "UPDATE nodes SET hash = ? WHERE level = 1 AND idx = ?", draw.chance.randbytes(32), index)
    return row("altered", hands, f"nodes/1/{index}")


@kind("deleted", "ledger", "an inner node deleted", "删一个内部节点")
def node_deleted(hands: Hands, draw: Draw) -> Expected:
    index = _node(hands, draw)
    hands.sql("ledger", "DELETE FROM nodes WHERE level = 1 AND idx = ?", index)
    return row("deleted", hands, f"nodes/1/{index}")


@kind("inserted", "ledger", "an inner node inserted", "插入一个内部节点")
def node_inserted(hands: Hands, draw: Draw) -> Expected:
    index = draw.one(range(40, 90), lambda index: ("node", index))
    hands.sql("ledger", "INSERT INTO nodes VALUES (1, ?, ?)", index, draw.chance.randbytes(32))
    return row("inserted", hands, f"nodes/1/{index}")


def _batch(draw: Draw) -> tuple[int, int]:
    """One that is neither the first nor the last."""
    number = draw.chance.randrange(1, len(draw.made.ends) - 2)
    return draw.made.ends[number - 1], draw.made.ends[number]


@kind("altered", "ledger", "a batch's time put back", "批次时间改早", alone=ENDS)
def batch_time(hands: Hands, draw: Draw) -> Expected:
    first, _ = _batch(draw)
    [(time,)] = hands.sql("ledger", "SELECT time FROM batches WHERE first = 0")
    early = time.replace(year=2001) if hands.on_servers else f"2001{time[4:]}"
    hands.sql("ledger", "UPDATE batches SET time = ? WHERE first = ?", early, first)
    return row("altered", hands, f"batches/{first}")


@kind("altered", "ledger", "a batch's end", "批次终点被改", alone=ENDS)
def batch_end(hands: Hands, draw: Draw) -> Expected:
    first, end = _batch(draw)
    hands.sql("ledger", "UPDATE batches SET size = ? WHERE first = ?", 5_000 + end, first)
    return row("altered", hands, f"batches/{first}")


@kind("deleted", "ledger", "a batch deleted", "删一个批次", alone=ENDS)
def batch_deleted(hands: Hands, draw: Draw) -> Expected:
    first, _ = _batch(draw)
    hands.sql("ledger", "DELETE FROM batches WHERE first = ?", first)
    return row("deleted", hands, f"batches/{first}")


@kind("inserted", "ledger", "a batch inserted", "插入一个批次", alone=ENDS)
def batch_inserted(hands: Hands, draw: Draw) -> Expected:
    first, end = next((a, b) for a, b in zip(draw.made.ends, draw.made.ends[1:], strict=False) if b - a > 8)
    at = draw.chance.randrange(first + 1, end - 2)
    [(time,)] = hands.sql("ledger", "SELECT time FROM batches WHERE first = ?", first)
    hands.sql("ledger", "INSERT INTO batches VALUES (?, ?, ?)", at, at + 1, time)
    return row("inserted", hands, f"batches/{at}")


@kind("altered", "ledger", "how far the ledger has read", "账本的读取位置被改", alone=ENDS)
def tracking(hands: Hands, draw: Draw) -> Expected:
    hands.sql("ledger", "UPDATE tracking SET position = ?", draw.made.rows[-1].position + 1_000_000)
    return row("altered", hands, "tracking")


@kind("altered", "checkpoints", "a kept checkpoint", "留存的检查点被改", alone=ENDS)
def kept_altered(hands: Hands, draw: Draw) -> Expected:
    size = draw.chance.choice(draw.made.ends[:-1])
    note = draw.made.notes[size].replace(f"\n{size}\n", f"\n{size + 1}\n", 1)
    hands.sql("ledger", "UPDATE checkpoints SET note = ? WHERE size = ?", note, size)
    return row("altered", hands, f"checkpoints/{size}", "checkpoint")


@kind("deleted", "checkpoints", "a kept checkpoint deleted", "删一个留存的检查点", alone=ENDS)
def kept_deleted(hands: Hands, draw: Draw) -> Expected:
    size = draw.chance.choice(draw.made.ends[:-1])
    hands.sql("ledger", "DELETE FROM checkpoints WHERE size = ?", size)
    return row("deleted", hands, f"checkpoints/{size}", "checkpoint")


@kind("inserted", "checkpoints", "a kept checkpoint inserted", "插入一个留存的检查点", alone=ENDS)
def kept_inserted(hands: Hands, draw: Draw) -> Expected:
    size = draw.made.size + draw.chance.randrange(60, 90)
    hands.sql("ledger", "INSERT INTO checkpoints VALUES (?, ?)", size, draw.made.notes[draw.made.ends[0]])
    return row("inserted", hands, f"checkpoints/{size}", "checkpoint")
