"""Single bytes flipped at random, over every event, every public file, every kept file: always named, never another."""

from __future__ import annotations

from random import Random

import pytest

from tests.tamper_world import SIZE, Tampered, build, copy

FLIPS = 12


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Tampered:
    home = tmp_path_factory.mktemp("sealed") / "home"
    build(home)
    return copy(home, home.parent / "copy")


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(FLIPS))
def test_a_byte_of_an_event(archive: Tampered, seed: int) -> None:
    """Of the state of any event: that event is altered, nothing else is found."""
    random = Random(seed)
    position = random.randrange(SIZE) + 1
    [(state,)] = archive.query("events", f"SELECT state FROM stored_events WHERE position = {position}")
    data = bytearray(state)
    data[random.randrange(len(data))] ^= random.randrange(1, 256)
    name = archive.event(position - 1)
    archive.sql("events", "UPDATE stored_events SET state = ? WHERE position = ?", params=(bytes(data), position))
    assert archive.addresses() == {("altered", "event", name)}
    archive.sql("events", "UPDATE stored_events SET state = ? WHERE position = ?", params=(state, position))


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(FLIPS))
def test_a_byte_of_a_public_file(archive: Tampered, seed: int) -> None:
    """Of any tile, bundle or the checkpoint: that file is altered, nothing else is found."""
    random = Random(seed)
    folder = archive.home / "ledger"
    path = random.choice(sorted(path for path in folder.rglob("*") if path.is_file()))
    before = path.read_bytes()
    archive.flip(path, random.randrange(len(before)), random.randrange(1, 256))
    name = path.relative_to(folder).as_posix()
    assert archive.addresses() == {("altered", "checkpoint" if name == "checkpoint" else "tile", name)}
    archive.write(path, before)


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(FLIPS))
def test_a_byte_of_a_file(archive: Tampered, seed: int) -> None:
    """Of any kept file: that file is altered, nothing else is found."""
    random = Random(seed)
    path = random.choice(sorted(path for path in (archive.home / "files" / "sha256").rglob("*") if path.is_file()))
    before = path.read_bytes()
    archive.flip(path, random.randrange(len(before)), random.randrange(1, 256))
    [finding] = archive.check().findings
    assert (finding.klass, finding.subject) == ("altered", "file")
    assert path.name in finding.detail()
    archive.write(path, before)


@pytest.mark.nightly
def test_nothing_is_left_of_it(archive: Tampered) -> None:
    """With every byte put back the archive is sound again."""
    assert archive.addresses() == set()
