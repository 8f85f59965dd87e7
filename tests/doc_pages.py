"""The documents as tests read them: the blocks of code of a page, and the files that it shows."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
FENCE = re.compile(r"^```(\w*)(?: ([^\n]+))?\n(.*?)^```", re.DOTALL | re.MULTILINE)
COMMAND = re.compile(r"^(?:\$ )?(?:\.venv/bin/)?(jianzheng .*)$", re.MULTILINE)


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(page: Path, *languages: str) -> list[str]:
    """The page's blocks of code in those languages, in any language when none is given."""
    found = FENCE.findall(page.read_text("utf-8"))
    return [text for language, _, text in found if not languages or language in languages]


def commands(page: Path) -> list[str]:
    """The lines of the page's examples that call the program, continued lines joined."""
    usage = page.name == "cli.md"  # shows the shape of calls, not calls
    return [] if usage else COMMAND.findall("\n".join(blocks(page)).replace("\\\n", " "))


def files(page: Path) -> dict[str, str]:
    """The files that the page shows: blocks whose first line names one behind the language."""
    return {name: text for _, name, text in FENCE.findall(page.read_text("utf-8")) if name}


def write_files(page: Path, folder: Path) -> None:
    for name, text in files(page).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
