"""Who is asked for time stamps and when, and that nothing which fails ever costs one that was kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from adapters.disk.file_lock import LedgerLock
from adapters.work.log import OUTSIDE
from domain.errors import NotFound
from domain.ledger.note import Note, Signature, parse_note
from domain.ledger.timestamps import NOTE, STAMP, StampName, as_log_signed, seal_of
from indexers.timestamping import LOOK, PAUSES, NoAuthorities
from tests.authority import Authority, make, serving
from tests.ledger_world import open_world
from tests.stamp_world import StampWorld

DAY = 86_400.0


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("authorities")
    return [make(folder / name).folder for name in ("one", "two")]


@pytest.fixture
def world(keys: list[Path], tmp_path: Path) -> Iterator[StampWorld]:
    with ExitStack() as stack:
        authorities = [stack.enter_context(serving(Authority(folder))) for folder in keys]
        made = StampWorld(open_world(tmp_path / "home"), authorities)
        stack.callback(made.close)
        yield made


def test_every_authority_stamps_the_checkpoint(world: StampWorld) -> None:
    """Each answer lies beside the note that it is about; ``openssl ts -verify`` agrees; all of it is remembered."""
    world.grow(7)
    assert world.stamping().run_once() == 0
    assert world.files() == {"7-one.tsr", "7-one.note", "7-two.tsr", "7-two.note"}
    for name, authority in world.names().items():
        assert authority.verifies(world.path(f"7-{name}.tsr"), world.path(f"7-{name}.note"))
        assert world.path(f"7-{name}.note").read_bytes() == world.ledger.publisher.checkpoint()
    assert [row[:2] for row in world.ledger.ledger.timestamps()] == [(7, "one"), (7, "two")]
    assert world.store.unfinished() == []
    assert world.work.standing() == []


def test_before_there_is_anything(world: StampWorld) -> None:
    """Without a checkpoint nobody is asked by the clock, and who asks by hand is told."""
    world.stamping().run_once()
    with pytest.raises(NotFound):
        world.stamping().run_all()
    assert [each.asked for each in world.authorities] == [0, 0]


def test_once_a_day(world: StampWorld) -> None:
    """Only when the tree grew, and a day went by; many looks ask nobody twice."""
    world.grow(3)
    stamping = world.stamping()
    stamping.run_once()
    for ahead in (1.0, LOOK + 1, 3600.0):
        world.grow(1)
        world.ahead = ahead
        stamping.run_once()
    assert world.files() == {"3-one.tsr", "3-one.note", "3-two.tsr", "3-two.note"}
    world.ahead = DAY + 60
    stamping.run_once()
    assert {"6-one.tsr", "6-two.tsr"} <= world.files()
    world.ahead = 3 * DAY
    stamping.run_once()
    assert [each.asked for each in world.authorities] == [2, 2]


def test_cosignatures_that_come_later(world: StampWorld) -> None:
    """What was stamped is the note as the log signed it, whatever witnesses add to the published one."""
    world.grow(5)
    note = parse_note(world.ledger.publisher.checkpoint())
    cosigned = Note(note.text, (*note.signatures, Signature("witness.example", b"abcd", bytes(72)))).encode()
    world.ledger.publisher.publish(cosigned)
    world.stamping().run_all()
    assert world.path("5-one.note").read_bytes() == note.encode().encode() == as_log_signed(cosigned)


def test_one_that_fails_does_not_hold_up_the_other(world: StampWorld) -> None:
    """It is in the work log with its reason, and asked again later, less often each time, until it answers."""
    world.grow(4)
    world.authorities[0].mood = "refusing"
    world.stamping().run_once()
    assert world.files() == {"4-one.note", "4-two.tsr", "4-two.note"}
    [failed] = world.work.standing()
    assert (failed.part, failed.fault.code, failed.attempts) == (f"{OUTSIDE}one", "timestamp_refused", 1)
    world.ahead = PAUSES.first - 10
    world.stamping().run_once()
    assert world.authorities[0].asked == 1
    world.ahead = PAUSES.first + 10
    world.stamping().run_once()
    assert (world.authorities[0].asked, world.work.standing()[0].attempts) == (2, 2)
    world.authorities[0].mood = "well"
    world.ahead = 4 * PAUSES.first
    world.stamping().run_once()
    assert "4-one.tsr" in world.files()
    assert (world.work.standing(), world.store.unfinished()) == ([], [])
    assert world.authorities[1].asked == 1


def test_what_was_begun_is_completed_although_the_tree_grew(world: StampWorld) -> None:
    """A stamp that failed half way is made of the very note that lies there."""
    world.grow(4)
    world.authorities[0].mood = "broken"
    world.stamping().run_once()
    world.grow(6)
    world.authorities[0].mood, world.ahead = "well", PAUSES.first + 10
    world.stamping().run_once()
    assert {"4-one.tsr", "4-one.note"} <= world.files()
    assert world.names()["one"].verifies(world.path("4-one.tsr"), world.path("4-one.note"))


@pytest.mark.parametrize("step", ["begun", "note kept", "answer kept", "recorded"])
def test_a_process_that_dies(world: StampWorld, step: str) -> None:
    """After whichever step, the next run completes it without asking for what is there, and nothing is a finding."""
    world.grow(4)
    name = StampName(4, "one")
    note = as_log_signed(world.ledger.publisher.checkpoint())
    world.store.begin(name)
    if step != "begun":
        world.store.keep(name.file(NOTE), note)
    if step in ("answer kept", "recorded"):
        world.store.keep(name.file(STAMP), world.authorities[0].stamp(note))
    if step == "recorded":
        answer = world.store.read(name.file(STAMP)) or b""
        world.ledger.ledger.record_timestamp(*name, seal_of(name, answer))
    interrupted = world.check()
    assert interrupted.findings == []
    assert len(interrupted.not_checked) == (0 if step == "begun" else 1)
    world.stamping().run_once()
    assert {"4-one.tsr", "4-one.note"} <= world.files()
    assert world.store.unfinished() == []
    assert world.authorities[0].asked == (0 if step in ("answer kept", "recorded") else 1)
    assert (world.check().findings, world.check().not_checked) == ([], [])


def test_on_demand(world: StampWorld) -> None:
    """Whatever the clock says; a checkpoint that is stamped already is not stamped again; who fails is told."""
    world.grow(4)
    first = world.stamping().run_all()
    assert [(each.authority, each.size, each.fresh, each.fault) for each in first] == [
        ("one", 4, True, None),
        ("two", 4, True, None),
    ]
    assert [each.fresh for each in world.stamping().run_all()] == [False, False]
    world.grow(1)
    world.authorities[1].mood = "garbage"
    [well, bad] = world.stamping().run_all()
    assert well.fresh and well.stamped is not None
    assert bad.fault is not None and bad.fault.code == "timestamp_invalid"
    world.authorities = []
    with pytest.raises(NoAuthorities):
        world.stamping().run_all()


def test_clocks_that_differ_are_told(world: StampWorld) -> None:
    """A stamp is kept whatever our clock says, and that the two differ is said."""
    world.grow(2)
    world.ahead = 3600.0
    outcome = world.stamping().run_all()[0]
    assert outcome.clocks_differ
    assert outcome.offset == pytest.approx(-3600, abs=60)
    assert outcome.stamped is not None


def test_a_stamp_that_was_taken_away_is_not_made_again(world: StampWorld) -> None:
    """Another one in its place would hide it."""
    world.grow(2)
    world.stamping().run_all()
    world.path("2-one.tsr").unlink()
    outcome = world.stamping().run_all()[0]
    assert outcome.fault is not None
    assert "2-one.tsr" not in world.files()


def test_one_process_at_a_time(world: StampWorld) -> None:
    """While another process asks, nobody else does."""
    world.grow(2)
    with LedgerLock(world.ledger.home / "timestamp.lock").held() as ours:
        assert ours
        world.stamping().run_once()
    assert world.files() == set()
