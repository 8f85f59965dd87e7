"""Of keepsakes."""

from __future__ import annotations

from domain.keepsakes.events import KeepsakeKept, KeepsakeLost

from domain.event import Event
from tests.event_samples import HEADER, in_turn

FILE = {"name": "校徽.jpg", "sha256": "ab" * 32, "size": 12, "media_type": "image/jpeg", "role": "other"}
SAMPLES: list[Event] = [
    KeepsakeKept(organisation="school-01", title="校徽", files=[FILE], **HEADER),
    KeepsakeLost(reason="搬迁时遗失", **HEADER),
]
STREAMS = [in_turn(SAMPLES)]
