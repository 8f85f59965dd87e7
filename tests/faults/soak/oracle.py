"""What must be true when all is over: nothing acknowledged is lost, nothing is done twice, the ledger went on.

Everything is computed anew here from the rows of the event store and the published files, by pure functions of the
domain; `jianzheng verify`, which has its own way of looking, comes on top.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

from adapters.home.house import House
from domain.errors import JianzhengError
from domain.event import Event
from domain.ledger.entry import entry
from domain.ledger.tiles import ENTRIES, Tile, bundle_of, read_bundle, read_tile
from domain.ledger.tree import CompactRange, leaf_hash
from domain.ports.events import StoredRow
from domain.records.codes import Entered, code, register_id
from domain.records.events import FilesAttached, RecordCorrected, RecordFiled, RecordSignedOff
from tests.faults.soak.journal import Filing, Journal
from tests.faults.soak.watch import Watch, full_tiles

PAGE = 2_000


@dataclass
class Held:
    """The events of the archive, read once."""

    rows: list[StoredRow] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    streams: dict[UUID, list[Event]] = field(default_factory=lambda: defaultdict(list))
    titled: dict[str, list[RecordFiled]] = field(default_factory=lambda: defaultdict(list))


def held(house: House) -> Held:
    found, position = Held(), 0
    while rows := house.events.rows(position, PAGE):
        found.rows += rows
        position = rows[-1].position
    for row in found.rows:
        event = house.events.decode(row)
        found.events.append(event)
        found.streams[row.id].append(event)
        if isinstance(event, RecordFiled):
            found.titled[event.content["title"]].append(event)
    return found


def judge(house: House, journal: Journal, watch: Watch) -> Iterator[str]:
    """Every fault, in words."""
    there = held(house)
    yield from streams(there)
    yield from registers(there)
    for filing in journal.filings:
        yield from one_filing(there, filing)
    yield from acts(there, journal)
    yield from files(house, there, journal)
    yield from ledger(house, there, watch)


# ── records ─────────────────────────────────────────────────────────────────────────────────────────────────────


def streams(there: Held) -> Iterator[str]:
    """Versions are 1, 2, 3 … in the order of commits."""
    for stream, events in there.streams.items():
        versions = [event.originator_version for event in events]
        if versions != [*range(1, len(versions) + 1)]:
            yield f"stream {stream} has the versions {versions}"


def registers(there: Held) -> Iterator[str]:
    """Archival codes without gaps and clashes: each number is one record's, and each record has its number."""
    entered = [event for event in there.events if isinstance(event, Entered)]
    filed = [event for event in there.events if isinstance(event, RecordFiled)]
    given = Counter(event.code for event in filed)
    yield from (f"{each} was given to {count} records" for each, count in given.items() if count > 1)
    named = {(str(event.originator_id), event.code) for event in filed}
    booked = {(e.record, code(e.organisation, e.year, e.originator_version)) for e in entered}
    yield from (f"{record} has the code {each} and the register does not know" for record, each in named - booked)
    yield from (f"the register gave {each} to {record}, which is not there" for record, each in booked - named)
    numbers: dict[tuple[str, int], list[int]] = defaultdict(list)
    for event in entered:
        numbers[event.organisation, event.year].append(event.originator_version)
        if event.originator_id != register_id(event.organisation, event.year):
            yield f"{event.organisation} {event.year} is entered in another register"
    for place, found in numbers.items():
        if sorted(found) != [*range(1, len(found) + 1)]:
            yield f"the register {place} has the numbers {sorted(found)}"


def one_filing(there: Held, filing: Filing) -> Iterator[str]:
    """One key, at most one record; an acknowledged one with the code and the files that were told."""
    same = there.titled.get(filing.title, [])
    found = [e for e in there.streams.get(filing.stream, ()) if isinstance(e, RecordFiled)] if filing.stream else same
    if len(same) > 1 or found != same:
        yield f"{filing.title} was filed {len(same)} times"
    if len(filing.codes) > 1:
        yield f"{filing.title} was acknowledged under several codes: {sorted(filing.codes)}"
    if not filing.acknowledged:
        return
    if not found:
        yield f"{filing.title} was acknowledged as {filing.code} and is lost"
    elif found[0].code != filing.code:
        yield f"{filing.title} was acknowledged as {filing.code} and is {found[0].code}"


def acts(there: Held, journal: Journal) -> Iterator[str]:
    """Each act once at most, and once where it was acknowledged."""
    done: Counter[str] = Counter()
    for event in there.events:
        if isinstance(event, RecordSignedOff):
            done[event.remark] += 1
        elif isinstance(event, RecordCorrected):
            done[event.reason] += 1
        elif isinstance(event, FilesAttached):
            done.update(event.attached)
    for filing in journal.filings:
        for act in filing.acts:
            times = done[act.mark]
            if times > 1 or (act.acknowledged and times == 0):
                said = "acknowledged" if act.acknowledged else "asked for"
                yield f"{act.kind} {act.mark} of {filing.codes} was {said} and done {times} times"


def files(house: House, there: Held, journal: Journal) -> Iterator[str]:
    """Every file that an event names is kept, whole; every acknowledged record names those that were sent with it."""
    named: dict[str, int] = {}
    current: dict[UUID, set[str]] = {}
    for event in there.events:
        if isinstance(event, RecordFiled | FilesAttached | RecordCorrected):
            named.update((each["sha256"], each["size"]) for each in event.files)
            current[event.originator_id] = {each["sha256"] for each in event.files}
    for filing in journal.acknowledged():
        there_now = current.get(filing.stream, set()) if filing.stream else set()
        if missing := {each.sha256 for each in filing.files} - there_now:
            yield f"{filing.code} does not name the files {missing}"
    for sha256, size in named.items():
        try:
            with house.blobs.open(sha256) as blob:
                data = blob.read()
        except JianzhengError as error:
            yield f"the file {sha256} that an event names: {error!r}"
            continue
        if hashlib.sha256(data).hexdigest() != sha256 or len(data) != size:
            yield f"the file {sha256} has other bytes"


# ── ledger ──────────────────────────────────────────────────────────────────────────────────────────────────────


def ledger(house: House, there: Held, watch: Watch) -> Iterator[str]:
    """Every checkpoint that was seen is the root of the first so many events; every tile follows from them."""
    entries = [entry(row.id, row.version, row.topic, row.state) for row in there.rows]
    tree, roots = CompactRange(), {0: CompactRange().root()}
    for each in entries:
        tree.append(leaf_hash(each))
        roots[tree.size] = tree.root()
    for size, root in watch.checkpoints.items():
        if roots.get(size) != root:
            yield f"the checkpoint of size {size} is not the root of the first {size} events"
    latest = watch.latest()
    if latest is None or latest.size != len(entries):
        yield f"there are {len(entries)} events, and the ledger ends at {latest and latest.size}"
    leaves = house.ledger.leaves(0, len(entries) + 1)
    if [(leaf.position, leaf.id, leaf.version) for leaf in leaves] != [row[:3] for row in there.rows]:
        yield "the table of leaves does not follow the events one by one"
    watch.again()
    yield from watch.faults
    nodes = {0: [leaf_hash(each) for each in entries]}
    for tile in [*full_tiles(len(entries)), *partial_tiles(len(entries))]:
        yield from _tile(house, tile, entries, nodes)


def partial_tiles(size: int) -> Iterator[Tile]:
    level = 0
    while size:
        if size % 256:
            yield Tile(level, size // 256, size % 256)
            if level == 0:
                yield Tile(ENTRIES, size // 256, size % 256)
        level, size = level + 1, size // 256


def _tile(house: House, tile: Tile, entries: list[bytes], nodes: dict[int, list[bytes]]) -> Iterator[str]:
    data = house.publisher.read(tile)
    wanted = slice(tile.start, tile.start + tile.width)
    if data is None:
        yield f"{tile.path} is not published"
    elif tile.level == ENTRIES:
        if read_bundle(data, tile.width) != entries[wanted] or data != bundle_of(entries[wanted]):
            yield f"{tile.path} does not hold the entries of the events"
    elif read_tile(data, tile.width) != _nodes(tile.level, nodes)[wanted]:
        yield f"{tile.path} does not hold the hashes of the events"


def _nodes(level: int, nodes: dict[int, list[bytes]]) -> list[bytes]:
    """The roots of all perfect subtrees of 256**level leaves."""
    if level not in nodes:
        below = _nodes(level - 1, nodes)
        nodes[level] = []
        for start in range(0, len(below) - 255, 256):
            tree = CompactRange()
            for each in below[start : start + 256]:
                tree.append(each)
            nodes[level].append(tree.root())
    return nodes[level]
