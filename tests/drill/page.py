"""docs/TAMPER-DRILL.md: what a drill showed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from operations.verify.findings import CLASSES
from tests.drill.cases import Result
from tests.drill.kinds import KINDS
from tests.drill.limits import MEANS, Shown
from tests.drill.registry import TARGETS, Kind

PAGE = Path(__file__).resolve().parents[2] / "docs" / "TAMPER-DRILL.md"


@dataclass
class Counts:
    """Of some mutations: how many, alone and in combination, and what became of them."""

    alone: int = 0
    together: int = 0
    found: int = 0
    exact: int = 0
    later: int = 0  # of those, named only when the evidence had been put back
    false: int = 0

    @property
    def all(self) -> int:
        return self.alone + self.together

    def add(self, result: Result, number: int) -> None:
        if len(result.kinds) == 1:
            self.alone += 1
        else:
            self.together += 1
        self.found += result.found(number)
        self.exact += result.exact(number)
        self.later += bool(result.expected[number].findings & result.deferred)
        self.false += len(result.false) + len(result.misnamed) if number == 0 else 0


@dataclass
class Outcome:
    """Of one back end."""

    results: list[Result] = field(default_factory=list)

    @property
    def mutations(self) -> int:
        return sum(len(each.kinds) for each in self.results)

    @property
    def ok(self) -> bool:
        return all(each.ok for each in self.results)

    def total(self) -> Counts:
        return self._counts(lambda kind: "")[""]

    def by_place(self) -> dict[str, Counts]:
        return self._counts(lambda kind: f"{kind.klass}\0{kind.target}")

    def by_kind(self) -> dict[str, Counts]:
        return self._counts(lambda kind: kind.name)

    def _counts(self, key: Callable[[Kind], str]) -> dict[str, Counts]:
        found: defaultdict[str, Counts] = defaultdict(Counts)
        for result in self.results:
            for number, kind in enumerate(result.kinds):
                found[key(kind)].add(result, number)
        return found


def page(command: str, seed: int, embedded: Outcome, servers: Outcome | None, shown: Sequence[Shown], on: date) -> str:
    outcomes = [("embedded", embedded), *([] if servers is None else [("servers", servers)])]
    lines = [*_head(command, seed, on)]
    for name, outcome in outcomes:
        lines += _table(name, outcome)
    lines += _limits(shown)
    lines += _kinds(embedded, servers)
    return "\n".join(lines) + "\n"


def _head(command: str, seed: int, on: date) -> Iterable[str]:
    return f"""\
# 篡改演练 · The tamper drill

演练先建一个档案库，里面有记录、附件、更正、撤回、整改、签发的年报、换过的密钥、见证方的共签和时间戳；然后按下面列出的每一种办法动手脚，有时一次
一种，有时几种一起；每次都运行 `jianzheng verify`，看它是不是指出了全部改动，指得对不对，有没有冤枉别处。

> The drill builds an archive with records, files, corrections, withdrawals, a rectification item, an issued
> report, a changed key, cosignatures of a witness and a time stamp. It then lays hands on it in each of the
> ways listed below, one at a time or several together, and each time asks `jianzheng verify` what was done:
> everything must be named, at its exact place, and nothing else.

这一页由演练自己写出：{on.isoformat()}，`{command}`，种子 {seed}。

> This page is written by the drill itself: {on.isoformat()}, `{command}`, seed {seed}.

“找到”是说核验发现了这处改动；“指得准”是说类别、对象和位置都对，记录的档号也对；“误报”是没有人动过却被指出的，或者同一处说了两遍的。
几种一起时，如果事件或账本本身被改，检索索引和年报就没有可靠的对照，核验会说明没有核对它们；把事件和账本从备份恢复以后再核验一次，就会指出来。
这样的改动记在“恢复以后”一栏，也算在“指得准”里。服务器上不把这两类改动合在一起。

> *Found*: the check noticed it. *Exact*: class, object, place and record are right. *False*: something named
> that nobody touched, or named twice. Where events or ledger were altered in the same case, there is nothing to
> hold search index and reports against, and the check says that it did not look at them; when events and ledger
> have been restored from a backup, the next check names what was done there. These stand under *after
> restoring*, and count as exact. On servers the two are not combined.
""".splitlines()


def _table(name: str, outcome: Outcome) -> Iterable[str]:
    zh, en = {
        "embedded": ("单机：SQLite 和目录", "Embedded: SQLite and a folder"),
        "servers": (
            "服务器：PostgreSQL、S3 存储桶和 Elasticsearch",
            "On servers: PostgreSQL, an S3 bucket, Elasticsearch",
        ),
    }[name]
    total = outcome.total()
    yield f"\n## {zh}\n\n> {en}\n"
    yield (
        f"{len(outcome.results)} 次演练，{total.all} 处改动：找到 {total.found} 处，指得准 {total.exact} 处，"
        f"误报 {total.false} 处。\n"
    )
    yield (
        f"> {len(outcome.results)} cases, {total.all} mutations: {total.found} found, {total.exact} named exactly, "
        f"{total.false} false findings.\n"
    )
    yield (
        "| 类别 · class | 对象 · target | 单独 · alone | 合并 · together | 找到 · found | 指得准 · exact"
        " | 恢复以后 · after restoring | 误报 · false |"
    )
    yield "|---|---|---:|---:|---:|---:|---:|---:|"
    counts = outcome.by_place()
    for klass, (klass_zh, _) in CLASSES.items():
        for target, (target_zh, target_en) in TARGETS.items():
            if (each := counts.get(f"{klass}\0{target}")) is not None:
                cells = each.alone, each.together, each.found, each.exact, each.later, each.false
                yield f"| {klass_zh} · {klass} | {target_zh} · {target_en} | {' | '.join(map(str, cells))} |"
    for each in (result for result in outcome.results if not result.ok):
        yield f"\n没有通过 · failed: case {each.seed}, {' + '.join(kind.name for kind in each.kinds)}"


def _limits(shown: Sequence[Shown]) -> Iterable[str]:
    yield """
## 核验自己发现不了的

> What the check cannot find by itself

核验对照的是档案库里的东西。谁要是能把这些全部换掉，包括用账本真正的密钥重新签名，就只有留在外面的东西能揭穿。下表每一格都由演练在单机的档案库上试过：
✓ 是只靠这一样就能发现，— 是发现不了。

> The check compares what lies in the archive. Whoever can replace all of it, and sign it again with the log's
> real key, is found only by what was kept outside. Each cell was tried by the drill on an
> embedded archive: ✓ found by this alone, — not found.
"""
    yield "| 做了什么 · what was done | " + " | ".join(f"{zh} · {en}" for zh, en in MEANS.values()) + " |"
    yield "|---|" + "---|" * len(MEANS)
    for each in shown:
        cells = " | ".join("✓" if means in each.found else "—" for means in MEANS)
        yield f"| {each.limit.zh} · {each.limit.en} | {cells} |"
    yield ""
    for each in shown:
        if each.limit.rest_zh:
            yield f"- {each.limit.zh}：{each.limit.rest_zh}"
    yield ""
    for each in shown:
        if each.limit.rest_en:
            yield f"> - {each.limit.en}: {each.limit.rest_en}"


def _kinds(embedded: Outcome, servers: Outcome | None) -> Iterable[str]:
    yield f"""
## 动过的手脚

> The kinds of tampering

共 {len(KINDS)} 种；后两栏是它在单机和服务器上各出现几次，“·”是那里没有这种手脚。

> {len(KINDS)} kinds; the last two columns say how often each came, embedded and on servers; “·” where it cannot
> be done.

| 手脚 · kind | 类别 · class | 对象 · target | 单机 · embedded | 服务器 · servers |
|---|---|---|---:|---:|"""
    here, there = embedded.by_kind(), {} if servers is None else servers.by_kind()
    for kind in KINDS.values():
        counts = [
            str(found[kind.name].all if kind.name in found else 0) if able else "·"
            for found, able in ((here, kind.embedded), (there, kind.servers))
        ]
        yield f"| {kind.zh} · {kind.name} | {kind.klass} | {TARGETS[kind.target][1]} | {' | '.join(counts)} |"


def names_on(text: str) -> set[tuple[str, str, str]]:
    """The kinds that a page lists: name, class, target."""
    rows = [line.strip("| ").split(" | ") for line in text.partition("· embedded |")[2].splitlines()]
    return {(row[0].partition(" · ")[2], row[1], row[2]) for row in rows if len(row) == 5}
