"""A subject that is declared once is at home everywhere: stored, read, verified, found, and its files stay."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from domain.event import Stamp
from domain.ports.search import SearchRequest
from domain.streams import Undeclared, files_named
from indexers.cleanup import clean_up
from operations.verification import verify_archive
from tests import souvenirs
from tests.fakes import lecture
from tests.http_world import HERE, World, make_world

NOTE = "校徽由首任校长捐赠"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """An archive with one record in it."""
    made = make_world(tmp_path / "archive")
    made.house.archive.file(made.house.operator(), lecture(organisation=HERE))
    made.catch_up()
    yield made
    made.house.close()


@pytest.fixture
def stamp(world: World) -> Stamp:
    return Stamp("clerk-here", world.house.clock(), world.house.entropy.salt)


def test_what_is_declared_once_is_at_home(world: World, stamp: Stamp, monkeypatch: pytest.MonkeyPatch) -> None:
    """`verify` has nothing to say of two streams of new subjects, one with a random and one with a derived id; a search
    finds the souvenir beside the records; the file that it names is no left-over, though its filing was interrupted."""
    souvenirs.declare(monkeypatch, *souvenirs.BOTH)
    house, stream = world.house, uuid4()
    staged = house.blobs.stage(iter([NOTE.encode()]))
    file = {"name": "说明.txt", "sha256": staged.sha256, "size": staged.size, "media_type": "text/plain"}
    with pytest.raises(KeyboardInterrupt), house.blobs.pending([staged.sha256]):
        staged.commit()
        house.events.append([souvenirs.kept(stamp, stream, [file | {"role": "other"}]), souvenirs.lost(stamp, stream)])
        house.events.append([souvenirs.noted(stamp, 2023), souvenirs.noted(stamp, 2023, 2)])
        raise KeyboardInterrupt
    assert house.blobs.leftovers() == {staged.sha256}
    assert clean_up(house.events, house.blobs) == []
    world.catch_up()
    checked = verify_archive(house)
    assert [finding.detail("en") for finding in checked.findings] == []
    assert checked.events == house.ledger.size()
    [first, _] = house.events.stream(stream)
    assert [each["sha256"] for each in files_named(first)] == [staged.sha256]
    answer = house.searching.search(house.operator(), SearchRequest(query="校徽"))
    assert [found.shown.path for found in answer.hits] == [f"/souvenirs/{stream}"]
    assert house.erasing.holders(uuid4(), [staged.sha256]) == {staged.sha256: [None]}  # no erasure takes it along


def test_a_declared_event_in_the_wrong_place_is_named(
    world: World, stamp: Stamp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a stream of another subject, before the first of its own, or where its content does not put it."""
    souvenirs.declare(monkeypatch, *souvenirs.BOTH)
    house, stranger = world.house, uuid4()
    record = house.searching.search(house.operator(), SearchRequest()).hits[0].hit.record
    added = [souvenirs.lost(stamp, house.archive.find(record).id), souvenirs.noted(stamp, 2023)]
    wrong = souvenirs.replace(added[1], originator_id=stranger)
    house.events.append([added[0], wrong])
    world.catch_up()
    found = [each for each in verify_archive(house).findings if each.klass == "unauthorised"]
    assert sorted(each.detail("en").partition(": ")[2] for each in found) == [
        "it does not belong into this stream.",
        "it lies in the wrong stream.",
    ]


def test_an_event_that_nobody_declares_never_gets_into_an_archive(world: World, stamp: Stamp) -> None:
    """Whoever forgets the line in `domain/streams.py` hears of it when the first event is stored."""
    with pytest.raises(Undeclared, match="declares Kept"):
        world.house.events.append([souvenirs.kept(stamp, uuid4())])
    assert verify_archive(world.house).ok
