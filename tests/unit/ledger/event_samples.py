"""Of the acts on the keys of a ledger."""

from __future__ import annotations

from dataclasses import replace

from domain.event import Event
from domain.keys import events as keys
from domain.keys.history import statement
from domain.ledger.note import ED25519, Note, Signature, VerifierKey
from tests.event_samples import HEADER, in_turn

OLD_KEY = "archive.example/log+97ffed00+AbBSDgH/OUeJGydVU2Ly5TmMiI6KKKHYW4wVMnONsv3D"
NEW_KEY = "archive.example/log+ae79150e+AYM+O0CquYzJLEILlas4ec29Gst7Vjs7exwedfecq3i5"
NOTE = "jianzheng/key-rotated@v1\narchive.example/log\n\n— archive.example/log l//tAA==\n"

SAMPLES: list[Event] = [
    keys.KeyRotated(origin="archive.example/log", size=41, old=OLD_KEY, new=NEW_KEY, note=NOTE, **HEADER),
    keys.KeyRetired(origin="archive.example/log", size=41, key=OLD_KEY, reason="到期更换", note=NOTE, **HEADER),
    keys.KeySucceeded(
        origin="archive.example/log", size=41, lost=[OLD_KEY], new=NEW_KEY, reason="磁盘损坏", note=NOTE, **HEADER
    ),
]

ORIGIN = "archive.example/log"
OLD, NEW = (VerifierKey(ORIGIN, ED25519, bytes([n]) * 32) for n in (1, 2))


def signed(*acts: Event) -> list[Event]:
    """With notes of both keys, as far as whoever believes every signature can tell."""
    both = tuple(Signature(ORIGIN, key.key_id, bytes(64)) for key in (OLD, NEW))
    return [replace(act, note=Note(statement(act), both).encode()) for act in in_turn(acts)]


STREAMS = [
    signed(
        keys.KeyRotated(origin=ORIGIN, size=41, old=OLD.encode(), new=NEW.encode(), note="", **HEADER),
        keys.KeyRetired(origin=ORIGIN, size=41, key=OLD.encode(), reason="到期更换", note="", **HEADER),
    ),
    signed(
        keys.KeySucceeded(
            origin=ORIGIN, size=41, lost=[OLD.encode()], new=NEW.encode(), reason="磁盘损坏", note="", **HEADER
        )
    ),
]
