"""The fast pass: is everything as it should be? It answers yes or "not sure"; only then the precise pass names what.

It rebuilds each chunk of 256 leaves from the stored events and compares whole tiles, bundles and columns at once.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from adapters.ledger.evidence import EventRows, LedgerRows
from domain.errors import JianzhengError
from domain.ledger.entry import entry_of_hex
from domain.ledger.tiles import ENTRIES, WIDTH, Tile, bundle_of
from indexers.verify.findings import Progress
from indexers.verify.walk import TreeWalk

BLOCK = 16 * WIDTH
"""Rows read at once."""

OnRow = Callable[[str, int, str, bytes], None]
"""Called with each sound event: id (hex), version, topic, state."""


def fast_pass(
    events: EventRows,
    ledger: LedgerRows,
    published: Path,
    walk: TreeWalk,
    size: int,
    on_row: OnRow,
    progress: Progress,
) -> bool:
    """Whether events, leaves, tiles of level 0 and bundles agree to the last byte, for all ``size`` leaves."""
    position = -(2**63)
    try:
        while walk.size < size:
            start = walk.size
            leaves = ledger.leaves(start, min(start + BLOCK, size))
            rows = events.rows(position, len(leaves))
            if not leaves or len(rows) != len(leaves) or leaves[0][0] != start or not _same(rows, leaves):
                return False
            entries = [entry_of_hex(i, v, t, s) for _, i, v, t, s in rows]
            hashes = [sha256(b"\x00" + each).digest() for each in entries]
            if b"".join(hashes) != b"".join([leaf[4] for leaf in leaves]):
                return False
            for at in range(0, len(rows), WIDTH):
                chunk = hashes[at : at + WIDTH]
                tile = Tile(0, (start + at) // WIDTH, len(chunk))
                if not _is(published, tile, b"".join(chunk)):
                    return False
                if not _is(published, tile._replace(level=ENTRIES), bundle_of(entries[at : at + WIDTH])):
                    return False
                walk.add(chunk)
            for _, i, v, t, s in rows:
                on_row(i, v, t, s)
            position = rows[-1][0]
            progress("ledger", walk.size, size)
    except (sqlite3.Error, JianzhengError, OSError, TypeError, ValueError, AttributeError):
        return False  # a column of another type, an unreadable file: the precise pass says what it is
    return True


def _same(rows: list[Any], leaves: list[Any]) -> bool:
    """Positions, ids and versions of the events are those of the leaves, and the leaves are numbered without a gap."""
    first = leaves[0][0]
    return (
        [(row[0], row[2]) for row in rows] == [(leaf[1], leaf[3]) for leaf in leaves]
        and "".join([row[1] for row in rows]) == b"".join([leaf[2] for leaf in leaves]).hex()
        and [leaf[0] for leaf in leaves] == list(range(first, first + len(leaves)))
    )


def _is(published: Path, tile: Tile, data: bytes) -> bool:
    with (published / tile.path).open("rb") as file:
        return file.read() == data
