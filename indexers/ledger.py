"""The integrator: turns stored events into leaves, tiles and signed checkpoints.

For each batch, in this order, every step durable before the next begins:

1. leaves, nodes, batch time and tracking position, in one transaction of the ledger's database;
2. tiles and entry bundles (write-once files);
3. the rollback guard compares with what was signed last; the new checkpoint is signed and *remembered*;
4. the checkpoint is published, partial tiles that became full are dropped;
5. the checkpoint is recorded in the database, which says "this publication is complete". This step alone is not waited
   for: it becomes durable with the next batch, and where a power cut takes it, the publication is completed again.

Where the ledger is on a server, an integrator can lose its lock without noticing: the server frees it with the
connection. The first step is refused then, in its own transaction. Before each of the others the size of the tree is
asked for: where it grew, somebody else is the integrator, and this one ends (`_require_ours`). What it had sent by then
cannot do harm: tiles and notes are the same bytes whoever writes them, and a published checkpoint never goes back.

A process killed between any two steps leaves a tree that is larger than the recorded checkpoint. The next run first
completes the publication of exactly that tree — from step 2, the same bytes — and only then reads new events. So every
partial tile belongs to a checkpoint, and nothing that was published ever changes. Positions of events may have gaps;
they are read upwards only, never again below the tracking position.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from adapters.ledger.guard import GuardedSigner
from adapters.ledger.publisher import Fault, superseded
from domain.errors import ArchiveBusy
from domain.ledger.entry import entry
from domain.ledger.errors import InvalidTile, LedgerInputAltered, LedgerRolledBack
from domain.ledger.tiles import ENTRIES, Tile, bundle_of, read_bundle, tiles_between
from domain.ledger.tree import leaf_hash
from domain.ports.events import EventStore
from domain.ports.ledger import LedgerPublisher, LedgerTables, NewLeaf
from domain.ports.surroundings import Clock, Lock

BATCH = 4096
"""Events a transaction and a checkpoint: large enough to spread their flushes thin, small enough for flat memory."""


def no_fault(step: str) -> None:
    """What happens between steps outside tests."""


class _Batch(NamedTuple):
    entries: list[bytes]
    leaves: list[NewLeaf]


class Integrator:
    """Only the one that holds the lock works; any number may exist."""

    def __init__(
        self,
        events: EventStore,
        ledger: LedgerTables,
        publisher: LedgerPublisher,
        signer: GuardedSigner,
        clock: Clock,
        lock: Lock,
        *,
        batch: int = BATCH,
        fault: Fault = no_fault,
    ) -> None:
        self._events, self._ledger, self._publisher = events, ledger, publisher
        self._signer, self._clock, self._lock = signer, clock, lock
        self._batch, self._fault = batch, fault

    def run_once(self, wait: float = 0.0) -> int:
        """Integrate and publish everything there is; returns how many leaves were added.

        Returns 0 at once where another process is integrating, or after ``wait`` seconds (-1: for ever).
        """
        with self._lock.held(wait) as ours:
            return self.run_locked() if ours else 0

    def run_locked(self) -> int:
        """The same for a caller that holds the lock already."""
        self._fault("locked")
        size = start = self._ledger.size()
        published = self._ledger.published()
        if size > published:
            self._publish(published, size, {})
            published = size
        with ThreadPoolExecutor(1, thread_name_prefix="read-ahead") as pool:
            new = self._read(self._ledger.tracking())
            while new.leaves:
                self._fault("rows-read")
                size = self._ledger.append(new.leaves, self._clock())
                self._fault("leaves-committed")
                # While this batch is published, which is waiting for disks, the next one is read and hashed.
                full = len(new.leaves) == self._batch
                ahead = pool.submit(self._read, new.leaves[-1][0]) if full else None
                self._publish(published, size, dict(enumerate(new.entries, size - len(new.entries))))
                published = size
                if ahead is None:  # that was all; what came meanwhile is the next run's
                    break
                new = ahead.result()
        return size - start

    def _read(self, after: int) -> _Batch:
        """Only reads: what is read ahead is nobody's business when the process is killed."""
        new = self._events.entries(after, self._batch)
        leaves = [(position, key, version, leaf_hash(made)) for position, key, version, made in new]
        return _Batch([made for *_, made in new], leaves)

    def _publish(self, old: int, size: int, entries: dict[int, bytes]) -> None:
        tiles = list(tiles_between(old, size))
        self._require_ours(size)
        note = self._signer.check(size, old, self._ledger.root)
        self._fault("guard-checked")
        self._publisher.write(self._files(tiles, entries), self._fault)
        self._fault("tiles-written")
        self._require_ours(size)
        if note is None:
            note = self._signer.sign(size, self._ledger.root(size))
            self._fault("signed")
            self._signer.remember(note)
            self._fault("remembered")
        self._require_ours(size)
        self._make_public(note, size)
        self._fault("published")
        self._publisher.drop_partials(superseded(tiles, old))
        self._fault("partials-dropped")
        self._ledger.record_checkpoint(size, note)
        self._fault("recorded")

    def _require_ours(self, size: int) -> None:
        """Raises `ArchiveBusy` where another integrator went on: the lock was lost with its connection, unnoticed.

        A partial tile that was written after the other one had dropped it is dropped again.
        """
        now = self._ledger.size()
        if now == size:
            return
        grown = superseded(tiles_between(size, now), size)
        self._publisher.drop_partials([tile for tile in grown if self._publisher.read(tile) is not None])
        raise ArchiveBusy

    def _make_public(self, note: str, size: int) -> None:
        try:
            self._publisher.publish(note)
        except ArchiveBusy:  # a larger tree is public, and we signed it
            self._require_ours(size)
            public = self._signer.opened(self._publisher.checkpoint())
            raise LedgerRolledBack(public.size if public is not None else size, size) from None

    def _files(self, tiles: Sequence[Tile], entries: dict[int, bytes]) -> Iterator[tuple[Tile, bytes]]:
        for level, some in groupby(tiles, attrgetter("level")):
            row = list(some)  # side by side: their hashes are read at once
            first = row[0].start
            together = self._ledger.nodes(level, first, row[-1].start + row[-1].width)
            for tile in row:
                hashes = together[tile.start - first : tile.start - first + tile.width]
                if level == 0:
                    yield tile._replace(level=ENTRIES), bundle_of(self._entries(tile, hashes, entries))
                yield tile, b"".join(hashes)

    def _entries(self, tile: Tile, hashes: Sequence[bytes], fresh: dict[int, bytes]) -> list[bytes]:
        """The entries of a tile: of this batch, else as published in a partial bundle, else from the events again.

        Whatever the source, each must be what its leaf says; otherwise `LedgerInputAltered`.
        """
        end = tile.start + tile.width
        older = range(tile.start, min(end, max(tile.start, min(fresh, default=end))))
        known = self._published_entries(tile, len(older)) if older else []
        if [leaf_hash(each) for each in known] != list(hashes[: len(older)]):
            known = self._entries_again(older)
        return known + [fresh[index] for index in range(older.stop, end)]

    def _published_entries(self, tile: Tile, count: int) -> list[bytes]:
        data = self._publisher.read(Tile(ENTRIES, tile.number, count))
        try:
            return read_bundle(data or b"", count)
        except InvalidTile:
            return []

    def _entries_again(self, indices: range) -> list[bytes]:
        entries = []
        for leaf in self._ledger.leaves(indices.start, len(indices)):
            rows = self._events.rows(leaf.position - 1, 1)
            made = entry(*rows[0][1:]) if rows and rows[0].position == leaf.position else b""
            if leaf_hash(made) != leaf.hash:
                raise LedgerInputAltered(f"{leaf.id}/{leaf.version}", leaf.index)
            entries.append(made)
        return entries
