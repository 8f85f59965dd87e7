"""The precise pass, second part: the published files against the true tree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from adapters.evidence.questions import PublishedFiles
from adapters.ledger.publisher import CHECKPOINT
from domain.ledger.errors import InvalidTile
from domain.ledger.tiles import ENTRIES, WIDTH, Tile, bundle_of, parse_path, read_bundle, tiles_between
from domain.ledger.timestamps import parse_name
from domain.ledger.tree import HASH_SIZE, leaf_hash
from operations.verify.anchors import Anchors
from operations.verify.findings import Verification
from operations.verify.truth import Hashes, Sources
from operations.verify.walk import TreeWalk

VKEY = "vkey"
"""The keys in force, published beside the checkpoint, a line each."""


@dataclass
class Expected:
    """Which tiles are there for certain, and which may be there besides or be lacking."""

    certain: set[Tile]
    possible: set[Tile] = field(default_factory=set)


def expected_tiles(size: int, anchors: Anchors, ahead: int) -> Expected:
    """All tiles of the tree; of those that are partial, one for each checkpoint that fell into them.

    ``ahead`` is the size that the ledger comes to when its last batch is published: no less than ``size``.
    """
    edge = with_bundles({tile for each in anchors.kept for tile in _partials(each)})
    expected = Expected(
        with_bundles(set(tiles_between(0, size)))
        | {tile for tile in edge if size >> 8 * max(tile.level, 0) < tile.start + WIDTH}  # full: partial ones dropped
    )
    completed = max(anchors.kept, default=0)
    for start, end in ((completed, ahead), (anchors.published, size)):
        # A publication that was not completed, or one that was undone, which is reported as such.
        if start < end:
            expected.possible |= with_bundles(set(tiles_between(start, end))) | (edge - expected.certain)
            expected.possible |= {
                tile._replace(width=width)
                for tile in with_bundles(_partials(end) | _partials(start))
                for width in range(1, WIDTH)
            }
    return expected


def _partials(size: int) -> set[Tile]:
    tiles, level = set(), 0
    while size:
        if size % WIDTH:
            tiles.add(Tile(level, size // WIDTH, size % WIDTH))
        size, level = size // WIDTH, level + 1
    return tiles


def with_bundles(tiles: set[Tile]) -> set[Tile]:
    """The tiles and, of each of level 0, its bundle."""
    return tiles | {tile._replace(level=ENTRIES) for tile in tiles if tile.level == 0}


def walk_files(
    result: Verification, published: PublishedFiles, expected: Expected, announced: Callable[[bytes], bool]
) -> set[Tile]:
    """Which tiles are there; reports those that are missing, and everything that does not belong there."""
    present: set[Tile] = set()
    possible = expected.certain | expected.possible
    for name, plain in published.listing():
        tile = parse_path(name)
        if name == CHECKPOINT or parse_name(name) is not None:  # time stamps are looked at by themselves
            continue
        if name == VKEY:
            if not announced(_read(published, name)):
                result.add(
                    "altered", "file", "公布的公钥被改动。", "The published verifier key was altered.", file=VKEY
                )
        elif tile is not None and tile in possible and plain:
            present.add(tile)
        else:
            result.add(
                "inserted",
                "tile" if tile is not None else "file",
                f"账本公开目录里多出 {name}。",
                f"{name} does not belong in the ledger's public folder.",
                file=name,
            )
    for tile in sorted(expected.certain - expected.possible - present):
        result.add("deleted", "tile", f"{tile.path} 不见了。", f"{tile.path} is missing.", file=tile.path)
    return present


def _read(published: PublishedFiles, name: str) -> bytes:
    """Empty where nothing can be read: no file that is looked at here is."""
    try:
        return published.read(name) or b""
    except OSError:
        return b""


def check_upper_tiles(result: Verification, published: PublishedFiles, present: set[Tile], walk: TreeWalk) -> None:
    """Tiles of level 1 and above."""
    for tile in sorted(present):
        nodes = walk.levels[tile.level - 1] if 0 < tile.level <= len(walk.levels) else []
        if tile.start + tile.width <= len(nodes):
            _compare(result, tile, _read(published, tile.path), walk.tile(tile))


def check_low_tiles(
    result: Verification, sources: Sources, hashes_of: Callable[[int], Hashes], present: set[Tile]
) -> None:
    """Tiles of level 0 and bundles; two full ones in each other's place are reordered."""
    wrong: dict[Tile, bytes] = {}  # what an altered one holds, as the hashes of its leaves
    low = sorted(tile for tile in present if tile.level <= 0 and tile.start + tile.width <= sources.size)
    sources.published.expect(tile.path for tile in low)
    for tile in low:
        true = hashes_of(tile.number)[: tile.width]
        data = sources.read(tile) or b""
        if tile.level == 0:
            if None not in true and data != b"".join([each or b"" for each in true]):
                wrong[tile] = data
            continue
        hashes = _bundle_hashes(data)
        if hashes != true and None not in true:
            wrong[tile] = b"".join([each or b"" for each in hashes])
    true_data = {tile: b"".join([each or b"" for each in hashes_of(tile.number)[: tile.width]]) for tile in wrong}
    owner = {(tile.level, tile.width, data): tile for tile, data in true_data.items()}
    for tile, data in wrong.items():
        other = owner.get((tile.level, tile.width, data))
        if other is not None and wrong[other] != true_data[tile]:
            other = None
        if other is not None:
            result.add(
                "reordered",
                "tile",
                f"{tile.path} 与 {other.path} 的内容对调了。",
                f"{tile.path} and {other.path} hold each other's content.",
                file=tile.path,
            )
        else:
            _compare(result, tile, data, true_data[tile])


def _bundle_hashes(data: bytes) -> list[bytes | None]:
    try:
        entries = read_bundle(data)
    except InvalidTile:
        return []
    return [leaf_hash(each) for each in entries] if bundle_of(entries) == data else []


def _compare(result: Verification, tile: Tile, data: bytes, true: bytes) -> None:
    if data == true:
        return
    at = next((n for n, (a, b) in enumerate(zip(data, true, strict=False)) if a != b), min(len(data), len(true)))
    node = tile.start + at // HASH_SIZE
    result.add(
        "altered",
        "tile",
        f"{tile.path} 被改动（第一处不符在该层第 {node} 个节点）。",
        f"{tile.path} was altered (the first difference is at node {node} of its level).",
        file=tile.path,
        leaf_index=node if tile.level <= 0 else None,
    )
