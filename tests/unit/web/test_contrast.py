"""The colours of the look are told apart by everyone: WCAG 2.2, criteria 1.4.3 and 1.4.11."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

LOOK = Path(__file__).resolve().parents[3] / "api" / "static" / "css" / "look.css"
COLOURS = dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6})", LOOK.read_text(encoding="utf-8")))

TEXT = [
    *((ink, ground) for ink in ("ink", "ink-2", "ink-3", "seal", "link") for ground in ("paper", "sheet", "wash")),
    ("ok", "ok-wash"), ("ok", "sheet"), ("due", "due-wash"), ("due", "sheet"), ("seal", "seal-wash"), ("ink", "mark"),
    ("sheet", "seal"),
]  # fmt: skip


@pytest.mark.parametrize(("ink", "ground"), TEXT)
def test_text_stands_out(ink: str, ground: str) -> None:
    """Text has a contrast of at least 4.5 to 1."""
    assert _contrast(COLOURS[ink], COLOURS[ground]) >= 4.5


@pytest.mark.parametrize("ground", ["sheet", "paper"])
def test_what_can_be_filled_in_has_an_edge(ground: str) -> None:
    """Borders of inputs and buttons have a contrast of at least 3 to 1."""
    assert _contrast(COLOURS["edge"], COLOURS[ground]) >= 3


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
