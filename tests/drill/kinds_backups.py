"""Putting an older backup in the place of what there is."""

from __future__ import annotations

from operations.verify.files import files_in_state
from tests.drill.hands import Hands
from tests.drill.registry import Draw, Expected, kind, named
from tests.drill.world import Made

ALL = (
    "rows",
    "tail",
    "ends",
    "leaves",
    "tiles",
    "published checkpoint",
    "integrate",
    "files",
    "named files",
    "stamp",
    "vkey",
)


def _older(draw: Draw) -> int:
    """The size of a ledger at an earlier checkpoint."""
    ends = draw.made.ends
    return draw.chance.choice([size for size in ends[len(ends) // 3 : -2] if size in draw.made.public])


@kind("rolled back", "backups", "an older event store restored", "恢复了旧的事件库", alone=ALL)
def events(hands: Hands, draw: Draw) -> Expected:
    size = _older(draw)
    hands.roll_back_events(size)
    return named("rolled back", "event", draw.made.event(size))


@kind("rolled back", "backups", "an older archive restored, but for its keys", "除密钥以外整个恢复成旧的", alone=ALL)
def everything(hands: Hands, draw: Draw) -> Expected:
    size = _older(draw)
    hands.roll_back_events(size)
    hands.roll_back_ledger(size)
    roll_back_public(hands, size)
    roll_back_files(draw.made, hands, size)
    return named("rolled back", "ledger", hands.ledger)


@kind("rolled back", "backups", "older public files restored", "恢复了旧的公开目录", alone=ALL)
def public(hands: Hands, draw: Draw) -> Expected:
    size, made = _older(draw), draw.made
    roll_back_public(hands, size)
    stamps = [name for name in made.public[made.size] if name.startswith("timestamps/")]
    found = named("rolled back", "checkpoint", "checkpoint") | named("deleted", "timestamp", *stamps)
    if made.public[size].get("vkey") != made.public[made.size].get("vkey"):  # the key of that time was retired since
        found |= named("altered", "file", "vkey")
    return found


@kind("deleted", "backups", "older files restored", "恢复了旧的附件库", alone=["files", "named files"], shares=["rows"])
def files(hands: Hands, draw: Draw) -> Expected:
    with_files = [leaf for leaf, row in enumerate(draw.made.rows) if files_in_state(row.topic, row.state)]
    size = draw.chance.choice([end for end in draw.made.ends if end <= with_files[-1]])
    return named("deleted", "file", *roll_back_files(draw.made, hands, size))


def roll_back_public(hands: Hands, size: int) -> None:
    """As the public files were when the ledger had this size."""
    older = hands.made.public[size]
    for name in set(hands.public()) - set(older):
        hands.remove(name)
    for name, data in older.items():
        hands.write(name, data)


def roll_back_files(made: Made, hands: Hands, size: int) -> list[str]:
    """Remove what was filed later; gives how findings name it."""
    named: dict[str, str] = {}
    for row in made.rows[:size]:
        named |= {sha256: "" for _, sha256, _ in files_in_state(row.topic, row.state)}
    for row in made.rows[size:]:
        for name, sha256, _ in files_in_state(row.topic, row.state):
            named.setdefault(sha256, f"{row.id}/{row.version} {name}")
    for sha256 in (gone := {key: place for key, place in named.items() if place}):
        hands.remove_file(sha256)
    return sorted(gone.values())
