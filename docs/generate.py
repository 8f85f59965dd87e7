"""Writes `docs/reference/` from the code: `make docs`. A test compares, so that the pages cannot go stale."""

from __future__ import annotations

from pathlib import Path

from api.cli.reference import page as cli_page
from api.common.schema import as_text
from docs.reference_pages import errors, events, http, records, settings

FOLDER = Path(__file__).resolve().parent / "reference"


def pages() -> dict[str, str]:
    """File name → text of every generated page."""
    return {
        "cli.md": cli_page(),
        "errors.md": errors.page(),
        "events.md": events.page(),
        "http.md": http.page(),
        "records.md": records.page(),
        "settings.md": settings.page(),
        "../schemas/record.schema.json": as_text(),
    }


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text.rstrip("\n") + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
