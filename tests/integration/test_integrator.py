"""The integrator: what it publishes is the tree of the events, whatever happens between two runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from threading import Thread
from uuid import UUID

import pytest

from adapters.keys.signing import verifier
from domain.errors import ArchiveBusy, NotFound
from domain.ledger.checkpoint import Checkpoint, open_checkpoint
from domain.ledger.entry import entry
from domain.ledger.errors import LastSignedDamaged, LedgerInputAltered, LedgerRolledBack, PublishedBytesDiffer
from domain.ledger.tiles import ENTRIES, Tile, read_bundle, tiles_between
from domain.ledger.tree import (
    check_consistency,
    check_inclusion,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root_of,
)
from tests.ledger_world import ORIGIN, World, open_world, some_rows


class Killed(BaseException):
    """Stands for SIGKILL where a whole process would be too slow."""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = open_world(tmp_path)
    yield made
    made.close()


def expected_leaves(world: World) -> list[bytes]:
    return [leaf_hash(entry(*row[1:])) for row in world.events.rows(0, 10**9)]


def published(world: World) -> Checkpoint:
    return open_checkpoint(world.publisher.checkpoint(), ORIGIN, [verifier(world.signer.signer.vkey())])


def check_public_folder(world: World) -> None:
    """The folder is the tree of the events: the checkpoint, every tile and bundle, and nothing else."""
    leaves = expected_leaves(world)
    found = published(world)
    assert (found.size, found.root) == (len(leaves), root_of(leaves))
    files = {str(path.relative_to(world.public)) for path in world.public.rglob("*") if path.is_file()}
    wanted = {"checkpoint"}
    for tile in tiles_between(0, len(leaves)):
        span = 256**tile.level
        hashes = [root_of(leaves[at * span : (at + 1) * span]) for at in range(tile.start, tile.start + tile.width)]
        assert world.publisher.read(tile) == b"".join(hashes)
        wanted.add(tile.path)
        if tile.level == 0:
            bundle = Tile(ENTRIES, tile.number, tile.width)
            data = world.publisher.read(bundle)
            assert data is not None
            assert [leaf_hash(each) for each in read_bundle(data)] == hashes
            wanted.add(bundle.path)
    assert wanted <= files
    # What else is there are partial tiles of earlier checkpoints, of tiles that are not full yet.
    full = {path for path in wanted if ".p/" not in path}
    assert all(path.partition(".p/")[0] not in full and ".p/" in path for path in files - wanted)
    assert list(world.publisher.staging.iterdir()) == []


@pytest.mark.parametrize("steps", [[1], [1, 1, 1], [255, 1, 1], [256], [257, 300], [300, 300, 5, 200]])
def test_growing(world: World, steps: list[int]) -> None:
    """However the events arrive, the folder is the tree of them all, and each checkpoint continues the last."""
    rows = some_rows(sum(steps))
    seen: list[Checkpoint] = []
    for step in steps:
        world.events.add(rows[:step])
        del rows[:step]
        assert world.integrator().run_once() == step
        check_public_folder(world)
        seen.append(published(world))
    ledger = world.ledger
    for old, new in pairwise(seen):
        proof = consistency_proof(old.size, new.size, ledger.range_hash)
        check_consistency(old.size, new.size, proof, old.root, new.root)
        assert ledger.root(old.size) == old.root
    assert ledger.checkpoint().encode() == world.publisher.checkpoint()
    assert world.integrator().run_once() == 0


@pytest.mark.parametrize("step", ["leaves-committed", "guard-checked", "tiles-written", "remembered"])
def test_a_deposed_integrator_ends(world: World, step: str) -> None:
    """It lost its lock unnoticed, and another one has grown the tree over its partial tiles: it leaves none of them
    behind, takes nothing back, and says that another one is at it."""
    world.events.add(some_rows(500))

    def depose(at: str) -> None:
        if at == step and world.ledger.size() == 500:
            world.events.add(some_rows(400, seed=2))
            assert world.integrator().run_locked() == 400

    with pytest.raises(ArchiveBusy):
        world.integrator(depose).run_once()
    check_public_folder(world)
    assert published(world).size == 900
    assert world.integrator().run_once() == 0


def test_small_batches_give_the_same_tree(world: World) -> None:
    """The tree does not depend on how the work was cut."""
    world.events.add(some_rows(700))
    assert world.integrator(batch=37).run_once() == 700
    check_public_folder(world)


def test_gaps_in_positions(world: World) -> None:
    """Positions that were burnt leave no gap among the leaves."""
    world.events.add(some_rows(30))
    world.events.db.execute("DELETE FROM stored_events WHERE position IN (1, 7, 8, 30)")
    world.integrator().run_once()
    assert [leaf.index for leaf in world.ledger.leaves(0, 99)] == list(range(26))
    check_public_folder(world)


def test_a_large_tree_has_proofs(world: World) -> None:
    """Proofs come from the kept nodes and hold, in trees with tiles of three levels."""
    world.events.add(some_rows(66_000, size=10))
    world.integrator().run_once()
    leaves, ledger = expected_leaves(world), world.ledger
    random = Random(5)
    for size in (66_000, 65_536, 65_537, 256, 1, random.randrange(1, 66_000)):
        root = ledger.root(size)
        assert root == root_of(leaves[:size])
        index = random.randrange(size)
        check_inclusion(index, size, leaves[index], inclusion_proof(index, size, ledger.range_hash), root)
        old = random.randrange(1, size + 1)
        check_consistency(old, size, consistency_proof(old, size, ledger.range_hash), ledger.root(old), root)
    check_public_folder(world)


def test_times_never_go_back(world: World) -> None:
    """A clock that is stepped back gives the batch the time of the one before; `size_at` stays in order."""
    rows = some_rows(6)
    times = []
    for step in (timedelta(hours=1), timedelta(hours=-5), timedelta(hours=7)):
        world.clock.step = step
        world.events.add([rows.pop(), rows.pop()])
        world.integrator().run_once()
        times.append(world.clock.now)
    ledger = world.ledger
    first, _, third = times
    assert [ledger.batch_time(index) for index in range(6)] == [first, first, first, first, third, third]
    assert ledger.batch_time(6) is None
    assert [ledger.size_at(at) for at in (first - timedelta(seconds=1), first, third)] == [0, 4, 6]


def test_finding_leaves(world: World) -> None:
    """A leaf is found by its event, a stream's leaves in order of version."""
    rows = some_rows(100)
    world.events.add(rows)
    world.integrator().run_once()
    stream = UUID(rows[0][0])
    mine = [n for n, row in enumerate(rows) if row[0] == rows[0][0]]
    assert [leaf.index for leaf in world.ledger.leaves_of(stream)] == mine
    found = world.ledger.leaf_of(stream, 2)
    assert found is not None and found.index == mine[1]
    assert world.ledger.leaf_of(stream, 10_000) is None


def test_nothing_yet(world: World) -> None:
    """An empty archive has no checkpoint, and a root only for size 0."""
    assert world.integrator().run_once() == 0
    for attempt in (world.ledger.checkpoint, world.publisher.checkpoint, lambda: world.ledger.root(1)):
        with pytest.raises(NotFound):
            attempt()
    assert len(world.ledger.root(0)) == 32


@pytest.mark.parametrize("seed", range(8))
def test_killed_between_steps(world: World, seed: int) -> None:
    """Killed again and again between any two steps: what was public never changes, and in the end all is public."""
    random, rows = Random(seed), some_rows(900, seed)
    frozen: dict[str, bytes] = {}
    roots: list[Checkpoint] = []

    def fault(step: str) -> None:
        if random.random() < 0.08:
            raise Killed

    def look() -> None:
        for path in world.public.rglob("*"):
            name = str(path.relative_to(world.public))
            if path.is_file() and name != "checkpoint":
                assert frozen.setdefault(name, path.read_bytes()) == path.read_bytes()
        if (world.public / "checkpoint").exists():
            roots.append(published(world))

    while rows:
        count = random.randrange(1, 200)
        world.events.add(rows[:count])
        del rows[:count]
        with suppress(Killed):
            world.integrator(fault, batch=random.choice([50, 256, 4096])).run_once()
        look()
    world.integrator().run_once()
    look()
    leaves = expected_leaves(world)
    assert all(each.root == root_of(leaves[: each.size]) for each in roots)
    assert [each.size for each in roots] == sorted(each.size for each in roots)
    check_public_folder(world)


def test_two_integrators(tmp_path: Path, world: World) -> None:
    """One leads; the other returns at once with nothing done, or waits for its turn."""
    world.events.add(some_rows(300))
    other = open_world(tmp_path)
    with world.lock.held() as ours:
        assert ours
        assert other.integrator().run_once() == 0
    done: list[int] = []
    threads = []
    for _ in range(4):

        def work() -> None:
            mine = open_world(tmp_path)
            done.append(mine.integrator().run_once(wait=-1))
            mine.close()

        threads.append(Thread(target=work))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == [0, 0, 0, 300]
    other.close()
    check_public_folder(world)


def grown(world: World, *steps: int) -> None:
    rows = some_rows(sum(steps), seed=9)
    for step in steps:
        world.events.add(rows[:step])
        del rows[:step]
        world.integrator().run_once()


def truncate(world: World, size: int) -> None:
    """The ledger's tables as they were at an earlier size."""
    with world.ledger.connection(writing=True) as db:
        position = db.execute("SELECT position FROM leaves WHERE idx = ?", (size - 1,)).fetchone()[0]
        db.execute("DELETE FROM leaves WHERE idx >= ?", (size,))
        db.execute("DELETE FROM batches WHERE size > ?", (size,))
        db.execute("DELETE FROM checkpoints WHERE size > ?", (size,))
        db.execute("UPDATE tracking SET position = ?", (position,))


def test_a_smaller_tree_is_not_signed(world: World) -> None:
    """A ledger restored to an earlier state whose events were lost too stops, and says what to do."""
    grown(world, 10, 10)
    before = world.publisher.checkpoint()
    truncate(world, 10)
    world.events.db.execute("DELETE FROM stored_events WHERE position > 10")
    world.events.add(some_rows(5, seed=77))
    with pytest.raises(LedgerRolledBack) as caught:
        world.integrator().run_once()
    assert "verify" in caught.value.next_step("zh")
    assert world.publisher.checkpoint() == before


@pytest.mark.parametrize("more", [10, 11])
def test_another_history_is_not_signed(world: World, more: int) -> None:
    """Another tree of the same size, or a larger one with another past, is not signed either."""
    grown(world, 10, 10)
    before = world.publisher.checkpoint()
    truncate(world, 10)
    world.events.db.execute("DELETE FROM stored_events WHERE position > 10")
    world.events.add(some_rows(more, seed=77))
    with pytest.raises(LedgerRolledBack):
        world.integrator().run_once()
    assert world.publisher.checkpoint() == before


def test_a_ledger_rebuilt_from_the_same_events_is_the_same(world: World) -> None:
    """Losing the ledger's tables loses nothing: the events give the same tree, and the same note is published."""
    grown(world, 10, 10)
    before = world.publisher.checkpoint()
    truncate(world, 10)
    world.integrator().run_once()
    assert world.publisher.checkpoint() == before
    check_public_folder(world)


@pytest.mark.parametrize("damage", ["missing", "altered"])
def test_without_its_memory_nothing_is_signed(world: World, damage: str) -> None:
    """The guard's file is not optional once something was signed."""
    grown(world, 10)
    if damage == "missing":
        world.last_signed.unlink()
    else:
        world.last_signed.write_bytes(world.last_signed.read_bytes().replace(b"10", b"11"))
    world.events.add(some_rows(3, seed=8))
    with pytest.raises(LastSignedDamaged):
        world.integrator().run_once()


def test_published_bytes_are_never_overwritten(world: World) -> None:
    """A foreign file where a tile belongs stops the integrator."""
    path = world.public / "tile/0/000.p/3"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"foreign")
    world.events.add(some_rows(3))
    with pytest.raises(PublishedBytesDiffer, match=r"tile/0/000\.p/3"):
        world.integrator().run_once()
    assert path.read_bytes() == b"foreign"


def test_an_event_altered_before_its_bundle_was_written(world: World) -> None:
    """What cannot be published truthfully is named, not published."""

    def fault(step: str) -> None:
        if step == "leaves-committed":
            raise Killed

    world.events.add(some_rows(3))
    with pytest.raises(Killed):
        world.integrator(fault).run_once()
    world.events.db.execute("UPDATE stored_events SET state = x'00' WHERE position = 2")
    with pytest.raises(LedgerInputAltered, match="leaf 1"):
        world.integrator().run_once()


def test_an_event_altered_behind_a_published_bundle(world: World) -> None:
    """An edited event that is public already does not stop new ones: its entry comes from the bundle."""
    grown(world, 3)
    truth = expected_leaves(world)
    world.events.db.execute("UPDATE stored_events SET state = x'00' WHERE position = 2")
    world.events.add(some_rows(3, seed=8))
    world.integrator().run_once()
    assert published(world).root == root_of(truth + expected_leaves(world)[3:])
