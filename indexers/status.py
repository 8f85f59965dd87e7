"""How the background work stands: how far each part is, what stands still, what was set aside, when jobs were done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.bootstrap import House
from adapters.work import Fault, Stopped
from domain.errors import JianzhengError, Lang, Unavailable
from indexers.setaside import TEXT, Item, NameOf, instant, items
from indexers.timestamping import PART
from indexers.watched import witnesses


def nobody_asks(_: object) -> str | None:
    """No record is named."""
    return None


def status(
    house: House, faults: Mapping[str, JianzhengError], lang: Lang = "zh", name_of: NameOf = nobody_asks
) -> dict[str, Any]:
    """``faults`` are those of this process's own followers, which may be unable to write them down."""
    counts, found = house.queue.counts(), items(house)
    head, size = house.events.head(), house.ledger.size()
    figures = house.figures.size()
    return {
        "events": head,
        "ledger": {"tree_size": size, "behind": max(0, head - house.ledger.tracking())},
        "search": {
            **_index(house, size, lang),
            "unreadable": [
                {"leaf_index": item.event.leaf, "why": item.fault.en}
                for item in found
                if item.part == "search" and item.event is not None
            ],
        },
        "figures": {"position": figures, "behind": max(0, size - figures)},
        "text": {
            "waiting": counts.get("waiting", 0),
            "done": counts.get("done", 0),
            "aside": [_file(item) for item in found if item.part == TEXT and item.aside],
        },
        "witnesses": witnesses(house, lang),
        "erasures": [
            {"record": name_of(each.stream), "revision": each.version, "why": each.zh if lang == "zh" else each.en}
            for each in house.erasures.left()
        ],
        "faults": [_standing(each, lang) for each in standing(house, faults)],
        "aside": [item.as_json(name_of, lang) for item in found if item.aside],
        "failing": [item.as_json(name_of, lang) for item in found if not item.aside],
        "jobs": [{"name": name, "last": instant(last)} for name, last in sorted(house.work.jobs().items())],
    }


def _index(house: House, size: int, lang: Lang) -> dict[str, Any]:
    """How far the search index is; while its server is away nobody knows, and the reason is told."""
    try:
        position = house.engine.position()
    except Unavailable as error:
        return {"position": None, "behind": None, "fault": {"code": error.code, "message": error.message(lang)}}
    return {"position": position, "behind": max(0, size - position), "fault": None}


def standing(house: House, faults: Mapping[str, JianzhengError]) -> list[Stopped]:
    """The parts that stand still, of any process. An authority outside that fails is none: nothing waits for it."""
    found = {each.part: each for each in house.work.standing() if not each.part.startswith(PART)}
    for part, error in faults.items():
        found.setdefault(part, Stopped(part, Fault.of(error), 1, 0.0, 0.0))
    return [found[part] for part in sorted(found)]


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
