"""How the background work stands: how far each part is, what stands still, what was set aside, when jobs were done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapters.erasures.log import ErasureLog
from adapters.ledger.policy import PolicyFile
from adapters.queue.text_queue import QueueTables
from adapters.witness.store import CosignatureStore
from adapters.work.log import OUTSIDE, Fault, Stopped, WorkLog
from domain.errors import JianzhengError, Lang, Unavailable
from domain.ports.events import EventStore
from domain.ports.ledger import LedgerTables
from domain.ports.reports import FiguresReader
from domain.ports.search import SearchEngine
from domain.words import Words
from indexers.loop.dead_letters import TEXT, Item, NameOf, instant, items
from indexers.loop.quarantine import ALTERED
from indexers.loop.witness_status import witnesses

PARTS: dict[str, Words] = {
    "ledger": Words("账本", "ledger"),
    "search": Words("检索索引", "search index"),
    "search" + ALTERED: Words("检索索引被改动过", "search index altered"),
    "figures": Words("年报底账", "index of figures"),
    TEXT: Words("提取文字", "texts of files"),
    "renewal": Words("更新文字", "renewal of texts"),
    "erasure": Words("销毁", "erasures"),
    "locks": Words("文件锁定", "locks on files"),
    "witnesses": Words("请见证方签名", "asking of witnesses"),
    "timestamps": Words("时间戳", "time stamps"),
    "housekeeping": Words("定时清理", "clean-up"),
}
"""The followers of `indexers.pipeline`, and what the work log tells of what they keep."""
JOBS: dict[str, Words] = {
    "clean-up": Words("清理中断的录入留下的文件", "files left by interrupted filings"),
    "sweep": Words("清理没有用上的上传", "uploads that nobody used"),
}
"""What `indexers.pipeline` has done by the clock."""


def part_name(part: str) -> Words:
    """What a part is called; the work log may hold one of another version, which is its own name."""
    return PARTS.get(part, Words(part, part))


def nobody_asks(_: object) -> str | None:
    """No record is named."""
    return None


@dataclass(frozen=True)
class Followed:
    """What tells how far each part is."""

    events: EventStore
    ledger: LedgerTables
    engine: SearchEngine
    figures: FiguresReader
    queue: QueueTables
    work: WorkLog
    erasures: ErasureLog
    trust: PolicyFile
    cosignatures: CosignatureStore


def status(
    there: Followed, faults: Mapping[str, JianzhengError], lang: Lang = "zh", name_of: NameOf = nobody_asks
) -> dict[str, Any]:
    """``faults`` are those of this process's own followers, which may be unable to write them down."""
    counts, failed = there.queue.counts(), items(there.work, there.queue)
    head, size = there.events.head(), there.ledger.size()
    figures = there.figures.size()
    return {
        "events": head,
        "ledger": {"tree_size": size, "behind": max(0, head - there.ledger.tracking())},
        "search": {
            **_index(there.engine, size, lang),
            "unreadable": [
                {"leaf_index": item.event.leaf, "why": item.fault.en}
                for item in failed
                if item.part == "search" and item.event is not None
            ],
        },
        "figures": {"position": figures, "behind": max(0, size - figures)},
        "text": {
            "waiting": counts.get("waiting", 0),
            "done": counts.get("done", 0),
            "aside": [_file(item) for item in failed if item.part == TEXT and item.aside],
        },
        "witnesses": witnesses(there.trust, there.cosignatures, there.ledger, lang),
        "erasures": [
            {"record": name_of(each.stream), "revision": each.version, "why": each.zh if lang == "zh" else each.en}
            for each in there.erasures.left()
        ],
        "faults": [_standing(each, lang) for each in standing(there.work, faults)],
        "aside": [item.as_json(name_of, lang) for item in failed if item.aside],
        "failing": [item.as_json(name_of, lang) for item in failed if not item.aside],
        "jobs": [{"name": name, "last": instant(last)} for name, last in sorted(there.work.jobs().items())],
    }


def _index(engine: SearchEngine, size: int, lang: Lang) -> dict[str, Any]:
    """How far the search index is; while its server is away nobody knows, and the reason is told."""
    try:
        position = engine.position()
    except Unavailable as error:
        return {"position": None, "behind": None, "fault": {"code": error.code, "message": error.message(lang)}}
    return {"position": position, "behind": max(0, size - position), "fault": None}


def standing(work: WorkLog, faults: Mapping[str, JianzhengError]) -> list[Stopped]:
    """The parts that stand still, of any process. An authority outside that fails is none: nothing waits for it."""
    still = {each.part: each for each in work.standing() if not each.part.startswith(OUTSIDE)}
    for part, error in faults.items():
        still.setdefault(part, Stopped(part, Fault.of(error), 1, 0.0, 0.0))
    return [still[part] for part in sorted(still)]


def _standing(each: Stopped, lang: Lang) -> dict[str, Any]:
    return {
        "part": each.part,
        "code": each.fault.code,
        "message": each.fault.zh if lang == "zh" else each.fault.en,
        "attempts": each.attempts,
        "first": instant(each.first) if each.first else None,
        "last": instant(each.last) if each.last else None,
    }


def _file(item: Item) -> dict[str, Any]:
    return {"sha256": item.subject, "why": item.fault.en, "code": item.fault.code, "attempts": item.attempts}
