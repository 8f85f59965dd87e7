"""The locks indexer: follows the events and has each file in the bucket locked for as long as its records ask.

A file is locked from its first moment for the days of the settings, before anybody has named it; this lengthens that
as soon as an event does. It may be killed at any point: what it notes as done was done, and the rest is done again,
which changes nothing. Every `AGAIN` all events are walked anew: what is permanent gets another year, and a lock that
somebody shortened, or lost in a move to another bucket, is mended and counted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from adapters.blobs.s3_locks import NAMED, Found, Progress, Walk, lock_file, read_progress, rule_of, write_progress
from adapters.s3.client import Client
from domain.errors import EventUnreadable
from domain.files import Keeping
from domain.ports.events import EventStore, StoredRow
from domain.streams import ABOUT_FILES, SUBJECT_OF, files_named

BATCH = 500
"""Events whose files are seen to before it is noted."""

AT_ONCE = 8
"""Files under way together."""

AGAIN = timedelta(days=30)
SOON = timedelta(days=1)
"""After this everything is looked at again; sooner where something was refused."""


class Locks:
    """``clock`` is asked for today's date; ``zone`` says where a year begins. ``unreadable``: stream → why.
    ``kept_as`` gives the digests under which a file may lie, where that is not its own: none of one that was erased."""

    def __init__(
        self,
        events: EventStore,
        client: Client,
        clock: Callable[[], datetime],
        zone: ZoneInfo,
        kept_as: Callable[[str], Sequence[str]] = lambda sha256: (sha256,),
    ) -> None:
        self.events, self.client, self.clock, self.zone, self.kept_as = events, client, clock, zone, kept_as
        self.unreadable: dict[UUID, str] = {}
        self._notes = Progress()  # as they were last seen
        self._seen = 0  # up to here no event names a file that this walk has not seen to

    def run_once(self) -> int:
        """See to the files of the next batch of events; returns how many events, 0 when nothing is left.

        Raises `Unavailable` where the server is; of single files that cannot be locked the number is noted.
        """
        rule, now = rule_of(self.client), self.clock()
        if not rule:
            return 0
        if not _due(self._notes, rule, now) and not self.events.rows(self._seen, 1):
            return 0
        notes, over = read_progress(self.client)
        if _due(notes, rule, now):
            notes = _begun(notes, rule, now)
        walk = notes.walk
        self._seen = max(self._seen, walk.position) if walk.began == self._notes.walk.began else walk.position
        self._notes = notes
        rows = self.events.rows(self._seen, BATCH)
        last = len(rows) < BATCH
        if rows and rows[0].position <= walk.known < rows[-1].position:
            rows, last = [row for row in rows if row.position <= walk.known], False
        seen_to = self._see_to(rows, now)
        position = rows[-1].position if rows else self._seen
        walk = _counted(walk, seen_to, position)
        if last and not walk.ended:
            walk = replace(walk, ended=now.isoformat())
        elif not seen_to and last:  # nothing to note
            self._seen = position
            return len(rows)
        notes = replace(notes, walk=walk)
        if write_progress(self.client, notes, over):
            self._notes, self._seen = notes, position
        return len(rows)

    def _see_to(self, rows: list[StoredRow], now: datetime) -> list[tuple[str, Found]]:
        wanted: dict[str, Keeping] = {}
        for stream in dict.fromkeys(row.id for row in rows if row.topic in ABOUT_FILES):
            for sha256, keeping in self._kept(stream, now).items():
                wanted[sha256] = keeping.joined(wanted.get(sha256, keeping))

        def lock(sha256: str) -> tuple[str, Found]:
            until = datetime.combine(wanted[sha256].until, time(), self.zone)
            state: Found | None = None  # of one that was erased
            for name in self.kept_as(sha256):
                state = lock_file(self.client, name, until, wanted[sha256].permanent)
                if state != "missing":
                    break
            return sha256, state or "right"

        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="lock") as pool:
            return list(pool.map(lock, wanted))

    def _kept(self, stream: UUID, now: datetime) -> dict[str, Keeping]:
        """What a record asks for by all that is known of it, whichever of its events is at hand."""
        try:
            history = self.events.stream(stream)
            keeps = SUBJECT_OF[type(history[0])].keeps
            return {} if keeps is None else keeps(history, now.astimezone(self.zone).date())
        except (EventUnreadable, KeyError, TypeError, IndexError) as error:  # its files stay locked as they are
            self.unreadable[stream] = f"{type(error).__name__}: {error}"
            return {}


def waiting(events: EventStore, client: Client) -> int:
    """How many files are named by events that were not followed yet, so that their locks may be too short."""
    notes, _ = read_progress(client)
    position, digests = (notes.walk.position if notes.rule == rule_of(client) else 0), set[str]()
    while rows := events.rows(position, BATCH):
        for row in rows:
            if row.topic in ABOUT_FILES:
                digests.update(file["sha256"] for file in files_named(events.decode(row)))
        position = rows[-1].position
    return len(digests)


def _due(notes: Progress, rule: str, now: datetime) -> bool:
    """Whether everything has to be looked at (again)."""
    if notes.rule != rule or not notes.walk.began:
        return True
    age = now - datetime.fromisoformat(notes.walk.began)
    return bool(notes.walk.ended) and not timedelta() <= age < (SOON if notes.walk.refused else AGAIN)


def _begun(notes: Progress, rule: str, now: datetime) -> Progress:
    """The first walk by these settings, or one more."""
    if notes.rule != rule:
        return Progress(rule, Walk(now.isoformat()))
    return Progress(rule, Walk(now.isoformat(), known=notes.walk.position), notes.walk)


def _counted(walk: Walk, seen_to: list[tuple[str, Found]], position: int) -> Walk:
    refused = [sha256 for sha256, what in seen_to if what == "refused"]
    known = position <= walk.known
    return replace(
        walk,
        position=position,
        files=walk.files + len(seen_to),
        mended=walk.mended + sum(1 for _, what in seen_to if known and what == "short"),
        missing=walk.missing + sum(1 for _, what in seen_to if what == "missing"),
        refused=walk.refused + len(refused),
        names=(*walk.names, *refused)[:NAMED],
    )
