"""The fast pass: is everything as it should be? It answers yes or "not sure"; only then the precise pass names what.

It rebuilds each chunk of 256 leaves from the stored events and compares whole tiles, bundles and columns at once. A
large archive is cut into blocks that several processes check; only one node for a chunk comes back from them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NamedTuple

from adapters.events.rows import ID_SIZE
from adapters.evidence.questions import Evidence, EvidenceUnreadable, Structure
from domain.errors import JianzhengError
from domain.ledger.entry import entries_of
from domain.ledger.tiles import ENTRIES, WIDTH, Tile, bundle_of
from domain.ledger.tree import root_of
from operations.verify.crew import Crew, Start, may_fork
from operations.verify.databases import Databases
from operations.verify.erasures import Erasures, Row, concerns
from operations.verify.files import NamedFiles
from operations.verify.findings import FilesOf, FitsAlone, NamedFile, Progress
from operations.verify.walk import TreeWalk, low_files

READ = 2 * WIDTH
"""Rows read at once: what is hashed next is still in the processor's cache."""

BLOCK = 64 * WIDTH
"""Leaves a task, at most."""

SHARES = 8
"""Tasks that even a small archive is cut into, so that no process waits long for the last one."""

SERIAL = 5_000
"""Below this size processes do not pay even where they are copies of this one."""

SPAWN = 50_000
"""Below this size starting them from nothing costs more than it saves."""

NOT_SURE = (EvidenceUnreadable, JianzhengError, OSError, TypeError, ValueError, AttributeError, IndexError)
"""A column of another type, a missing row, an unreadable file: the precise pass says what it is."""


@dataclass(frozen=True)
class Places:
    """Where things are, and what they are asked; goes to worker processes."""

    evidence: Evidence
    files_of: FilesOf
    fits_alone: FitsAlone | None


class Chunk(NamedTuple):
    """A chunk found sound. ``hashes`` only where a signed size lies inside, or where the chunk is not full."""

    node: bytes | None
    hashes: list[bytes]


class Block(NamedTuple):
    chunks: list[Chunk]
    files: list[tuple[str, int, Sequence[NamedFile]]]  # stream (hex), version, files named
    erasures: list[Row]
    misfits: set[str]  # streams (hex) of events to which the rules may object


class Checker:
    """Checks blocks with connections of its own."""

    def __init__(self, places: Places, wanted: Sequence[int]) -> None:
        self._places, self._wanted = places, wanted
        with ExitStack() as stack:
            self.events = stack.enter_context(closing(places.evidence.tables.events()))
            self._ledger = stack.enter_context(closing(places.evidence.tables.ledger()))
            self._published = stack.enter_context(closing(places.evidence.published.open()))
            self._open = stack.pop_all()

    def close(self) -> None:
        self._open.close()

    def block(self, start: int, end: int) -> Block | None:
        """Whether events, leaves, tiles of level 0 and bundles agree to the last byte; None where that is not sure."""
        block = Block([], [], [], set())
        try:
            self._published.expect(low_files(start, end))
            position = self._ledger.leaves(start - 1, start)[0][1] if start else -(2**63)
            for first in range(start, end, READ):
                count = min(READ, end - first)
                leaves, rows = self._ledger.leaves(first, first + count), self.events.rows(position, count)
                if len(leaves) != count or len(rows) != count or not self._rows(first, rows, leaves, block):
                    return None
                position = rows[-1][0]
        except NOT_SURE:
            return None
        return block

    def _rows(self, first: int, rows: list[Any], leaves: list[Any], block: Block) -> bool:
        positions, ids, versions, *_ = zip(*rows, strict=True)
        indices, leaf_positions, leaf_ids, leaf_versions, leaf_hashes = zip(*leaves, strict=True)
        if indices != (*range(first, first + len(leaves)),) or positions != leaf_positions or versions != leaf_versions:
            return False
        # Joined, so that a hundred thousand ids are compared as a few long strings; of one length each, so that no
        # piece of one can pass for a piece of the next. 1, 1.0 and True are equal: only integers will do.
        if {*map(type, leaf_versions)} != {int} or {*map(len, leaf_ids)} != {ID_SIZE}:
            return False
        if "".join(ids) != b"".join(leaf_ids).hex():
            return False
        entries = entries_of(rows)
        hashes = [sha256(b"\x00" + each).digest() for each in entries]
        if (*hashes,) != leaf_hashes:
            return False
        for at in range(0, len(rows), WIDTH):
            if not self._chunk(first + at, hashes[at : at + WIDTH], entries[at : at + WIDTH], block):
                return False
        files_of = self._places.files_of
        block.files.extend((i, v, files) for _, i, v, t, s in rows if (files := (*files_of(t, s),)))
        block.erasures.extend(row for row in (each[1:] for each in rows) if concerns(row))
        fits = self._places.fits_alone
        if fits is not None:
            block.misfits.update(i for _, i, v, t, s in rows if not fits(i, v, t, s))
        return True

    def _chunk(self, start: int, hashes: list[bytes], entries: list[bytes], block: Block) -> bool:
        tile = Tile(0, start // WIDTH, len(hashes))
        holds = self._published.holds
        if not holds(tile.path, b"".join(hashes)) or not holds(tile._replace(level=ENTRIES).path, bundle_of(entries)):
            return False
        full = len(hashes) == WIDTH
        inside = bisect_right(self._wanted, start) < bisect_right(self._wanted, start + len(hashes) - 1)
        block.chunks.append(Chunk(root_of(hashes) if full else None, hashes if inside or not full else []))
        return True


def way_to_start(size: int) -> Start | None:
    """How to start a crew for so many leaves; None for working alone."""
    if size < SERIAL:
        return None
    if may_fork():
        return "fork"
    return "spawn" if size >= SPAWN else None


class Span(NamedTuple):
    """Leaves from one index up to another."""

    start: int
    end: int


def check_part(checker: Checker, part: Span | Structure) -> Block | bool | None:
    """Of a span what `Checker.block` says, of a structure whether it is sound. Raises `EvidenceUnreadable`."""
    return checker.block(*part) if isinstance(part, Span) else part.sound()


def fast_pass(
    crew: Crew[Checker],
    walk: TreeWalk,
    size: int,
    named: NamedFiles,
    erasures: Erasures,
    misfits: set[str],
    databases: Databases,
    progress: Progress,
) -> bool:
    """Whether everything of the first ``size`` leaves agrees; fills ``walk``, ``named``, ``erasures`` and ``misfits``
    if it does.

    Besides answers for each of the ``databases`` whether its structure is sound: a task that one process does.
    """
    block_size = min(BLOCK, max(READ, size // SHARES // READ * READ))
    spans = [Span(start, min(start + block_size, size)) for start in range(0, size, block_size)]
    try:
        parts: list[Span | Structure] = [*databases, *spans]
        answers = crew.map(check_part, parts)
        for structure, sound in zip(list(databases), answers, strict=False):  # the blocks are left over
            databases[structure] = sound is True
        for block in answers:
            if not isinstance(block, Block):
                return False
            for chunk in block.chunks:
                if chunk.hashes:
                    walk.add(chunk.hashes, chunk.node)
                elif chunk.node is not None:
                    walk.add_node(chunk.node)
            for stream, version, files in block.files:
                named.add(stream, version, files)
            for row in block.erasures:
                erasures.sound(*row)
            misfits |= block.misfits
            progress("ledger", walk.size, size)
    except NOT_SURE:
        return False
    return True
