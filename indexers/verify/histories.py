"""The fast check by the domain's rules, for an archive whose events and ledger were found sound.

Each event was judged by itself while it was in hand (`FitsAlone`). Of a stream all of whose events fit alone nothing
is open but its count and, where it has several events and a random id, the order of its acts. The event store's index
tells that without reading the events again; and histories that went the same way are replayed once. Where that leaves
a doubt, `check_rules` replays every stream.
"""

from __future__ import annotations

from itertools import groupby
from uuid import UUID

from adapters.ledger.evidence import EventRows
from domain.ports import StoredRow
from indexers.verify.crew import Crew
from indexers.verify.fast import NOT_SURE, Checker
from indexers.verify.findings import Progress
from indexers.verify.rules import Replay

MAX_WAYS = 10_000
"""Ways of going, each the versions and topics of a whole stream, that are remembered as possible."""

LAST = 0xFF
"""Streams are looked at by the first two digits of their ids."""

Way = tuple[tuple[int, str], ...]
Span = tuple[str, str, int]
"""Streams from this id on, up to this one; events up to this position."""

_OPEN = """
SELECT e.originator_id, e.originator_version, e.topic FROM (
    SELECT originator_id FROM stored_events WHERE originator_id >= ? AND originator_id < ? AND position <= ?
    GROUP BY originator_id
    HAVING (COUNT(*) > 1 AND substr(originator_id, 13, 1) <> '5')
        OR MIN(originator_version) <> 1 OR MAX(originator_version) <> COUNT(*)
        OR COUNT(DISTINCT originator_version) <> COUNT(*)
    ) AS stream CROSS JOIN stored_events AS e ON e.originator_id = stream.originator_id AND e.position <= ?
ORDER BY e.originator_id, e.originator_version
"""
"""Streams that do not count from one, and those of several events whose id is not derived (a UUID of version 5)."""


def open_streams(checker: Checker, span: Span) -> dict[Way, list[str]]:
    """The streams whose order of events is to be judged, by the way they went."""
    low, high, end = span
    found: dict[Way, list[str]] = {}
    for stream, rows in groupby(checker.events.each(_OPEN, low, high, end, end), key=lambda row: str(row[0])):
        found.setdefault(tuple((version, topic) for _, version, topic in rows), []).append(stream)
    return found


def all_possible(
    crew: Crew[Checker], replay: Replay, events: EventRows, end: int, misfits: set[str], progress: Progress
) -> bool:
    """Whether the rules could have made every stream. False means "not sure": an index may be damaged as well.

    ``misfits`` are the streams (32 hexadecimal digits) of events that do not fit alone; ``end`` is the position of the
    last leaf's event.
    """

    def possible(stream: str) -> bool:
        rows = events.all(
            "SELECT position, originator_version, topic, state FROM stored_events"
            " WHERE originator_id = ? AND position <= ? ORDER BY originator_version",
            stream,
            end,
        )
        return replay([StoredRow(position, UUID(stream), *rest) for position, *rest in rows]) is None

    ways: set[Way] = set()
    spans = [(f"{n:02x}", f"{n + 1:02x}" if n < LAST else "g", end) for n in range(LAST + 1)]
    try:
        for number, streams in enumerate(crew.map(open_streams, spans), 1):
            for way, some in streams.items():
                for stream in some:
                    if way not in ways and stream not in misfits:
                        if not possible(stream):
                            return False
                        if len(ways) < MAX_WAYS:
                            ways.add(way)
            progress("rules", number, len(spans))
        return all(possible(stream) for stream in misfits)
    except NOT_SURE:
        return False
