"""Tessera's `fsck`, which other people wrote, walks logs that we serve: nothing is wrong, or it objects."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from domain.ledger.checkpoint import parse_checkpoint
from domain.ledger.note import parse_note
from tests.http_world import make_world
from tests.interop import programs
from tests.interop.logs import grow, log_at, served, take_the_place
from tests.ledger_world import World

SMALL = [1, 255, 256, 257]
LARGE = [65_537, 200_000]
FLIPS = 10
FLIPPED, FLIPPED_LARGE = 300, 256 * 257 + 1  # the large one has full and partial tiles on every level but the highest

ANYWHERE = ["checkpoint", "tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/000",
            "tile/entries/001.p/44"]  # fmt: skip
HIGHER = ["tile/0/256", "tile/0/257.p/1", "tile/1/000", "tile/1/001.p/1", "tile/2/000.p/1", "tile/entries/256",
          "tile/entries/257.p/1"]  # fmt: skip


class Served:
    """One log behind one application, and `fsck` to walk it."""

    def __init__(self, home: Path, address: str, take: Callable[[World], None], program: Path) -> None:
        self._home, self._address, self._take, self._program = home, address, take, program
        self._made = 0
        self.log = self._new()

    def _new(self) -> World:
        self._made += 1
        self._sizes: set[int] = set()
        log = log_at(self._home / f"log-{self._made}")
        self._take(log)
        (self._home / "vkey").write_text(log.signer.signer.vkey())
        return log

    def of(self, size: int) -> World:
        """The log at this size: grown to it, or another one where it is larger already."""
        if self.log.ledger.size() > size:
            self.log.close()
            self.log = self._new()
        grow(self.log, size)
        self._sizes.add(size)
        return self.log

    def at_once(self, size: int) -> World:
        """A log that never had another size: no partial tile of a smaller one lies there, which nobody reads."""
        if self._sizes != {size}:
            self.log.close()
            self.log = self._new()
        return self.of(size)

    def fsck(self) -> tuple[bool, str]:
        """Whether it found no fault, and what it said. Its exit code says nothing."""
        ran = subprocess.run(
            [self._program, f"--storage_url={self._address}/ledger/", f"--public_key={self._home / 'vkey'}",
             "--ui=false", "--N=2"],
            capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        good, bad = "Successfully fsck'd log" in ran.stderr, "fsck failed" in ran.stderr
        assert good != bad, ran.stderr
        return good, ran.stderr


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    program = programs.fsck()
    home = tmp_path_factory.mktemp("fsck")
    world = make_world(home / "archive")
    with served(world.house) as address:
        made = Served(home, address, lambda log: take_the_place(world.house, log), program)
        yield made
        made.log.close()
    world.house.close()


@pytest.mark.parametrize("size", [*SMALL, *(pytest.param(size, marks=pytest.mark.nightly) for size in LARGE)])
def test_nothing_is_wrong(logs: Served, size: int) -> None:
    """Tiles, bundles and the signed root are all as `fsck` computes them itself."""
    log = logs.of(size)
    good, said = logs.fsck()
    root = parse_checkpoint(parse_note(log.publisher.checkpoint()).text).root
    assert good and f"size {size} and root" in said and root.hex() in said, said


@contextmanager
def in_its_place(path: Path, data: bytes | None) -> Iterator[None]:
    """Other bytes, or nothing, where a published file lies."""
    as_it_was = path.read_bytes()
    path.unlink()  # the files are read-only
    if data is not None:
        path.write_bytes(data)
    yield
    path.unlink(missing_ok=True)
    path.write_bytes(as_it_was)


def flipped(path: Path, random: Random) -> bytes:
    data = bytearray(path.read_bytes())
    data[random.randrange(len(data))] ^= 1 << random.randrange(8)
    return bytes(data)


CASES = [*((FLIPPED, name) for name in ANYWHERE),
         *(pytest.param(FLIPPED_LARGE, name, marks=pytest.mark.nightly) for name in HIGHER)]  # fmt: skip


@pytest.mark.parametrize(("size", "name"), CASES)
def test_one_flipped_bit(logs: Served, size: int, name: str) -> None:
    """In whichever file, `fsck` objects."""
    path = logs.of(size).public / name
    with in_its_place(path, flipped(path, Random(name))):
        good, said = logs.fsck()
    assert not good, said


@pytest.mark.parametrize("seed", range(FLIPS))
def test_any_flipped_bit(logs: Served, seed: int) -> None:
    """Wherever in any file, `fsck` objects."""
    random = Random(seed)
    public = logs.at_once(FLIPPED).public
    path = random.choice(sorted(each for each in public.rglob("*") if each.is_file()))
    with in_its_place(path, flipped(path, random)):
        good, said = logs.fsck()
    assert not good, f"{path.relative_to(public)}: {said}"


@pytest.mark.parametrize(("size", "name"), CASES)
def test_one_missing_file(logs: Served, size: int, name: str) -> None:
    """Whichever it is, `fsck` objects."""
    with in_its_place(logs.of(size).public / name, None):
        good, said = logs.fsck()
    assert not good, said


def test_it_was_the_bit(logs: Served) -> None:
    """The log that was spoilt and mended again has no fault: what was objected to is what was done to it."""
    logs.of(FLIPPED)
    assert logs.fsck()[0]
