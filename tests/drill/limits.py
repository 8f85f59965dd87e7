"""What `verify` alone cannot find, and what finds it: each cell of the table is tried, each means by itself."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from adapters.witness.limit import RateLimit
from adapters.witness.service import open_witness
from domain.ports.events import StoredRow
from indexers.pipeline import Pipeline, integrate, witnessing
from operations.verification import verify_archive
from tests.drill.cases import Copy
from tests.drill.hands import Hands
from tests.drill.kinds_backups import roll_back_files, roll_back_public
from tests.drill.world import Made
from tests.witness_world import WITNESS, served

Means = Literal["verify", "checkpoint", "receipt", "witness", "stamp"]
MEANS: dict[Means, tuple[str, str]] = {
    "verify": ("只有核验", "`verify` alone"),
    "checkpoint": ("留存的检查点", "a kept checkpoint"),
    "receipt": ("留存的回执", "a kept receipt"),
    "witness": ("见证方", "a witness"),
    "stamp": ("时间戳", "a time stamp"),
}
"""With each of them everything else that lies outside is gone."""

Act = Callable[[Hands, bool], None]
"""Lays hands on a copy; True: the time stamps stay there."""


@dataclass(frozen=True)
class Limit:
    """One row. ``finds``: which means find it, as the page says and as the drill shows again and again."""

    name: str
    zh: str
    en: str
    act: Act
    finds: Collection[Means] = ()
    rest_zh: str = ""  # what else there is to say
    rest_en: str = ""
    later: bool = False  # everything that was kept was kept after the deed
    shows: Callable[[Hands], bool] | None = None  # what else is said of it, tried when the witness was asked


LIMITS: list[Limit] = []


def _is_younger(hands: Hands) -> bool:
    """Whether the forged event's leaf lies behind the checkpoint that was kept before."""
    row = forged(hands.made)
    with hands.house() as house:
        leaf = house.ledger.leaf_of(row.id, row.version)
    return leaf is not None and leaf.index >= hands.made.size


def _is_cosigned_again(hands: Hands) -> bool:
    return WITNESS in hands.read("checkpoint").decode()


def limit(
    name: str,
    zh: str,
    en: str,
    *,
    rest: tuple[str, str],
    finds: Collection[Means] = (),
    later: bool = False,
    shows: Callable[[Hands], bool] | None = None,
) -> Callable[[Act], Act]:
    def enter(act: Act) -> Act:
        LIMITS.append(Limit(name, zh, en, act, finds, *rest, later, shows))
        return act

    return enter


OUTSIDE: tuple[Means, ...] = ("checkpoint", "receipt", "witness", "stamp")


@limit(
    "rewritten",
    "改写历史，再用账本真正的密钥全部重新签署",
    "history rewritten, and all of it signed again with the log's real key",
    finds=OUTSIDE,
    rest=("外面留着其中任何一样就够了。", "Any one of them, kept outside, is enough."),
)
def rewritten(hands: Hands, stamps: bool) -> None:
    _rewrite(hands, stamps)


@limit(
    "rewritten before",
    "同样的改写，但发生在外面留下任何东西之前",
    "the same, before anything was kept outside",
    rest=(
        "什么也查不出。所以回执要当天发，检查点要当天请人见证。",
        "Nothing finds it. So hand out receipts, and have checkpoints witnessed, the same day.",
    ),
    later=True,
)
def rewritten_before(hands: Hands, stamps: bool) -> None:
    _rewrite(hands, stamps)


@limit(
    "all rolled back",
    "连同密钥目录，整个档案库恢复成旧备份",
    "the whole archive with its key folder put back to an older backup",
    finds=OUTSIDE,
    rest=("", ""),
)
def all_rolled_back(hands: Hands, stamps: bool) -> None:
    made = hands.made
    size = made.ends[-3]  # when the keys were those of today
    remembered = hands.sql("ledger", "SELECT size, authority, seal FROM timestamps") if stamps else []
    kept = {name: hands.read(name) for name in hands.public() if stamps and name.startswith("timestamps/")}
    hands.roll_back_events(size)
    hands.roll_back_ledger(size)
    roll_back_public(hands, size)
    roll_back_files(made, hands, size)
    for name, data in kept.items():
        hands.write(name, data)
    for row in remembered:
        hands.sql("ledger", "INSERT INTO timestamps VALUES (?, ?, ?)", *row)
    hands.key_file("last-signed").write_text(made.notes[size])
    _forget_witnesses(hands)
    with hands.house() as house:
        Pipeline(house).rebuild()


@limit(
    "a lawful event",
    "绕过程序，往数据库末尾添一个完全合乎规则的事件",
    "an event that breaks no rule, appended to the database past the program",
    rest=(
        "与正常存入没有分别。但它只能排在添进去的那一刻：先前留存的检查点里没有它，无法冒充早就有的。",
        "It is a filing like any other. But its place is that of the moment: no checkpoint of before has it, so it"
        " cannot pass for older.",
    ),
    shows=_is_younger,
)
def lawful(hands: Hands, stamps: bool) -> None:
    row = forged(hands.made)
    hands.insert_event(None, row.id, row.version, row.topic, row.state)
    with hands.house() as house:
        Pipeline(house).catch_up()


@limit(
    "cosignature removed",
    "从公布的检查点里删掉见证方的签名",
    "a witness's signature taken out of the published checkpoint",
    rest=(
        "不算发现。见证方自己也公布它签过的检查点，下一次请它见证时签名就回来了。",
        "No finding. The witness publishes what it cosigned, and the signature is back when it is next asked.",
    ),
    shows=_is_cosigned_again,
)
def cosignature_removed(hands: Hands, stamps: bool) -> None:
    hands.write("checkpoint", hands.made.notes[hands.made.size].encode())


@limit(
    "batch time",
    "把批次的时间挪动一点，仍在前后两批之间",
    "a batch's time moved a little, between those of its neighbours",
    rest=(
        "批次时间不在树里。事件自己的记录时间在树里，改不了。",
        "Times of batches are not in the tree. The time at which an event was recorded is, and cannot be changed.",
    ),
)
def batch_time(hands: Hands, stamps: bool) -> None:
    before, after = hands.made.ends[1], hands.made.ends[2]
    [(time,)] = hands.sql("ledger", "SELECT time FROM batches WHERE first = ?", before)
    hands.sql("ledger", "UPDATE batches SET time = ? WHERE first = ?", time, after)


@limit(
    "put back",
    "改了附件，在两次核验之间又放回原样",
    "a file altered, and put back between two checks",
    rest=(
        "目录里不留痕迹。存储桶保存各个版本，会被发现。",
        "A folder shows no trace of it. A bucket keeps versions, and there it is found.",
    ),
)
def put_back(hands: Hands, stamps: bool) -> None:
    path = next(path for path in sorted((hands.home / "files").rglob("*")) if path.is_file())
    data = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(data[:-1])
    path.write_bytes(data)


# ── trying them ─────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Shown:
    """What a trial showed: which means found something."""

    limit: Limit
    found: set[Means] = field(default_factory=set)
    rest: bool = True  # and that what else is said of it is so

    @property
    def ok(self) -> bool:
        return self.rest and self.found == set(self.limit.finds)


def try_all(made: Made, copy: Copy) -> list[Shown]:
    return [try_one(made, copy, each) for each in LIMITS]


def try_one(made: Made, copy: Copy, each: Limit) -> Shown:
    stamped = "JIANZHENG_TIMESTAMP_AUTHORITIES" in made.environment
    shown = Shown(each)
    for means in MEANS:
        if means == "stamp" and not stamped:
            shown.found |= {means} & set(each.finds)  # there is no openssl to make one
            continue
        with copy() as hands:
            each.act(hands, means == "stamp" and not each.later)
            if _finds(made, hands, each, means):
                shown.found.add(means)
            if means == "witness" and each.shows is not None:
                shown.rest = each.shows(hands)
    return shown


def _finds(made: Made, hands: Hands, each: Limit, means: Means) -> bool:
    since = None
    with hands.house() as house:
        if means == "checkpoint":
            since = house.publisher.checkpoint().decode() if each.later else made.notes[made.size]
        elif means == "receipt":
            since = house.receipts.one(house.operator(), made.codes[-1]) if each.later else made.receipt
        elif means == "witness" and not each.later:
            with _witness(made, hands):
                witnessing(house, time.time, lambda: 0.0).run_once(forced=True)
    with hands.house() as house:
        return not verify_archive(house, since=since).ok


@contextmanager
def _witness(made: Made, hands: Hands) -> Iterator[None]:
    """The witness as it remembers the archive, asked under the address of the policy."""
    folder = hands.home.with_name("asked")
    shutil.copytree(made.folder / "witness", folder)
    witness = open_witness(folder)
    witness._limit = RateLimit(1e9, 10**9, lambda: 0.0)
    policy = Path(made.environment["JIANZHENG_POLICY"])
    before = policy.read_text()
    try:
        with served(witness) as url:
            lines = [f"{line.rpartition(' ')[0]} {url}" if line.startswith("witness ") else line
                     for line in before.splitlines()]  # fmt: skip
            policy.write_text("\n".join(lines) + "\n")
            yield
    finally:
        policy.write_text(before)
        shutil.rmtree(folder)


def _rewrite(hands: Hands, stamps: bool) -> None:
    """What only the holder of the key can do: another history, signed anew in every place."""
    made = hands.made
    stream = next(stream for stream, code in made.records.items() if code == made.codes[-1])
    leaf = next(leaf for leaf, row in enumerate(made.rows) if row.id == stream)
    facts = json.loads(made.rows[leaf].state)
    facts["salt"] = "0" * 32
    hands.set_event(leaf, state=json.dumps(facts, ensure_ascii=False, separators=(",", ":")).encode())
    for table in ("leaves", "nodes", "batches", "checkpoints", *(() if stamps else ("timestamps",))):
        hands.sql("ledger", f"DELETE FROM {table}")
    hands.sql("ledger", "UPDATE tracking SET position = 0")
    for name in hands.public():
        if not (stamps and name.startswith("timestamps/")) and name != "vkey":
            hands.remove(name)
    hands.key_file("last-signed").unlink()
    _forget_witnesses(hands)
    with hands.house() as house:
        integrate(house)


def _forget_witnesses(hands: Hands) -> None:
    hands.key_file("witness-saw").unlink(missing_ok=True)
    for path in hands.home.glob("witnesses.sqlite*"):
        path.unlink()


def forged(made: Made) -> StoredRow:
    """A record signed off that nobody signed off."""
    act = next(row for row in made.rows if row.topic == "jianzheng:record.signed-off")
    stream = next(stream for stream, code in made.records.items() if code == made.codes[-1])
    version = 1 + max(row.version for row in made.rows if row.id == stream)
    return StoredRow(0, stream, version, act.topic, act.state)
