"""Events, leaves and published files from one archive into another: in rounds while people go on filing, and a last
round while nobody can.

Everything goes by the ledger's order, page by page: the files that events name, then the events, then their leaves
with their batches; each page durable before the next, and each event hashed again *as the target has stored it* against
its leaf. So whatever was copied is proven, a process that is killed anywhere leaves a prefix of the archive, and the
next run goes on behind it.

Positions of events are each store's own: they are what followers count by, and no part of the evidence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from functools import partial

from adapters.home import copying
from adapters.home.route import Route
from adapters.ledger.nodes import Batch
from adapters.ledger.publisher import superseded
from domain.errors import ArchiveBusy
from domain.ledger.entry import entry
from domain.ledger.errors import LedgerInputAltered, PublishedBytesDiffer
from domain.ledger.tiles import ENTRIES, WIDTH, Tile, parse_path, tiles_between
from domain.ledger.tree import leaf_hash
from domain.ports.events import StoredRow
from domain.ports.ledger import Leaf
from domain.ports.surroundings import Lock
from indexers.pipeline import LEDGER_WAIT
from operations.migration.ends import End
from operations.migration.errors import SourceIncomplete, TargetWentOn
from operations.migration.files import Files
from operations.migration.troubles import take_over_troubles
from operations.verify.findings import Progress

PAGE = 4096
"""Leaves in a transaction, unless a single batch is larger: as many as the integrator takes at once."""

FEW = 2 * PAGE
"""So many leaves are copied while filing waits: a matter of a second or two."""

ROUNDS = 20
"""An archive that grows more quickly than it is copied has to wait in the end."""

Fault = Callable[[str], None]


class Copy:
    """One run. Counts what it copied; ``size`` is the tree's that was copied last.

    ``locks`` are held meanwhile. ``integrate`` brings the source's ledger up to date, for whoever holds its lock;
    ``vkeys`` gives the public file of the keys that sign a tree of a size.
    """

    def __init__(
        self,
        source: End,
        target: End,
        route: Route,
        *,
        locks: Sequence[Lock],
        integrate: Callable[[], object],
        vkeys: Callable[[int], bytes],
        progress: Progress,
        fault: Fault,
    ) -> None:
        self._source, self._target, self._route = source, target, route
        self._locks, self._integrate, self._vkeys = locks, integrate, vkeys
        self._progress, self._fault = progress, fault
        self._began_at = target.ledger.published() if route.tables else 0  # what was published before is there
        self.files = Files(source, target)
        self.size = 0
        self.events = self.leaves = self.batches = self.checkpoints = self.tiles = self.passwords = self.tokens = 0

    def run(self) -> None:
        """Raises `ArchiveBusy` where another copy to the same place is under way."""
        with ExitStack() as stack:
            if not all(stack.enter_context(lock.held()) for lock in self._locks):
                raise ArchiveBusy
            self._require_prefix()
            for _ in range(ROUNDS):
                end = self._source.ledger.published()
                if end - self.size <= FEW:
                    break
                self._copy(end)
            self._last_round()

    def _require_prefix(self) -> None:
        """What the target has is the beginning of what the source has."""
        if not self._route.tables:
            return
        source, target = self._source.ledger, self._target.ledger
        self.size = target.size()
        if self.size > source.size() or target.root(self.size) != source.root(self.size):
            raise self._went_on()

    def _copy(self, end: int) -> None:
        if self._route.tables:
            self._tables(end)
        elif self._route.files:
            self._files_of(self.size, end)
        self.size = max(self.size, end)

    def _last_round(self) -> None:
        source, target, route = self._source, self._target, self._route
        with source.events.closed(), source.ledger_lock.held(LEDGER_WAIT) as ours:
            if not ours:
                raise ArchiveBusy
            self._fault("closed")
            self._integrate()
            end = source.ledger.size()
            self._copy(end)
            if route.tables and target.events.rows(target.ledger.tracking(), 1):
                raise self._went_on()
            if route.home:
                copying.copy_keys(source.settings, target.settings, self._vkeys(end))
                self._fault("keys-copied")
            if route.files:
                self.files.erasures()
                self._publish(end)
                self._stamps()
            elif route.tables:
                self.files.keys()
            if route.tables:
                self._checkpoints()
                for stamp in source.ledger.timestamps():
                    target.ledger.record_timestamp(*stamp)
                self._witnessed()
                self.passwords, self.tokens = target.accounts().take_over(source.accounts())
                self._fault("accounts-copied")
                if not route.search:  # the index that serves knows what it has, these what it still lacks
                    target.queue.wait(source.queue.unfinished())
                    take_over_troubles(source.work, target.work, target.ledger)

    # ── events and leaves ───────────────────────────────────────────────────────────────────────────────────────

    def _tables(self, end: int) -> None:
        target = self._target.ledger
        while (at := target.size()) < end:
            self._progress("events", at, end)
            batches = self._next_batches(at, end)
            leaves = self._source.ledger.leaves(at, batches[-1][1] - at)
            rows = self._stored(leaves, target.tracking())
            pairs = zip(rows, leaves, strict=True)
            fresh = [(row.position, row.id.bytes, row.version, leaf.hash) for row, leaf in pairs]
            target.take_over(fresh, batches)
            self.leaves += len(leaves)
            self.batches += len(batches)
            self._fault("leaves-copied")

    def _next_batches(self, at: int, end: int) -> list[Batch]:
        some: list[Batch] = []
        for batch in self._source.ledger.batches(at, PAGE):
            if some and batch[1] - at > PAGE:
                break
            some.append(batch)
            if batch[1] >= end:
                break
        if not some or some[0][0] != at:
            raise self._went_on()
        return some

    def _stored(self, leaves: Sequence[Leaf], tracking: int) -> list[StoredRow]:
        """The events of these leaves as the target has them, after those that it has not were copied."""
        there = self._target.events.rows(tracking, len(leaves))
        if missing := leaves[len(there) :]:
            rows = self._source.events.rows(missing[0].position - 1, len(missing))
            if (wrong := _first_wrong(missing, rows)) is not None:
                raise LedgerInputAltered(f"{wrong.id}/{wrong.version}", wrong.index)
            if self._route.files:
                self.files.named_by(rows)
                self._fault("files-copied")
            self._target.events.take_over(rows)
            self.events += len(rows)
            self._fault("events-copied")
            there = self._target.events.rows(tracking, len(leaves))
        if _first_wrong(leaves, there) is not None:
            raise self._went_on()
        return there

    def _files_of(self, start: int, end: int) -> None:
        """Where only files change their place."""
        for at in range(start, end, PAGE):
            self._progress("files", at, end)
            leaves = self._source.ledger.leaves(at, min(PAGE, end - at))
            self.files.named_by(self._source.events.rows_at([leaf.position for leaf in leaves]))
            self._fault("files-copied")

    def _went_on(self) -> TargetWentOn:
        settings = self._target.settings
        return TargetWentOn(place=f"postgresql://{settings.database}" if settings.database else str(settings.home))

    # ── what is published ───────────────────────────────────────────────────────────────────────────────────────

    def _publish(self, end: int) -> None:
        """Tiles first, the checkpoint last: whoever reads the target meanwhile finds what its checkpoint promises."""
        old, publisher = self._began_at, self._target.publisher
        publisher.write(self._counted(self._full(old, end)), self._fault)
        publisher.write(self._counted(self._partial()), self._fault)
        self._fault("tiles-copied")
        publisher.publish(self._source.publisher.checkpoint().decode())
        self._fault("published")
        publisher.drop_partials(superseded(tiles_between(old, end), old))
        self._fault("partials-dropped")

    def _stamps(self) -> None:
        """Time stamps, each with its note: write-once files beside the checkpoint."""
        source, target = self._source.stamps, self._target.stamps
        for name in sorted(source.names()):
            data = source.read(name) or b""
            if not target.keep(name, data) and target.read(name) != data:
                raise PublishedBytesDiffer(file=name)
        self._fault("stamps-copied")

    def _full(self, old: int, end: int) -> Iterator[Tile]:
        for tile in tiles_between(old, end):
            if tile.width == WIDTH:
                yield tile
                if tile.level == 0:
                    yield tile._replace(level=ENTRIES)

    def _partial(self) -> Iterator[Tile]:
        with closing(self._source.published.open()) as published:
            for name, _ in published.listing():
                tile = parse_path(name)
                if tile is not None and tile.width < WIDTH:
                    yield tile

    def _counted(self, tiles: Iterator[Tile]) -> Iterator[tuple[Tile, bytes]]:
        for tile in tiles:
            data = self._source.publisher.read(tile)
            if data is None:
                raise SourceIncomplete(file=tile.path)
            self.tiles += 1
            self._progress("tiles", self.tiles, 0)
            yield tile, data

    def _checkpoints(self) -> None:
        target = self._target.ledger
        more = partial(self._source.ledger.checkpoints, limit=PAGE)
        while some := more(target.published()):
            target.take_over_checkpoints(some)
            self.checkpoints += len(some)
            self._fault("checkpoints-copied")

    def _witnessed(self) -> None:
        """What enough witnesses cosigned: nobody can be asked for the past again."""
        for each in self._source.cosignatures.days():
            self._target.cosignatures.keep(each)


def _first_wrong(leaves: Sequence[Leaf], rows: Sequence[StoredRow]) -> Leaf | None:
    """The first leaf that is not its row's."""
    for n, leaf in enumerate(leaves):
        if n >= len(rows) or not _fits(leaf, rows[n]):
            return leaf
    return None


def _fits(leaf: Leaf, row: StoredRow) -> bool:
    if type(row.version) is not int or type(row.topic) is not str or type(row.state) is not bytes:
        return False  # SQLite lets an edited row hold anything
    hashed = leaf_hash(entry(row.id, row.version, row.topic, row.state))
    return (row.id, row.version, hashed) == (leaf.id, leaf.version, leaf.hash)
