"""The measured figures as Markdown, and the place in ``docs/PERFORMANCE.md`` where they go."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PAGE = Path("docs/PERFORMANCE.md")
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
ON_SERVERS = ("<!-- measured on servers: begin -->", "<!-- measured on servers: end -->")
OF_GROWTH = ("<!-- measured growth: begin -->", "<!-- measured growth: end -->")
GROWTH_ON_SERVERS = ("<!-- measured growth on servers: begin -->", "<!-- measured growth on servers: end -->")
OF_SCALE = ("<!-- measured scale: begin -->", "<!-- measured scale: end -->")
SCALE_ON_SERVERS = ("<!-- measured scale on servers: begin -->", "<!-- measured scale on servers: end -->")
_HEAD = (
    "| row | records | work | compared with | ours | theirs | ratio: min / **median** / max | target | |\n"
    "|---|---|---|---|---|---|---|---|---|\n"
)

_ROW = re.compile(r"\| (\d+) `([^`]+)` \| ([\d,]+) \|")
_LATER = re.compile(r"^(`[^:]+`): measured on (.+)$", re.MULTILINE)


def lines(result: dict[str, Any]) -> Iterator[str]:
    """One line a comparison, for a person who waits."""
    for c in result["comparisons"]:
        ratio, ours = c["ratio"], c["ours"]["median"]
        said = "" if c["met"] is None else f" (target {c['target']}: {'met' if c['met'] else 'missed'})"
        yield f"{c['work']} — {ours:g} {c['unit']}, {ratio['median']:.2f} × {c['against']}{said}"


def render(measured: dict[str, Any], before: str = "") -> str:
    """``before`` is what stands on the page: rows that were not measured now stay, with the words on when they were."""
    fresh = {(each["name"], f"{each['records']:,}") for each in measured["rows"]}
    old = [
        line
        for line in before.splitlines(keepends=True)
        if (match := _ROW.match(line)) and match.group(2, 3) not in fresh
    ]
    rows, said = sorted([*old, *_rows(measured["rows"])], key=_place), _said(measured["machine"])
    if not old:
        return f"Measured on {said}\n\n{_HEAD}" + "".join(rows)
    first, *_ = before.splitlines()
    later = {words: _names(names) for names, words in _LATER.findall(before)}
    left = {match[2] for line in old if (match := _ROW.match(line))}
    later = {words: names & left - {name for name, _ in fresh} for words, names in later.items()}
    later[said] = later.get(said, set()) | {name for name, _ in fresh}
    told = "".join(
        f"{', '.join(f'`{n}`' for n in sorted(names))}: measured on {w}\n\n" for w, names in later.items() if names
    )
    return f"{first}\n\n{told}{_HEAD}" + "".join(rows)


def _said(machine: dict[str, Any]) -> str:
    """On which day and machine."""
    said = (
        f"{machine['date']}: {machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB, "
        f"{machine['disk']}, {machine['os']}, Python {machine['python']}."
    )
    if servers := machine.get("servers"):
        said += f" On the same machine {servers}."
    return said


def _names(listed: str) -> set[str]:
    return {each.strip("` ") for each in listed.split(",")}


def _place(line: str) -> tuple[int, int]:
    """Rows stand in the order of their numbers, and of the records that they were measured with."""
    match = _ROW.match(line)
    return (int(match[1]), int(match[3].replace(",", ""))) if match else (0, 0)


def write(measured: dict[str, Any], page: Path = PAGE, marks: tuple[str, str] = (BEGIN, END)) -> None:
    """Put the figures between the marks of the page; everything else on it stays, rows measured another day too."""
    text, (begin, end) = page.read_text("utf-8"), marks
    changed, count = re.subn(
        f"{re.escape(begin)}\n(.*?){re.escape(end)}",
        lambda there: f"{begin}\n{render(measured, there[1])}{end}",
        text,
        flags=re.DOTALL,
    )
    if count != 1:
        raise SystemExit(f"{page} has no place for the figures: {begin} … {end}")
    page.write_text(changed, "utf-8")


def _rows(results: list[dict[str, Any]]) -> Iterator[str]:
    for result in results:
        for c in result["comparisons"]:
            ratio = c["ratio"]
            cells = (
                f"{result['row']} `{result['name']}`",
                f"{result['records']:,}",
                c["work"],
                c["against"],
                f"{c['ours']['median']:,g} {c['unit']}",
                f"{c['theirs']['median']:,g} {c['unit']}",
                f"{ratio['min']:.2f} / **{ratio['median']:.2f}** / {ratio['max']:.2f}",
                c["target"] or "–",
                {True: "met", False: "**missed**", None: ""}[c["met"]],
            )
            yield "| " + " | ".join(cells) + " |\n"
