"""Samples of every event, and streams as the rules make them; a subject has its own in its folder of `tests/unit`.

Its module ``event_samples.py`` has ``SAMPLES``, one event of each kind, whose bytes are kept for ever, and
``STREAMS``, histories in which each kind comes up. A new subject's are found by themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from uuid import UUID

from domain.event import Event
from domain.streams import stream_of
from tests.fakes import NOON

HEADER = {
    "originator_id": UUID("5f0f8b54-4d8e-5d0c-9c57-1d2f3a4b5c6d"),
    "originator_version": 3,
    "recorded_at": NOON.isoformat(timespec="microseconds"),
    "actor": "clerk",
    "salt": "000102030405060708090a0b0c0d0e0f",
}
RANDOM = UUID("5f0f8b54-4d8e-4d0c-9c57-1d2f3a4b5c6d")


@cache
def modules() -> tuple[ModuleType, ...]:
    folders = sorted((Path(__file__).parent / "unit").glob("*/event_samples.py"))
    return tuple(import_module(f"tests.unit.{path.parent.name}.event_samples") for path in folders)


def samples() -> list[Event]:
    """One of every kind."""
    return [sample for module in modules() for sample in module.SAMPLES]


def streams() -> list[list[Event]]:
    """Whole streams; each kind is in one of them."""
    return [stream for module in modules() for stream in module.STREAMS]


def in_turn(events: Iterable[Event]) -> list[Event]:
    """The events as the first ones of a stream, wherever they lay: of their own, or of one with a random id."""
    return [
        replace(event, originator_id=stream_of(event) or RANDOM, originator_version=n)
        for n, event in enumerate(events, start=1)
    ]
