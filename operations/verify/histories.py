"""The fast check by the domain's rules, for an archive whose events and ledger were found sound.

Each event was judged by itself while it was in hand (`FitsAlone`). Of a stream all of whose events fit alone nothing
is open but its count and, where it has several events and a random id, the order of its acts. The event store's index
tells that without reading the events again; and histories that went the same way are replayed once. Where that leaves
a doubt, `check_rules` replays every stream.
"""

from __future__ import annotations

from itertools import groupby
from uuid import UUID

from adapters.evidence.questions import EventEvidence
from domain.ports.events import StoredRow
from operations.verify.crew import Crew
from operations.verify.fast import NOT_SURE, Checker
from operations.verify.findings import Progress
from operations.verify.rules import Replay

MAX_WAYS = 10_000
"""Ways of going, each the versions and topics of a whole stream, that are remembered as possible."""

FIRST_BYTES = range(0x100)
"""Streams are looked at by the first byte of their ids."""

Way = tuple[tuple[int, str], ...]
Share = tuple[int, int]
"""The first byte of the streams' ids; events up to this position."""


def open_streams(checker: Checker, share: Share) -> dict[Way, list[str]]:
    """The streams whose order of events is to be judged, by the way they went."""
    ways: dict[Way, list[str]] = {}
    for stream, rows in groupby(checker.events.unsettled(*share), key=lambda row: str(row[0])):
        ways.setdefault(tuple((version, topic) for _, version, topic in rows), []).append(stream)
    return ways


def all_possible(
    crew: Crew[Checker], replay: Replay, events: EventEvidence, end: int, misfits: set[str], progress: Progress
) -> bool:
    """Whether the rules could have made every stream. False means "not sure": an index may be damaged as well.

    ``misfits`` are the streams (32 hexadecimal digits) of events that do not fit alone; ``end`` is the position of the
    last leaf's event.
    """

    def possible(stream: str) -> bool:
        rows = events.stream(stream, end)
        return replay([StoredRow(position, UUID(stream), *rest) for position, *rest in rows]) is None

    ways: set[Way] = set()
    shares = [(first, end) for first in FIRST_BYTES]
    try:
        for number, streams in enumerate(crew.map(open_streams, shares), 1):
            for way, some in streams.items():
                for stream in some:
                    if way not in ways and stream not in misfits:
                        if not possible(stream):
                            return False
                        if len(ways) < MAX_WAYS:
                            ways.add(way)
            progress("rules", number, len(shares))
        return all(possible(stream) for stream in misfits)
    except NOT_SURE:
        return False
