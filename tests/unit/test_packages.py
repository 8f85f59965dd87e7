"""The use case of evidence packages: which members there are, under which checkpoint, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from adapters.keys.signing import verifier_of
from domain.errors import NotAllowed, NotFound
from domain.ledger.errors import LedgerInputAltered
from domain.ledger.policy import of_one_log
from domain.ledger.receipt import check_receipt, read_receipt
from domain.ports.ledger import Leaf
from domain.proofs.packages import Member, Package, Packages
from domain.records.erasure import FileErased, RecordIsErased
from tests.fakes import School, lecture
from tests.ledger_fakes import ORIGIN, MemoryLedger


class Register:
    """The time stamps that were kept."""

    def __init__(self) -> None:
        self.kept: list[tuple[int, str, bytes]] = []

    def record_timestamp(self, size: int, authority: str, seal: bytes) -> None:
        self.kept = sorted([*self.kept, (size, authority, seal)])

    def timestamps(self) -> list[tuple[int, str, bytes]]:
        return self.kept


class World:
    """A school with one record and a published ledger; ``beside`` are the files beside the checkpoint."""

    def __init__(self) -> None:
        self.school = School()
        self.ledger, self.register = MemoryLedger(self.school), Register()
        self.witnessed: str | None = None
        self.beside: dict[str, bytes] = {}
        self.packages = Packages(
            archive=self.school.archive, events=self.school.events, ledger=self.ledger, register=self.register,
            published=lambda: self.ledger.checkpoint().encode(), witnessed=lambda: self.witnessed,
            sign_note=self.ledger.signer.sign_note, policy=b"whose to believe", stamps=self.beside.get,
            roots={"tsa": b"certificates"}.get, describe=lambda record, size: {"code": record.code, "size": size},
        )  # fmt: skip
        self.clerk = self.school.actor("clerk")
        self.code = self.file("一")
        self.ledger.integrate()

    def file(self, title: str) -> str:
        files = [self.school.file(title.encode(), "签到表.txt"), self.school.file(b"2" + title.encode(), "签到表.TXT")]
        return self.school.archive.file(self.clerk, lecture(title=title), files).record.code

    def of(self, *codes: str) -> tuple[Package, dict[str, Member]]:
        package = self.packages.of(self.clerk, codes or (self.code,))
        return package, {member.path: member for member in package.members}

    @property
    def filed(self) -> Leaf:
        """The leaf of the first record."""
        [leaf] = self.ledger.leaves_of(self.school.archive.find(self.code).id)
        return leaf

    def stamp(self, size: int, authority: str) -> None:
        self.register.record_timestamp(size, authority, b"")
        self.beside[f"timestamps/{size}-{authority}.tsr"] = b"answer"
        self.beside[f"timestamps/{size}-{authority}.note"] = b"note"


@pytest.fixture
def world() -> World:
    return World()


def test_what_a_package_holds(world: World) -> None:
    """Checkpoint and policy first; of each record what people see, events, receipts, the log's word, files."""
    package, members = world.of()
    base = f"data/records/{world.code}/"
    assert (package.origin, package.size, package.time) == (ORIGIN, world.ledger.size(), world.school.now)
    assert (package.codes, package.folder) == ((world.code,), f"evidence-{package.size}")
    assert list(members) == [
        "data/checkpoint", "data/policy", f"{base}record.json", f"{base}events/0001.json",
        f"{base}receipts/0001.tlog-proof", f"{base}complete", f"{base}files/签到表.txt", f"{base}files/签到表 (2).TXT",
    ]  # fmt: skip
    assert json.loads(members[f"{base}record.json"].data) == {"code": world.code, "size": package.size}
    [row] = world.school.events.stored(world.school.archive.find(world.code).id)
    assert members[f"{base}events/0001.json"].data == row.state
    receipt = read_receipt(members[f"{base}receipts/0001.tlog-proof"].data)
    check_receipt(receipt, of_one_log(world.ledger.signer.vkey()), verifier_of)
    assert members[f"{base}files/签到表.txt"].blob in world.school.blobs.kept
    assert members[f"{base}files/签到表.txt"].size == len("一".encode())


def test_several_records_are_in_order_and_each_is_there_once(world: World) -> None:
    """Whoever names them in another order, or one of them twice, gets the same."""
    other = world.file("二")
    world.ledger.integrate()
    package, members = world.of(other, world.code, other)
    assert package.codes == tuple(sorted((world.code, other)))
    assert list(members.items()) == list(world.of(world.code, other)[1].items())


def test_the_witnessed_checkpoint_where_it_covers_everything(world: World) -> None:
    """It shows more than the newest one; where it does not cover a record, the newest one is taken."""
    world.witnessed = world.ledger.checkpoint()
    size = world.ledger.size()
    other = world.file("二")
    world.ledger.integrate()
    assert world.of()[0].size == size
    assert world.of()[1]["data/checkpoint"].data == world.witnessed.encode()
    assert world.of(other)[0].size == world.ledger.size()


def test_what_came_after_the_checkpoint_is_left_out(world: World) -> None:
    """The files of a later version, too; a record that the checkpoint does not know at all has no package."""
    world.witnessed = world.ledger.checkpoint()
    world.school.archive.attach(world.clerk, world.code, [world.school.file(b"more", "照片.txt")])
    assert not any("照片" in path for path in world.of()[1])
    with pytest.raises(NotFound):
        world.of(world.file("二"))


def test_the_time_stamps_that_cover_the_events(world: World) -> None:
    """Of each authority the earliest that covers them all, else its newest; with proof and certificates where kept."""
    filed = world.filed
    for stamped in (filed.index, filed.index + 1, filed.index + 2, filed.index + 99):
        world.stamp(stamped, "tsa")
    world.stamp(2, "other")
    world.stamp(3, "other")
    world.register.record_timestamp(filed.index + 1, "lost", b"")
    world.file("二")
    world.ledger.integrate()
    named = sorted(path for path in world.of()[1] if path.startswith("data/timestamps/"))
    assert named == sorted(
        [f"data/timestamps/{filed.index + 1}-tsa{kind}" for kind in (".tsr", ".note", ".proof")]
        + [f"data/timestamps/3-other{kind}" for kind in (".tsr", ".note", ".proof")]
        + ["data/timestamps/tsa.pem"]
    )


def test_what_has_no_package(world: World) -> None:
    """A record that the actor may not read, one that was erased, one of whose files was: it would prove too little."""
    with pytest.raises(NotAllowed):
        world.packages.of(world.school.actor("stranger"), [world.code])
    school, secretary, admin = world.school, world.school.actor("secretary"), world.school.actor("admin")
    school.erasing.propose(secretary, world.code, "privacy", "教党〔2024〕7号", ["签到表.txt"])
    school.erasing.approve(admin, world.code)
    with pytest.raises(FileErased):
        world.of()
    school.erasing.propose(secretary, world.code, "privacy", "教党〔2024〕7号")
    school.erasing.approve(admin, world.code)
    with pytest.raises(RecordIsErased):
        world.of()


def test_an_altered_event_is_named(world: World) -> None:
    """Nothing is handed out that the ledger does not hold."""
    world.ledger.taken[world.filed.index] = replace(world.filed, hash=b"x" * 32)
    with pytest.raises(LedgerInputAltered):
        world.of()


def test_without_a_published_batch_there_is_none(world: World) -> None:
    """A checkpoint whose time nobody knows is no ground to stand on."""
    world.ledger.batches.clear()
    with pytest.raises(NotFound):
        world.of()
