"""A change of keys that is killed anywhere goes on or is as before; who signs meanwhile never signs by half."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.home.house import House, open_archive
from adapters.home.settings import Settings
from indexers.pipeline import integrate, integrator
from operations import keys
from tests.faults.test_kill import DeadlyPoint
from tests.keys_world import classes, file, make, note, settings_of, signers

ROTATING = ["key-made", "key-known", "act-recorded"]
RETIRING = ["key-known", "act-recorded"]
SUCCEEDING = ["anchor-written", "key-made", "key-known", "guard-restored", "act-recorded"]
INTEGRATING = ["leaves-committed", "guard-checked", "tiles-written", "signed", "remembered", "published", "recorded"]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("template") / "home"
    make(settings_of(home)).close()
    return home


@pytest.fixture
def settings(template: Path, tmp_path: Path) -> Settings:
    shutil.copytree(template, tmp_path / "home")
    return settings_of(tmp_path / "home")


def in_child(work: Callable[[], None]) -> int:
    """How a process of its own ended: -9 where it killed itself."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def rotate(house: House, fault: Callable[[str], None]) -> None:
    keys.key_changes(house).rotate(house.operator(), fault=fault)


def ledger(house: House, fault: Callable[[str], None]) -> None:
    with house.ledger_lock.held(-1):
        made = integrator(house)
        made._fault = fault
        made.run_locked()


@pytest.mark.parametrize("point", [*ROTATING, *INTEGRATING])
def test_a_rotation_killed_at_any_step(settings: Settings, point: str) -> None:
    """As before up to the event, and from then on it goes on by itself; the same command again adds no third key."""

    def work() -> None:
        house = open_archive(settings)
        deadly = DeadlyPoint(point, 1)
        rotate(house, deadly)
        ledger(house, deadly)

    assert in_child(work) == -9
    house = open_archive(settings)
    recorded = len(house.signer.history().acts)
    assert recorded == (0 if point in ROTATING[:2] else 1)
    file(house)
    vkeys = [key.encode() for key in house.keys.known()]
    assert len(signers(note(house), vkeys)) == 1 + recorded
    assert classes(house) == []
    if not recorded:
        rotate(house, lambda step: None)
        file(house)
    assert len(house.signer.vkeys()) == 2
    assert len([*settings.keys_folder.glob("*.key")]) == 2
    assert len(signers(note(house), house.signer.vkeys())) == 2
    assert classes(house) == []
    house.close()


def test_the_same_command_again_goes_on(settings: Settings) -> None:
    """Killed after the event and before the ledger has it: the rotation that was begun is the one that is told."""

    def work() -> None:
        rotate(open_archive(settings), DeadlyPoint("act-recorded", 1))

    assert in_child(work) == -9
    house = open_archive(settings)
    rotate(house, lambda step: None)
    integrate(house)
    assert len(house.signer.vkeys()) == 2
    assert len(signers(note(house), house.signer.vkeys())) == 2
    house.close()


@pytest.mark.parametrize("point", [*RETIRING, *INTEGRATING])
def test_a_retirement_killed_at_any_step(settings: Settings, point: str) -> None:
    """Either both still sign, or the new one alone."""
    house = open_archive(settings)
    rotate(house, lambda step: None)
    integrate(house)
    house.close()

    def work() -> None:
        house = open_archive(settings)
        deadly = DeadlyPoint(point, 1)
        keys.key_changes(house).retire(house.operator(), keys.OLDEST, "到期更换", fault=deadly)
        ledger(house, deadly)

    assert in_child(work) == -9
    house = open_archive(settings)
    both = [key.encode() for key in house.signer.history().ever]
    file(house)
    assert len(signers(note(house), both)) == (2 if point == "key-known" else 1)
    assert classes(house) == []
    house.close()


@pytest.mark.parametrize("point", SUCCEEDING)
def test_a_succession_killed_at_any_step(settings: Settings, point: str) -> None:
    """The ledger waits until the command was run to its end, and then goes on."""
    house = open_archive(settings)
    lost = house.signer.vkey()
    house.close()
    shutil.rmtree(settings.keys_folder)

    def recover(fault: Callable[[str], None]) -> None:
        keys.make_ready(settings.keys_folder, lost, fault=fault)
        house = open_archive(settings)
        keys.key_changes(house).succeed(house.operator(), "磁盘损坏", fault=fault)
        house.close()

    assert in_child(lambda: recover(DeadlyPoint(point, 1))) == -9
    if point == "act-recorded":
        with pytest.raises(keys.KeyNotLost):
            recover(lambda step: None)
    else:
        recover(lambda step: None)
    house = open_archive(settings)
    file(house)
    assert house.signer.vkeys() != (lost,)
    assert signers(note(house), [lost, *house.signer.vkeys()]) == [*house.signer.vkeys()]
    assert classes(house) == []
    house.close()


def test_eight_processes_sign_while_keys_change(settings: Settings) -> None:
    """Every checkpoint that was ever published has the signatures of just those keys that were in force at its size."""
    children = []
    for _ in range(8):
        child = os.fork()
        if child == 0:
            status = 1
            try:
                mine = open_archive(settings)
                for _ in range(5):
                    file(mine)
                status = 0
            finally:
                os._exit(status)
        children.append(child)
    house = open_archive(settings)
    for _ in range(2):
        rotate(house, lambda step: None)
        file(house)
        keys.key_changes(house).retire(house.operator(), keys.OLDEST, "到期更换")
        file(house)
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0] * 8
    integrate(house)
    history = house.signer.history()
    kept = house.ledger.checkpoints(0, 1000)
    ever = [key.encode() for key in history.ever]
    assert len(ever) == 3
    wanted = [sorted(key.encode() for key in history.at(size)) for size, _ in kept]
    assert [sorted(signers(each, ever)) for _, each in kept] == wanted
    assert {len(each) for each in wanted} == {1, 2}
    assert classes(house) == []
    house.close()
