"""`verify`: reads everything, trusts nothing, reports every finding.

Whoever calls it has run the integrator once (so that an interrupted publication is complete) and holds the ledger's
lock for as long as the ledger is read; filing goes on meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random, SystemRandom
from uuid import UUID

from adapters.evidence.questions import (
    EventEvidence,
    Evidence,
    EvidenceUnreadable,
    LedgerEvidence,
    PublishedFiles,
    RawRow,
)
from domain.ledger.note import VerifierKey
from domain.ledger.tiles import WIDTH, Tile
from domain.ports.blobs import BlobStore
from operations.verify.anchors import Anchors, matches, read_anchors
from operations.verify.batches import batch_ends, check_batches
from operations.verify.crew import Crew
from operations.verify.databases import Databases, check_databases, report_damage
from operations.verify.erasures import Erasures, Remains, check_remains, check_tombstones
from operations.verify.events import Describe, EventCheck
from operations.verify.fast import Checker, Places, fast_pass, way_to_start
from operations.verify.files import CHUNK, NamedFiles, check_extra_files, check_files, files_in_state, others_name
from operations.verify.findings import FilesOf, FitsAlone, Progress, Sample, Verification
from operations.verify.histories import all_possible
from operations.verify.index import check_index
from operations.verify.index_look import Searched
from operations.verify.keys import LedgerKeys, only
from operations.verify.published import check_low_tiles, check_upper_tiles, expected_tiles, walk_files
from operations.verify.reports import Reported, check_reports
from operations.verify.resume import Hashed
from operations.verify.rules import LeafPlaces, Replay, check_rules
from operations.verify.tables import (
    check_extra_leaves,
    check_nodes,
    check_roots,
    check_tracking,
    lost_table,
    report_unconfirmed,
)
from operations.verify.timestamps import Stamps, check_stamps, read_stamps
from operations.verify.truth import Sources, find_truth
from operations.verify.walk import TreeWalk

SEED_BITS = 32


def _silent(stage: str, done: int, total: int) -> None:
    """No progress is shown."""


def _nameless(stream: UUID) -> str | None:
    return None


@dataclass(frozen=True)
class Subject:
    """What is checked, and by whose keys: ``keys``, or the one ``vkey`` of a ledger that never had another."""

    evidence: Evidence
    last_signed: Path
    vkey: str = ""
    blobs: BlobStore | None = None
    files_of: FilesOf = files_in_state
    describe: Describe = _nameless
    replay: Replay | None = None
    fits_alone: FitsAlone | None = None  # spares most of the replaying; without it, every stream is replayed
    pending: Collection[str] = field(default_factory=frozenset)  # digests of files whose filing was interrupted
    searched: Searched | None = None
    witnesses: Collection[VerifierKey] = ()  # whose cosignatures must be right where there are any
    reported: Reported | None = None
    stamps: Stamps = field(default_factory=Stamps)
    keys: LedgerKeys | None = None
    remains: Remains | None = None  # what indexes and caches still hold of what was erased


def verify(
    subject: Subject,
    *,
    since: str | None = None,
    sample: int | None = None,
    seed: int | None = None,
    hashed: Hashed | None = None,
    lock: Callable[[], AbstractContextManager[object]] = nullcontext,
    progress: Progress = _silent,
) -> Verification:
    """The forensic check.

    ``since`` is a signed checkpoint that the caller kept; ``sample`` re-hashes that many kept files instead of all and
    leaves the search index and reports alone (the events and the ledger are always read whole), ``seed`` chooses
    which; ``hashed`` is where a check goes on that was interrupted; ``lock`` is held while the ledger is read.
    """
    result = Verification()
    seed = SystemRandom().getrandbits(SEED_BITS) if seed is None else seed
    random = Random(seed)  # noqa: S311  (no secret: it is told, so that the same files can be hashed again)
    tables = subject.evidence.tables
    databases: Databases = dict.fromkeys(tables.structures())
    asked: Databases = databases if sample is None else {}
    erasures = Erasures()
    with NamedFiles(subject.files_of) as named:
        try:
            with lock(), _open(subject.evidence) as opened:
                unsound, deleted, end = _check_ledger(result, subject, opened, named, erasures, since, asked, progress)
            if result.ok:
                check_databases(result, asked)
            for zh, en in tables.remarks():
                result.remark(zh, en)
            if (blobs := subject.blobs) is not None:
                for erasure in erasures.erasures.values():
                    named.forget(erasure.stream, erasure.digests)
                accused = check_files(
                    result, named, blobs, subject.describe, progress, sample=sample, random=random, hashed=hashed
                )
                since_end = partial(_filed_since, subject, end)
                if sample is None:
                    check_extra_files(
                        result, named, blobs, subject.pending, unsound, deleted, accused, since_end, erasures.digests
                    )
                held = partial(others_name, named, unsound, since_end)
                check_remains(result, erasures, blobs, held, deleted, subject.remains, subject.describe)
            start = way_to_start(result.tree_size)
            if sample is None and subject.searched is not None:
                check_index(result, subject.searched, subject.evidence, subject.describe, start, progress)
            if sample is None and subject.reported is not None:
                check_reports(result, subject.reported, subject.evidence, subject.describe, start, progress)
        except EvidenceUnreadable as error:
            if error.trouble is not None:
                raise error.trouble from error
            report_damage(result, databases, error)
        if sample is not None:
            _say_what_was_left_out(result, subject, named.count(), seed)
    if hashed is not None and hashed.passed_over:
        since = hashed.began.isoformat(timespec="seconds")
        result.remark(
            f"有 {hashed.passed_over} 个文件在这次核验中断之前（{since} 以后）已经读过，没有再读一遍。",
            f"{hashed.passed_over} files were read before this check was interrupted (after {since}) and not again.",
        )
    return result


def _say_what_was_left_out(result: Verification, subject: Subject, files: int, seed: int) -> None:
    result.sample = Sample(result.files, files, seed)
    if subject.searched is not None:
        result.remark("抽查时不核对检索索引。", "A sample leaves the search index alone.")
    if subject.reported is not None:
        result.remark("抽查时不核对年报。", "A sample leaves reports alone.")
    share = f"{result.files / files:.1%}" if files else "100%"
    again = f"--sample {result.files} --seed {seed}"
    result.remark(
        f"文件只抽查了 {result.files} 个（共 {files} 个，占 {share}），其余没有读。再查同一批：{again}。",
        f"Only {result.files} of {files} files were hashed, {share}; no other was read. The same ones: {again}.",
    )


def _filed_since(subject: Subject, position: int) -> Iterator[str]:
    """The digests that events behind a position name."""
    with closing(subject.evidence.tables.events()) as events:
        events.tolerant()
        while some := [RawRow(*each) for each in events.rows(position, CHUNK)]:
            for row in some:
                if type(row.topic) is str and type(row.state) is bytes:
                    yield from (sha256 for _, sha256, _ in subject.files_of(row.topic, row.state))
            position = some[-1].position


Opened = tuple[EventEvidence, LedgerEvidence, PublishedFiles]


@contextmanager
def _open(places: Evidence) -> Iterator[Opened]:
    with (
        closing(places.tables.events()) as events,
        closing(places.tables.ledger()) as ledger,
        closing(places.published.open()) as published,
    ):
        yield events, ledger, published


def _check_ledger(
    result: Verification,
    subject: Subject,
    opened: Opened,
    named: NamedFiles,
    erasures: Erasures,
    since: str | None,
    databases: Databases,
    progress: Progress,
) -> tuple[list[bytes], int, int]:
    """Returns the states of unsound events, the number of deleted ones, and the position behind which events are not
    in the ledger yet."""
    events, ledger, published = opened
    in_table, ends = ledger.size(), batch_ends(ledger)
    keys = subject.keys or only(subject.vkey)
    keys.remark(result)
    anchors = read_anchors(result, ledger, ends, published, subject.last_signed, keys, since, subject.witnesses)
    size = _size(result, anchors, in_table, ledger, published)
    stamped = read_stamps(result, subject.stamps, ledger, published, keys)
    wanted = {*anchors.roots, *([anchors.since.size] if anchors.since else []), *(each.size for each in stamped)}
    walk = TreeWalk(wanted)
    unsound: list[bytes] = []
    deleted, lost = 0, size
    misled: dict[str, int] = {}
    sources = Sources(events, ledger, published, size)
    places = Places(subject.evidence, subject.files_of, subject.fits_alone)
    misfits: set[str] = set()
    replay, replayed = subject.replay, subject.replay is None
    with Crew(partial(Checker, places, walk.wanted), way_to_start(size)) as crew:
        fast = fast_pass(crew, walk, size, named, erasures, misfits, databases, progress) and matches(walk, anchors)
        if fast and replay is not None and subject.fits_alone is not None:
            replayed = all_possible(crew, replay, events, _end(ledger, size), misfits, progress)
    if fast:
        end = _end(ledger, size)
        result.events, pending = size, events.count_after(end)
    else:
        events.tolerant()
        ledger.tolerant()
        named.clear()
        erasures.clear()
        truth = find_truth(sources, anchors.roots)
        walk = truth.walk(wanted)
        lost = lost_table(result, ledger, in_table, size)

        def sound(stream: str, version: int, topic: str, state: bytes) -> None:
            named.sound(stream, version, topic, state)
            erasures.sound(stream, version, topic, state)

        check = EventCheck(result, sources, truth, subject.describe, lost, sound, progress)
        check.run()
        unsound = [row.state for row in check.unsound if type(row.state) is bytes]
        deleted, pending, end = len(check.deleted), check.pending, check.end
        misled = check.misled
        report_unconfirmed(result, truth)
    if pending:
        result.remark(f"有 {pending} 个事件还没有入账。", f"{pending} events are not integrated into the ledger yet.")
    ahead = max([size, *ends])  # with a batch that is about to be published
    expected = expected_tiles(size, anchors, ahead)
    present = walk_files(result, published, expected, lambda data: keys.announces(data, size))
    if fast:  # full tiles of level 0 were compared already
        check_low_tiles(
            result, sources, lambda _: [*walk.tail], {tile for tile in present if tile.number == size // 256}
        )
    else:
        check_low_tiles(result, sources, lambda number: truth.hashes[number], present)
    check_upper_tiles(result, published, present, walk)
    check_nodes(result, ledger, walk, lost, ahead)
    check_batches(result, ledger, ends, size, lost, in_table)
    check_roots(result, walk, anchors, ledger.name)
    check_stamps(result, walk, stamped)
    check_extra_leaves(result, ledger, in_table, size)
    check_tracking(result, ledger, in_table)
    deleted += check_tombstones(result, erasures, subject.describe)
    if replay is not None and not replayed:
        places_of = LeafPlaces(events, ledger, size, end, misled)
        check_rules(result, replay, subject.describe, places_of, progress)
    result.tree_size, result.root = walk.size, walk.root()
    return unsound, deleted, end


def _size(
    result: Verification, anchors: Anchors, in_table: int, ledger: LedgerEvidence, published: PublishedFiles
) -> int:
    """The largest signed size of which there is anything left to check."""
    if not anchors.roots:
        return max(anchors.kept, default=in_table)
    for size in sorted(anchors.roots, reverse=True):
        last = Tile(0, (size - 1) // WIDTH, (size - 1) % WIDTH + 1)
        if size <= in_table or published.has(last.path):
            break
    if size < anchors.size:
        result.add(
            "rolled back",
            "ledger",
            f"整个账本退回到了较早的状态：签署过 {anchors.size} 条，现在只有 {size} 条。",
            f"The whole ledger went back to an earlier state: {anchors.size} leaves were signed, {size} are left.",
            file=ledger.name,
        )
    return size


def _end(ledger: LedgerEvidence, size: int) -> int:
    """The position of the last leaf's event."""
    leaves = ledger.leaves(size - 1, size)
    return int(leaves[0][1]) if leaves else 0
