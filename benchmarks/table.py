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


def lines(result: dict[str, Any]) -> Iterator[str]:
    """One line a comparison, for a person who waits."""
    for c in result["comparisons"]:
        ratio, ours = c["ratio"], c["ours"]["median"]
        said = "" if c["met"] is None else f" (target {c['target']}: {'met' if c['met'] else 'missed'})"
        yield f"{c['work']} — {ours:g} {c['unit']}, {ratio['median']:.2f} × {c['against']}{said}"


def render(measured: dict[str, Any]) -> str:
    machine = measured["machine"]
    said = (
        f"Measured on {machine['date']}: {machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB, "
        f"{machine['disk']}, {machine['os']}, Python {machine['python']}."
    )
    if servers := machine.get("servers"):
        said += f" On the same machine {servers}."
    return f"{said}\n\n{_HEAD}" + "".join(_rows(measured["rows"]))


def write(measured: dict[str, Any], page: Path = PAGE, marks: tuple[str, str] = (BEGIN, END)) -> None:
    """Put the figures between the marks of the page; everything else on it stays."""
    text, (begin, end) = page.read_text("utf-8"), marks
    made = f"{begin}\n{render(measured)}{end}"
    changed, count = re.subn(f"{re.escape(begin)}.*?{re.escape(end)}", lambda _: made, text, flags=re.DOTALL)
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
