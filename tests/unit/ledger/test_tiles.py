"""Tiles and bundles: paths, which tiles a tree has, and what malformed bytes become."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ledger.errors import InvalidTile
from domain.ledger.tiles import (
    ENTRIES,
    Tile,
    bundle_of,
    number_path,
    parse_path,
    read_bundle,
    read_tile,
    tile_root,
    tiles_between,
)
from domain.ledger.tree import leaf_hash, root_of


@pytest.mark.parametrize(("number", "path"), [(0, "000"), (999, "999"), (1000, "x001/000"), (1234067, "x001/x234/067")])
def test_numbers_in_paths(number: int, path: str) -> None:
    """The specification's own example, and the borders."""
    assert number_path(number) == path


@given(st.integers(-1, 63), st.integers(0, 10**12), st.integers(1, 256))
def test_paths_are_read_back(level: int, number: int, width: int) -> None:
    """A path names one tile."""
    tile = Tile(level, number, width)
    assert parse_path(tile.path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/1",
        "tile/00/001",
        "tile/64/000",
        "tile/0/x000/001",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/entries/../000",
        "checkpoint",
        "tile/0/x001/x234/067/",
    ],
)
def test_foreign_paths(path: str) -> None:
    """Another spelling is not the path of a tile."""
    assert parse_path(path) is None


def test_the_specification_s_example() -> None:
    """70,000 leaves: 273 full and one partial tile, one full and one of 17, one of width 1."""
    tiles = list(tiles_between(0, 70_000))
    assert tiles == [
        *(Tile(0, number) for number in range(273)),
        Tile(0, 273, 112),
        Tile(1, 0),
        Tile(1, 1, 17),
        Tile(2, 0, 1),
    ]
    assert list(tiles_between(0, 256)) == [Tile(0, 0), Tile(1, 0, 1)]
    assert list(tiles_between(0, 0)) == list(tiles_between(300, 300)) == []


@given(st.integers(0, 200_000), st.integers(0, 1000))
def test_growing_makes_what_is_new(old: int, more: int) -> None:
    """The tiles of both steps together are those of one step, but for the partial ones of the first."""
    both = set(tiles_between(0, old)) | set(tiles_between(old, old + more))
    whole = set(tiles_between(0, old + more))
    assert whole <= both
    assert all(tile.width < 256 for tile in both - whole)


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_bundles_are_read_back(entries: list[bytes]) -> None:
    """What goes in comes out."""
    assert read_bundle(bundle_of(entries), len(entries)) == entries


@pytest.mark.parametrize("data", [b"\x00", b"\x00\x02a", b"\x00\x01ab"])
def test_a_torn_bundle(data: bytes) -> None:
    """A bundle that is cut short is an error of ours."""
    with pytest.raises(InvalidTile):
        read_bundle(data)


def test_wrong_lengths() -> None:
    """So are a wrong number of entries, an entry that is too long, torn tiles, and a partial tile to hash upwards."""
    hashes = [leaf_hash(b"")] * 256
    assert tile_root(hashes) == root_of(hashes)
    assert read_tile(b"".join(hashes), 256) == hashes
    for attempt in (
        lambda: read_bundle(bundle_of([b"a"]), 2),
        lambda: bundle_of([b"x" * 65_536]),
        lambda: read_tile(b"x" * 33),
        lambda: read_tile(b""),
        lambda: read_tile(b"x" * 32 * 257),
        lambda: read_tile(b"x" * 32, 2),
        lambda: tile_root(hashes[:255]),
    ):
        with pytest.raises(InvalidTile):
            attempt()


def test_a_bundle_is_addressed_like_a_tile() -> None:
    """Bundles have a folder of their own."""
    assert Tile(ENTRIES, 5, 7).path == "tile/entries/005.p/7"
    assert Tile(ENTRIES, 5, 7).full.path == "tile/entries/005"
