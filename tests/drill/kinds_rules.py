"""Events appended past the program, integrated and signed like any other, that the rules could not have produced."""

from __future__ import annotations

from uuid import UUID

from indexers.pipeline import integrate
from tests.drill.hands import Hands
from tests.drill.registry import Draw, Expected, kind, named
from tests.drill.world import Made
from tests.forgeries import FORGERIES, Row

FORGES = ("tail", "integrate", "published checkpoint", "last signed")

ZH = {
    "an act after the withdrawal": "撤回以后又有动作",
    "the same act twice": "同一动作做两次",
    "a record that begins with an act": "没有存入就有动作的记录",
    "a record that begins late": "从第二个版本开始的记录",
    "a hole": "版本号跳空",
    "a code of another year": "档号年份不对的记录",
    "an entry in another register": "登记到别的登记簿",
    "a record in a register": "登记簿里混入记录",
    "an entry in a record": "记录里混入登记",
    "a person in a record": "记录里混入人员",
    "no event at all": "读不懂的事件",
    "no object": "不成形的事件",
    "an attribute too few": "少一项内容的事件",
    "an attribute too many": "多一项内容的事件",
    "an attribute of another type": "内容类型不对的事件",
    "files that are none": "附件清单不成形的事件",
}


class Stored:
    """The sealed archive's events, as `tests.forgeries` asks for them."""

    def __init__(self, made: Made) -> None:
        self.made = made

    def rows(self, topic: str) -> list[Row]:
        found: dict[UUID, Row] = {}
        for row in self.made.rows:
            if row.topic == f"jianzheng:{topic}":
                found[row.id] = (row.id.hex, row.version, row.topic, row.state)
        return list(found.values())

    def end(self, stream: str) -> int:
        return max(row.version for row in self.made.rows if row.id.hex == stream)


def append(hands: Hands, *rows: Row) -> None:
    """Behind all others, and into the ledger."""
    for stream, version, topic, state in rows:
        hands.insert_event(None, UUID(stream), version, topic, state)
    with hands.house() as house:
        integrate(house)


def _enter(name: str) -> None:
    def act(hands: Hands, draw: Draw) -> Expected:
        forged = FORGERIES[name](Stored(draw.made))
        draw.take(*(UUID(row[0]) for row in forged))
        append(hands, *forged)
        return named("unauthorised", "event", *(f"{UUID(row[0])}/{row[1]}" for row in forged))

    kind("unauthorised", "rows", f"unlawful: {name}", ZH[name], alone=FORGES, shares=["rows"])(act)


for _name in FORGERIES:
    _enter(_name)


@kind(
    "unauthorised",
    "keys",
    "a change of keys that no key in force signed",
    "没有现用密钥签署的换密钥事件",
    alone=FORGES,
    shares=["rows"],
)
def key_act(hands: Hands, draw: Draw) -> Expected:
    act = next(row for row in draw.made.rows if row.topic == "jianzheng:ledger.key-rotated")
    draw.take(act.id)
    version = Stored(draw.made).end(act.id.hex) + 1
    append(hands, (act.id.hex, version, act.topic, act.state))
    return named("unauthorised", "event", f"{act.id}/{version}")
