"""A witness that saw a larger ledger of ours, or another one: the alarm, and what comes of it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.witness.service import Witness
from domain.ledger.errors import LedgerRolledBack
from operations.verify.run import Subject, verify
from tests.ledger_world import evidence, open_world, some_rows
from tests.watched_world import Watched, found_by_check, line, remembered, restore, witness_of
from tests.witness_world import says, scripted, served


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    world = open_world(tmp_path / "home")
    yield Watched(world)
    world.close()


@pytest.fixture
def witness(watched: Watched, tmp_path: Path) -> Witness:
    return witness_of(watched, tmp_path / "w1", "witness.example/w1")


def test_a_ledger_that_was_rolled_back_is_noticed(watched: Watched, witness: Witness, tmp_path: Path) -> None:
    """All of our memory is an old backup's: the witness raises the alarm, shows what we signed, and the signer stops;
    with the right history back, it goes on and the alarm is over."""
    with served(witness) as url:
        watched.trust(line("w", witness, url) + "quorum w\n")
        watched.grow(4)
        old = remembered(watched.world)
        watched.grow(5)
        assert watched.asking.run_once() == 1
        new = remembered(watched.world)
        restore(watched.world, old)
        asking = watched.fresh()
        assert asking.run_once() == 0
        assert watched.store.asked()[url].alarm and watched.code(url) == "witness_saw_another"
        assert "rolled back" in found_by_check(watched.world)
        watched.world.events.add([next(watched.rows)])
        with pytest.raises(LedgerRolledBack):
            watched.world.integrator().run_once()
        restore(watched.world, new)
        watched.now.at += 1000
        assert asking.run_once() == 1
        assert not watched.store.asked()[url].alarm
        assert watched.grow() == 12
        assert found_by_check(watched.world) == set()


def test_a_rewritten_ledger_is_noticed(watched: Watched, witness: Witness, tmp_path: Path) -> None:
    """Another history of the same size, signed with the real key, is refused by the witness, and shown as an alarm."""
    (tmp_path / "forged" / "keys").mkdir(parents=True)
    shutil.copy2(watched.world.home / "keys" / "ledger.key", tmp_path / "forged" / "keys")
    forger = Watched(open_world(tmp_path / "forged"))
    forger.rows = iter(some_rows(100, seed=2))
    with served(witness) as url:
        for each in (watched, forger):
            each.trust(line("w", witness, url) + "quorum w\n")
        watched.grow(4)
        assert watched.asking.run_once() == 1
        for count in (4, 3):  # of the same size, and a larger one
            forger.grow(count)
            assert forger.asking.run_once() == 0
            assert forger.store.asked()[url].alarm
            forger.now.at += 1000
            assert "forked" in found_by_check(forger.world)
            # The signer heeds what the witness showed; whoever forges histories takes that away, too.
            (forger.world.home / "keys" / "witness-saw").unlink()
    forger.world.close()


def test_a_witness_alone_cannot_stop_the_ledger(watched: Watched, witness: Witness) -> None:
    """It may claim any size: without a checkpoint that we signed it is an alarm, and the ledger goes on."""
    with scripted(says(409, b"1000000\n")) as script:
        watched.trust(line("w", witness, script.url) + "quorum w\n")
        watched.grow()
        watched.asking.run_once()
        assert watched.store.asked()[script.url].alarm
        assert watched.grow() == 6


def test_verify_knows_cosignatures(watched: Watched, witness: Witness) -> None:
    """A published checkpoint with cosignatures is sound; one flipped byte of a known witness's line is a finding, one
    of a stranger's is not."""
    with served(witness) as url:
        watched.trust(line("w", witness, url) + "quorum w\n")
        watched.grow()
        assert watched.asking.run_once() == 1
    home, key = watched.world.home, watched.world.signer.signer.vkey()
    keys = tuple(each.key for each in watched._policy().witnesses.values())
    subject = Subject(evidence(home), watched.world.last_signed, key, witnesses=keys)
    strange = Subject(evidence(home), watched.world.last_signed, key)
    assert verify(subject).ok and verify(strange).ok
    file = watched.world.public / "checkpoint"
    data = bytearray(file.read_bytes())
    data[-10] = ord("A") if data[-10] != ord("A") else ord("B")
    file.chmod(0o644)
    file.write_bytes(bytes(data))
    [finding] = verify(subject).findings
    assert (finding.klass, finding.subject, finding.file) == ("altered", "checkpoint", "checkpoint")
    assert verify(strange).ok
