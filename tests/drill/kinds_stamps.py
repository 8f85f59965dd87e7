"""Laying hands on time stamps: the authority's answer, the note it is of, and what the database remembers of both."""

from __future__ import annotations

from tests.drill.hands import Hands
from tests.drill.registry import Draw, Expected, kind, named

STAMP = ("stamp",)


def _name(draw: Draw) -> str:
    return f"{draw.made.size}-tsa"


def _file(klass: str, *names: str) -> Expected:
    return Expected({(klass, "timestamp", f"timestamps/{name}") for name in names})


def _change(hands: Hands, draw: Draw, ending: str) -> Expected:
    name = f"{_name(draw)}.{ending}"
    hands.write(f"timestamps/{name}", draw.bit(hands.read(f"timestamps/{name}")))
    return _file("altered", name)


@kind("altered", "time stamps", "a byte of a time stamp", "时间戳改一个字节", alone=STAMP, stamps=True)
def stamp_byte(hands: Hands, draw: Draw) -> Expected:
    return _change(hands, draw, "tsr")


@kind("altered", "time stamps", "a byte of a stamped checkpoint", "盖过时间戳的检查点改一个字节", alone=STAMP,
      stamps=True)  # fmt: skip
def note_byte(hands: Hands, draw: Draw) -> Expected:
    return _change(hands, draw, "note")


@kind("deleted", "time stamps", "a time stamp deleted", "删一个时间戳", alone=STAMP, stamps=True)
def stamp_deleted(hands: Hands, draw: Draw) -> Expected:
    names = [f"{_name(draw)}.{ending}" for ending in draw.chance.choice([("tsr",), ("note",), ("note", "tsr")])]
    for name in names:
        hands.remove(f"timestamps/{name}")
    return _file("deleted", *names)


@kind("altered", "time stamps", "what is remembered of a time stamp", "时间戳的登记被改", alone=STAMP, stamps=True)
def seal_altered(hands: Hands, draw: Draw) -> Expected:
    hands.sql("ledger", "UPDATE timestamps SET seal = ? WHERE size = ?", draw.chance.randbytes(40), draw.made.size)
    return named("altered", "timestamp", f"{hands.ledger}:timestamps/{_name(draw)}")


@kind("deleted", "time stamps", "a time stamp forgotten", "时间戳的登记被删", alone=STAMP, stamps=True)
def seal_deleted(hands: Hands, draw: Draw) -> Expected:
    hands.sql("ledger", "DELETE FROM timestamps WHERE size = ?", draw.made.size)
    return named("deleted", "timestamp", f"{hands.ledger}:timestamps/{_name(draw)}")


@kind("inserted", "time stamps", "a foreign file among the time stamps", "时间戳目录里多出别的文件")
def foreign(hands: Hands, draw: Draw) -> Expected:
    name = draw.one([f"timestamps/说明{number}.txt" for number in range(9)])
    hands.write(name, b"x")
    return named("inserted", "file", name)
