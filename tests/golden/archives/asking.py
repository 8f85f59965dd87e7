"""What is asked of an archive that is kept, and how a later answer is held against that of its day.

Answers may say more than they did; what they said stays. Left out is what tells of the machine or the moment, and the
sentences around an answer: their words may get better. Those of a report may not, unless its fold is another one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.cli_world import Shell

VOLATILE = frozenset({"took_ms", "behind"})
SENTENCES = frozenset({"gaps[].zh", "gaps[].en", "erasure.ground_zh", "erasure.ground_en", "not_checked[]"})


def questions(codes: Mapping[str, str]) -> list[list[str]]:
    """Commands, without ``--json``: each record as it is and was, searches, reports, lists."""
    asked = [["show", code] for code in codes.values()]
    asked += [["show", codes["party_lecture"], "--version", "1"], ["show", codes["party_lecture"], "--as-of", "40"]]
    for query in (
        "立行立改",
        "三楼会议室",
        "线路老化 -座谈会",
        "从历史中汲取力量",
        "补充说明",
        "签到",
        "党课 year:2023",
    ):
        asked.append(["search", query, "--limit", "50", "--sort", "oldest"])
    asked.append(["search", "立行立改", "--as-of", "40", "--sort", "oldest"])
    asked.append(["search", "正文", "--org", "school-02", "--family", "discussion", "--sort", "oldest"])
    for organisation in ("top", "school-01", "school-02"):
        asked.append(["report", "annual", "--org", organisation, "--year", "2023"])
    asked.append(["report", "annual", "--org", "school-01", "--year", "2023", "--as-of", "60"])
    asked += [["org", "list"], ["person", "list"], ["user", "list"], ["erasure", "list"], ["timestamp", "--list"]]
    return [*asked, ["key", "list"], ["checkpoint"], ["verify"]]


def answers(run: Shell, asked: list[list[str]]) -> list[dict[str, Any]]:
    """Each question with its exit code and what was answered."""
    found = []
    for words in asked:
        answer = run(*words, "--json")
        found.append({"asked": words, "code": answer.code, "answer": _settled(answer.json)})
    return found


def _settled(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _settled(each) for key, each in value.items() if key not in VOLATILE}
    return [_settled(each) for each in value] if isinstance(value, list) else value


def differences(then: Any, now: Any, place: str = "") -> Iterator[str]:
    """Where a later answer does not say what the one of then said."""
    if re.sub(r"\[\d+\]", "[]", place) in SENTENCES:
        return
    if isinstance(then, dict) and isinstance(now, dict):
        if then.get("fold_version") != now.get("fold_version"):
            then, now = {"figures": then["figures"]}, {"figures": now["figures"]}
        for key, value in then.items():
            inside = f"{place}.{key}".lstrip(".")
            if key not in now:
                yield f"{inside} is gone"
            else:
                yield from differences(value, now[key], inside)
    elif isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        for number, (one, other) in enumerate(zip(then, now, strict=True)):
            yield from differences(one, other, f"{place}[{number}]")
    elif then != now:
        yield f"{place}: {then!r} → {now!r}"
