"""The question of ``jianzheng check`` about time stamps: which authority answered when, and since when one does not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from adapters.servers.safety import of_signed_line
from api.cli.check_answers import Answer, Look
from domain.errors import Unavailable


def timestamps(look: Look) -> Answer:
    """The newest stamp of each authority, times in ISO 8601; a warning where one fails or has no roots, or a stamp is
    bad.
    """
    from adapters.home import parts
    from indexers.timestamping import failing, kept

    wanted = look.settings.timestamp_authorities
    lines = [(f"时间戳机构 {each.name}", f"the time-stamping authority {each.name}", each.url) for each in wanted]
    unsafe = [remark for line in lines for remark in of_signed_line(*line)]
    try:
        stamps = parts.files(look.settings, look.context.servers).timestamps()
        newest = kept(stamps, look.settings.roots_of, newest=True)
    except Unavailable:  # that the files are away is said once, of the files
        zh, en = "时间戳和文件放在一起，现在看不到", "the stamps lie with the files and cannot be seen now"
        return Answer(zh, en, unsafe=unsafe, facts={"authorities": []}, warning=True)
    if not wanted and not newest:
        return Answer("没有设置时间戳机构", "no time-stamping authority is set", facts={"authorities": []})
    failed, told = failing(look.context.work), []
    for each in wanted:
        last = next((stamp for stamp in newest if stamp.name.authority == each.name), None)
        fault = failed.get(each.name)
        told.append(
            {
                "name": each.name,
                "url": each.url,
                "tree_size": None if last is None else last.name.size,
                "time": None if last is None or last.stamped is None else last.stamped.time.isoformat(),
                "failing_since": None if fault is None else datetime.fromtimestamp(fault.first, UTC).isoformat(),
                "attempts": 0 if fault is None else fault.attempts,
                "error": None if fault is None else fault.fault.code,
            }
        )
    bad = [stamp.name.label for stamp in newest if stamp.problem is not None]
    rootless = [each.name for each in parts.authorities(look.settings) if not each.roots.is_file()]
    zh, en = _said(told, bad, rootless)
    facts = {"authorities": told, "bad": bad, "without_roots": rootless}
    warning = bool(bad or rootless or any(each["error"] for each in told))
    return Answer(zh, en, unsafe=unsafe, facts=facts, warning=warning)


def _said(told: Sequence[dict[str, Any]], bad: Sequence[str], rootless: Sequence[str]) -> tuple[str, str]:
    zh, en = [], []
    for each in told:
        name = each["name"]
        if each["error"]:
            since, times = each["failing_since"], each["attempts"]
            zh.append(f"{name} 从 {since} 起没有盖成（{each['error']}，试过 {times} 次），会自动再试")
            en.append(f"{name} gave none since {since} ({each['error']}, {times} attempts) and will be asked again")
        if each["time"]:
            zh.append(f"{name} 最近盖到 {each['tree_size']} 条，{each['time']}")
            en.append(f"{name} stamped {each['tree_size']} leaves at {each['time']}")
        elif not each["error"]:
            zh.append(f"{name} 还没有盖过")
            en.append(f"{name} gave none yet")
    if not told:
        zh.append("没有设置时间戳机构，已有的留着")
        en.append("no time-stamping authority is set; the stamps that are there stay")
    if rootless:
        zh.append(f"缺少根证书：{'、'.join(rootless)}")
        en.append(f"no root certificate of {', '.join(rootless)}")
    if bad:
        zh.append(f"不成立的时间戳：{'、'.join(bad)}")
        en.append(f"stamps that do not hold: {', '.join(bad)}")
    return "；".join(zh), "; ".join(en)
