"""What every publisher of the ledger promises, whatever lies behind it."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest

from adapters.ledger.publisher import Publisher
from adapters.ledger.publisher_s3 import CheckpointForged, S3Publisher
from adapters.s3.address import Address
from adapters.s3.client import Client
from domain.errors import ArchiveBusy, NotFound
from domain.ledger.errors import PublishedBytesDiffer
from domain.ledger.tiles import ENTRIES, Tile
from tests.servers.addresses import name_in
from tests.servers.own import s3_client

TILES = [(Tile(0, number), bytes([number]) * 8192) for number in range(200)] + [(Tile(ENTRIES, 5, 7), b"entries")]


class Stopped(Exception):
    """Ends a call between two of its steps."""


def no_fault(_: str) -> None:
    """Nothing happens between the steps."""


@pytest.fixture(params=["folder", "s3"])
def publisher(request: pytest.FixtureRequest, tmp_path: Path) -> Publisher | S3Publisher:
    """An empty public place."""
    made: Publisher | S3Publisher
    if request.param == "folder":
        made = Publisher(tmp_path / "public", tmp_path / "staging")
    else:
        made = S3Publisher(Client(Address.parse(request.getfixturevalue("s3_bucket"))))
    made.create()
    return made


def test_tiles_come_back_as_they_were_written(publisher: Publisher | S3Publisher) -> None:
    """Also when they are written again, as after a crash; what was never written is not there."""
    for _ in range(2):
        publisher.write(TILES, no_fault)
    assert all(publisher.read(tile) == data for tile, data in TILES)
    assert publisher.read(Tile(1, 0)) is None


def test_a_tile_never_changes(publisher: Publisher | S3Publisher) -> None:
    """Other bytes under a published name are refused, and the first ones stay."""
    publisher.write(TILES[:1], no_fault)
    with pytest.raises(PublishedBytesDiffer) as caught:
        publisher.write([(TILES[0][0], b"other")], no_fault)
    assert publisher.read(TILES[0][0]) == TILES[0][1]
    assert caught.value.file == TILES[0][0].path


def test_the_checkpoint_is_replaced(publisher: Publisher | S3Publisher) -> None:
    """Before the first one there is none; the last one counts; the same one again changes nothing."""
    with pytest.raises(NotFound):
        publisher.checkpoint()
    for note in ("first\n", "第二\n", "第二\n"):
        publisher.publish(note)
        assert publisher.checkpoint() == note.encode()


def test_a_checkpoint_never_goes_back(s3_bucket: str) -> None:
    """An integrator that lost its lock without a word does not put its tree in the place of a larger one."""
    publisher = S3Publisher(Client(Address.parse(s3_bucket)))
    publisher.publish("archive.example\n12\nroot of twelve\n")
    with pytest.raises(ArchiveBusy):
        publisher.publish("archive.example\n9\nroot of nine\n")
    assert publisher.checkpoint() == b"archive.example\n12\nroot of twelve\n"
    publisher.publish("archive.example\n100\nroot of a hundred\n")
    assert publisher.checkpoint().startswith(b"archive.example\n100\n")


def test_a_forged_checkpoint_is_told(s3_bucket: str) -> None:
    """Who claims more leaves without our signature is told as such, and not written over; when it is removed, we go on.
    Less than ours, or nonsense, is in nobody's way."""
    publisher = S3Publisher(Client(Address.parse(s3_bucket)), lambda note: b"ours" in note)
    name = "ledger/checkpoint"
    for forged in ("archive.example\n3\nforged\n", "nonsense"):
        put(s3_bucket, name, forged)
        publisher.publish("archive.example\n9\nours\n")
        assert publisher.checkpoint() == b"archive.example\n9\nours\n"
    version = put(s3_bucket, name, "archive.example\n1000\nforged\n")
    with pytest.raises(CheckpointForged) as told:
        publisher.publish("archive.example\n12\nours\n")
    assert publisher.checkpoint() == b"archive.example\n1000\nforged\n"
    assert all(part in str(told.value) for part in ("1000", "12", name))
    s3_client(s3_bucket).remove_object(name_in(s3_bucket), name, version)
    publisher.publish("archive.example\n12\nours\n")
    assert publisher.checkpoint() == b"archive.example\n12\nours\n"


def put(bucket: str, name: str, text: str) -> str:
    """Behind our back; the version's id."""
    data = text.encode()
    return str(s3_client(bucket).put_object(name_in(bucket), name, BytesIO(data), len(data)).version_id)


def test_partial_tiles_go_when_they_are_full(publisher: Publisher | S3Publisher) -> None:
    """All partial ones of a full tile, and no other's."""
    partials = [(Tile(0, 3, width), bytes([width])) for width in (1, 2, 200)]
    other = (Tile(0, 31, 2), b"other")
    publisher.write([*partials, other], no_fault)
    publisher.drop_partials([Tile(0, 3)])
    assert [publisher.read(tile) for tile, _ in [*partials, other]] == [None, None, None, b"other"]


def test_steps_can_be_interrupted(publisher: Publisher | S3Publisher) -> None:
    """Whoever stops after any tile finds what is there whole, and writes the rest later."""
    for stop in range(1, 6):
        steps = 0

        def fault(step: str) -> None:
            nonlocal steps
            steps += step == "tile-linked"
            if steps == stop:  # noqa: B023  (used up before the next round)
                raise Stopped(step)

        with pytest.raises(Stopped):
            publisher.write(TILES[:6], fault)
        assert all(publisher.read(tile) in (data, None) for tile, data in TILES)
    publisher.write(TILES, no_fault)
    assert all(publisher.read(tile) == data for tile, data in TILES)
