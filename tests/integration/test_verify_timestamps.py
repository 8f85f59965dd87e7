"""The forensic check and time stamps: whoever lays hands on them is named, and any of them convicts a rewriter."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from adapters.keys.signing import create_key
from domain.ledger.checkpoint import Checkpoint
from domain.ledger.timestamps import StampName, seal_of
from tests.authority import Authority, make, serving
from tests.ledger_world import open_world, some_rows
from tests.stamp_world import StampWorld

SIZES = (300, 310)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of 310 events with two checkpoints, each stamped by two authorities."""
    folder = tmp_path_factory.mktemp("stamped")
    with ExitStack() as stack:
        authorities = [stack.enter_context(serving(make(folder / name))) for name in ("one", "two")]
        world = StampWorld(open_world(folder / "home"), authorities)
        for size in SIZES:
            world.grow(size - world.ledger.ledger.size())
            world.stamping().run_all()
        world.close()
    return folder


@pytest.fixture
def world(template: Path, tmp_path: Path) -> Iterator[StampWorld]:
    shutil.copytree(template, tmp_path / "copy")
    authorities = [Authority(tmp_path / "copy" / name) for name in ("one", "two")]
    with closing(StampWorld(open_world(tmp_path / "copy" / "home"), authorities)) as made:
        yield made


def addresses(world: StampWorld) -> set[tuple[str, str, str | None]]:
    return {(each.klass, each.subject, each.file) for each in world.check().findings}


def test_nobody_touched_anything(world: StampWorld) -> None:
    """No finding, and nothing left unchecked; without the authorities' roots that is said, and no finding."""
    found = world.check()
    assert (found.findings, found.not_checked) == ([], [])
    without = world.check(checked=False)
    assert without.findings == []
    assert len(without.not_checked) == 2


def flip(name: str, at: int) -> Callable[[StampWorld], None]:
    def act(world: StampWorld) -> None:
        path = world.path(name)
        data = bytearray(path.read_bytes())
        data[at] ^= 1
        write(path, bytes(data))

    return act


def write(path: Path, data: bytes) -> None:
    if path.exists():
        path.chmod(0o644)
    path.write_bytes(data)


def swap(one: str, other: str) -> Callable[[StampWorld], None]:
    def act(world: StampWorld) -> None:
        first, second = world.path(one).read_bytes(), world.path(other).read_bytes()
        write(world.path(one), second)
        write(world.path(other), first)

    return act


def forget(world: StampWorld, name: str) -> None:
    for kind in ("tsr", "note"):
        world.path(f"{name}.{kind}").unlink()


def foreign(world: StampWorld) -> None:
    write(world.path("305-one.tsr"), b"x")
    write(world.path("305-one.note"), world.path("300-one.note").read_bytes())


def ledger(statement: str, *values: object) -> Callable[[StampWorld], None]:
    def act(world: StampWorld) -> None:
        with closing(sqlite3.connect(world.ledger.home / "ledger.sqlite", isolation_level=None)) as db:
            db.execute(statement, values)

    return act


def file(klass: str, *names: str) -> set[tuple[str, str, str]]:
    return {(klass, "timestamp", f"timestamps/{name}") for name in names}


def row(klass: str, name: str) -> set[tuple[str, str, str]]:
    return {(klass, "timestamp", f"ledger.sqlite:timestamps/{name}")}


CASES: dict[str, tuple[Callable[[StampWorld], None], set[tuple[str, str, str]]]] = {
    "a stamp deleted": (lambda w: w.path("300-one.tsr").unlink(), file("deleted", "300-one.tsr")),
    "a note deleted": (lambda w: w.path("300-one.note").unlink(), file("deleted", "300-one.note")),
    "both deleted": (
        lambda w: forget(w, "310-two"),
        file("deleted", "310-two.tsr", "310-two.note"),
    ),
    "all deleted": (
        lambda w: shutil.rmtree(w.path("")),
        file("deleted", *(f"{s}-{a}.{k}" for s in SIZES for a in ("one", "two") for k in ("tsr", "note"))),
    ),
    "a note altered": (flip("310-one.note", 30), file("altered", "310-one.note")),
    "a note emptied": (lambda w: write(w.path("310-one.note"), b""), file("altered", "310-one.note")),
    "a stamp emptied": (lambda w: write(w.path("310-one.tsr"), b""), file("altered", "310-one.tsr")),
    "stamps swapped": (swap("300-one.tsr", "310-one.tsr"), file("altered", "300-one.tsr", "310-one.tsr")),
    "notes swapped": (swap("300-one.note", "310-one.note"), file("altered", "300-one.note", "310-one.note")),
    "stamps of two authorities swapped": (
        swap("300-one.tsr", "300-two.tsr"),
        file("altered", "300-one.tsr", "300-two.tsr"),
    ),
    "a row deleted": (
        ledger("DELETE FROM timestamps WHERE size = 300 AND authority = 'one'"),
        row("deleted", "300-one"),
    ),
    "a seal altered": (
        ledger("UPDATE timestamps SET seal = zeroblob(40) WHERE size = 300 AND authority = 'one'"),
        row("altered", "300-one"),
    ),
    "a seal of another type": (
        ledger("UPDATE timestamps SET seal = 'text' WHERE size = 300 AND authority = 'one'"),
        row("altered", "300-one"),
    ),
    "a row inserted": (
        ledger("INSERT INTO timestamps VALUES ('many', 'x/y', 3)"),
        row("altered", "many-x/y"),
    ),
    "a foreign file": (
        lambda w: write(w.path("hello.txt"), b"x"),
        {("inserted", "file", "timestamps/hello.txt")},
    ),
    "a stamp of nobody": (
        foreign,
        file("inserted", "305-one.tsr") | file("altered", "305-one.note"),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_tampering_is_named(world: StampWorld, case: str) -> None:
    """Exactly what was touched is found."""
    act, expected = CASES[case]
    act(world)
    assert addresses(world) == expected


def test_every_byte_of_a_stamp_counts(world: StampWorld) -> None:
    """Also the few that no signature covers."""
    path = world.path("300-one.tsr")
    for at in range(0, path.stat().st_size, 97):
        flip("300-one.tsr", at)(world)
        assert addresses(world) == file("altered", "300-one.tsr")
        flip("300-one.tsr", at)(world)
    assert addresses(world) == set()


def test_a_stamp_by_another_authority(world: StampWorld, tmp_path: Path) -> None:
    """One that a stranger made, remembered as if it had been received, is not taken for the authority's."""
    path, name = world.path("300-one.tsr"), StampName(300, "one")
    forged = make(tmp_path / "stranger").stamp(world.path("300-one.note").read_bytes())
    write(path, forged)
    ledger("UPDATE timestamps SET seal = ? WHERE size = 300 AND authority = 'one'", seal_of(name, forged))(world)
    assert addresses(world) == file("altered", "300-one.tsr")


def rewritten(world: StampWorld, rows: list[tuple[str, int, str, bytes]]) -> StampWorld:
    """Another history, integrated, published and signed with the log's real key: only the time stamps stay."""
    home = world.ledger.home
    new = home.parent / "rewritten"
    new.mkdir()
    shutil.copytree(home / "keys", new / "keys")
    (new / "keys" / "last-signed").unlink()
    made = open_world(new)
    made.events.add(rows)
    made.integrator().run_once()
    shutil.copytree(home / "ledger" / "timestamps", new / "ledger" / "timestamps")
    with closing(sqlite3.connect(home / "ledger.sqlite")) as old:
        stamps = old.execute("SELECT * FROM timestamps").fetchall()
    for stamp in stamps:
        made.ledger.record_timestamp(*stamp)
    return StampWorld(made, world.authorities)


def test_a_history_rewritten_and_signed_with_the_real_key(world: StampWorld) -> None:
    """Everything here agrees with everything else; one time stamp alone is enough to find it."""
    rows = some_rows(310)
    rows[12] = (*rows[12][:3], b"something else")
    with closing(rewritten(world, rows)) as forged:
        for name in ("300-two", "310-one", "310-two"):
            for kind in ("tsr", "note"):
                forged.path(f"{name}.{kind}").unlink()
        with closing(sqlite3.connect(forged.ledger.home / "ledger.sqlite", isolation_level=None)) as db:
            db.execute("DELETE FROM timestamps WHERE NOT (size = 300 AND authority = 'one')")
        [finding] = forged.check().findings
        assert (finding.klass, finding.subject, finding.file) == ("forked", "checkpoint", "timestamps/300-one.note")
        assert "300" in finding.detail("en") and "one at 20" in finding.detail("en")


def test_what_came_after_the_stamp_may_differ(world: StampWorld) -> None:
    """A history that differs only behind the stamped size contradicts the later stamps alone."""
    rows = some_rows(310)
    rows[305] = (*rows[305][:3], b"something else")
    with closing(rewritten(world, rows)) as forged:
        assert {each.file for each in forged.check().findings} == {
            "timestamps/310-one.note",
            "timestamps/310-two.note",
        }


def test_a_whole_archive_rolled_back(world: StampWorld) -> None:
    """Events, ledger and keys of an older day: the stamps say how large it was."""
    with closing(rewritten(world, some_rows(305))) as older:
        found = older.check().findings
    assert {(each.klass, each.file) for each in found} == {
        ("rolled back", "timestamps/310-one.note"),
        ("rolled back", "timestamps/310-two.note"),
    }


def test_a_note_signed_with_another_key(world: StampWorld, tmp_path: Path) -> None:
    """A stamped note that our log did not sign is no anchor, whoever stamped it."""
    stranger = create_key(tmp_path / "key", world.ledger.signer.origin)
    note = stranger.sign_note(Checkpoint(stranger.name, 300, bytes(32)).text()).encode()
    name = StampName(300, "one")
    answer = world.authorities[0].stamp(note)
    write(world.path("300-one.note"), note)
    write(world.path("300-one.tsr"), answer)
    ledger("UPDATE timestamps SET seal = ? WHERE size = 300 AND authority = 'one'", seal_of(name, answer))(world)
    assert addresses(world) == file("altered", "300-one.note")
