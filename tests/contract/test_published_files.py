"""What the forensic check reads of the ledger's public files: the same of every place that holds the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from adapters.evidence.published_s3 import AHEAD, PublishedBucket
from adapters.evidence.questions import PublishedFiles
from adapters.evidence.sqlite import PublishedFolder
from adapters.ledger.publisher import Publisher
from adapters.ledger.publisher_s3 import S3Publisher
from adapters.s3.address import Address
from adapters.s3.client import Client
from domain.ledger.tiles import Tile
from tests.s3_world import QUICK

TILES = [(Tile(0, number), bytes([number]) * 8192) for number in range(3 * AHEAD)]


class Both(NamedTuple):
    publisher: Any
    files: PublishedFiles


@pytest.fixture(params=["folder", "s3"])
def both(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Both]:
    publisher: Any
    if request.param == "folder":
        publisher, place = Publisher(tmp_path / "public", tmp_path / "staging"), PublishedFolder(tmp_path / "public")
        publisher.create()
        with closing(place.open()) as files:
            yield Both(publisher, files)
        return
    address = Address.parse(request.getfixturevalue("s3_bucket"))
    with closing(Client(address, QUICK)) as client, closing(PublishedBucket(address, QUICK).open()) as bucket:
        yield Both(S3Publisher(client), bucket)


def test_nothing_is_published(both: Both) -> None:
    """No file, no error."""
    assert list(both.files.listing()) == []
    assert both.files.read("checkpoint") is None and not both.files.has("checkpoint")
    with pytest.raises(OSError, match="checkpoint"):
        both.files.holds("checkpoint", b"")


def test_what_is_published(both: Both) -> None:
    """Every file by its name, in order, with its bytes."""
    both.publisher.write(TILES[:5], lambda _: None)
    both.publisher.publish("note\n")
    assert list(both.files.listing()) == [(name, True) for name in ("checkpoint", *(t.path for t, _ in TILES[:5]))]
    assert both.files.read("checkpoint") == b"note\n" and both.files.has("checkpoint")
    tile, data = TILES[2]
    assert both.files.holds(tile.path, data)
    for other in (data[:-1], data + b"x", bytes(len(data))):
        assert not both.files.holds(tile.path, other)


def test_files_that_were_expected(both: Both) -> None:
    """In whatever order they are asked for then, and whether or not they are there."""
    both.publisher.write(TILES, lambda _: None)
    both.files.expect(tile.path for tile, _ in TILES)
    asked = [*range(40), 3, *range(60, len(TILES))]
    assert [both.files.read(TILES[n][0].path) for n in asked] == [TILES[n][1] for n in asked]
    both.files.expect(["tile/0/000", "tile/7/000", "tile/0/001"])
    assert both.files.read("tile/7/000") is None
    both.files.expect(["tile/0/002"])
    assert both.files.read("tile/0/001") == TILES[1][1]
