"""The locks of kept files: as long as the records ask, and how far the walk over all of them is.

What was found and done is noted in the bucket itself (``retention/progress``), so that the notes and the locks that
they tell of are never parted: another bucket begins anew, and so does another kind of lock.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from adapters.blobs.s3_inventory import key_of, versions
from adapters.blobs.s3_sending import plain
from adapters.s3.bucket import SAME_DAY, hold, lock_until
from adapters.s3.client import Client, Kept
from adapters.s3.faults import FileStoreDenied
from adapters.s3.places import RETENTION
from domain.errors import InvalidDigest, StorageFailed

PROGRESS = f"{RETENTION}progress"

A_YEAR = timedelta(days=366 + 1)
"""A lock that is that much too short at the most was right a year ago."""

NAMED = 20
"""Refused files that are noted by name; of more only the number."""

Found = Literal["right", "renewed", "short", "missing", "refused"]
"""What became of one file: ``renewed`` was right a year ago, ``short`` was not, ``missing`` is for `verify` to name,
``refused`` could not be locked."""


@dataclass(frozen=True)
class Walk:
    """One walk over all events. ``known``: how far the last one was when this one began; what was found short up to
    there had been right before."""

    began: str = ""  # ISO 8601
    position: int = 0
    known: int = 0
    ended: str = ""
    files: int = 0
    mended: int = 0
    missing: int = 0
    refused: int = 0
    names: tuple[str, ...] = ()  # some of those that were refused


@dataclass(frozen=True)
class Progress:
    rule: str = ""  # the settings that it was done by
    walk: Walk = field(default_factory=Walk)
    last: Walk | None = None  # the one before, which is complete

    def counted(self) -> Walk:
        """The walk that has something to tell: this one once it is complete, or else the one before."""
        return self.walk if self.walk.ended or self.last is None else self.last


def rule_of(client: Client) -> str:
    """Empty where nothing is locked."""
    address = client.address
    return "" if address.lock == "off" else f"{address.lock} {address.days}"


def read_progress(client: Client) -> tuple[Progress, Kept | None]:
    """What is noted, and the object that says so, for `write_progress`. Notes that cannot be read are none."""
    kept = client.head(PROGRESS)
    data = None if kept is None else client.read(PROGRESS)
    if data is None:
        return Progress(), kept
    try:
        notes = json.loads(data)
        last = None if notes["last"] is None else _walk(notes["last"])
        return Progress(str(notes["rule"]), _walk(notes["walk"]), last), kept
    except (ValueError, TypeError, KeyError):
        return Progress(), kept


def write_progress(client: Client, progress: Progress, over: Kept | None) -> bool:
    """False, and nothing written, where another process was faster."""
    return client.replace(PROGRESS, json.dumps(asdict(progress)).encode(), over)


def _walk(notes: dict[str, Any]) -> Walk:
    numbers = {name: int(notes[name]) for name in ("position", "known", "files", "mended", "missing", "refused")}
    names = tuple(str(name) for name in notes["names"])
    if datetime.fromisoformat(str(notes["began"])).tzinfo is None:
        raise ValueError
    return Walk(began=str(notes["began"]), ended=str(notes["ended"]), names=names, **numbers)


def lock_file(client: Client, sha256: str, until: datetime, permanent: bool) -> Found:
    """Lock a file at least until then, and what is permanent without an end besides.

    Where the current version is not what was kept (it was written over, or a marker hides it), every version is locked:
    one of them is what it can be restored from. Raises `Unavailable`.
    """
    try:
        key = key_of(sha256)
    except InvalidDigest:  # an event that somebody changed
        return "missing"
    kept = client.head(key)
    try:
        if kept is not None and (kept.checksum in plain(sha256) or "-" in (kept.checksum or "")):
            return _lock(client, key, kept, until, permanent)
        for each in versions(client, key):
            if not each.deleted and (old := client.head(key, each.version)) is not None:
                _lock(client, key, old, until, permanent)
    except (StorageFailed, FileStoreDenied):  # of this file; what nobody can reach ends the walk
        return "refused"
    return "missing" if kept is None else "right"


def _lock(client: Client, key: str, kept: Kept, until: datetime, permanent: bool) -> Found:
    state: Found = "right"
    if kept.locked_until is None or kept.locked_until + SAME_DAY < until:
        renewed = permanent and kept.locked_until is not None and kept.locked_until + A_YEAR >= until
        state = "renewed" if renewed else "short"
        lock_until(client, key, kept, until)
    if permanent and not kept.legal_hold:
        state = "short"
        hold(client, key, kept, on=True)
    return state
