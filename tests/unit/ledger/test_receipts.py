"""The use case of receipts: which event, under which checkpoint, and when there is none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapters.keys.signing import verifier_of
from domain.errors import DatabaseDamaged, NotAllowed, NotFound
from domain.ledger.completeness import check_completeness, read_completeness
from domain.ledger.errors import LedgerInputAltered
from domain.ledger.policy import of_one_log
from domain.ledger.receipt import Receipt, check_receipt, read_receipt
from domain.proofs.receipts import ReceiptNotReady, Receipts
from domain.records.erasure import RecordIsErased
from domain.records.events import RecordFiled
from tests.fakes import School, lecture
from tests.ledger_fakes import MemoryLedger


class World:
    """A school whose ledger is published when a test says so. ``witnessed`` is the note that witnesses cosigned."""

    def __init__(self) -> None:
        self.school = School()
        self.ledger = MemoryLedger(self.school)
        self.witnessed: str | None = None
        self.slept: list[float] = []
        self.receipts = Receipts(
            archive=self.school.archive, events=self.school.events, ledger=self.ledger,
            published=lambda: self.ledger.checkpoint().encode(), witnessed=lambda: self.witnessed,
            sign_note=self.ledger.signer.sign_note, pause=self.sleep,
        )  # fmt: skip
        self.clerk = self.school.actor("clerk")
        self.record = self.school.archive.file(self.clerk, lecture(), []).record

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def integrate(self) -> None:
        self.ledger.integrate()

    def one(self, **which: int) -> Receipt:
        receipt = read_receipt(self.receipts.one(self.clerk, self.record.code, pauses=(), **which))
        check_receipt(receipt, of_one_log(self.ledger.signer.vkey()), verifier_of)
        return receipt

    def erase(self) -> None:
        self.school.erasing.propose(self.school.actor("secretary"), self.record.code, "privacy", "教党〔2024〕7号")
        self.school.erasing.approve(self.school.actor("admin"), self.record.code)


@pytest.fixture
def world() -> World:
    return World()


def test_the_newest_event_or_the_one_that_is_asked_for(world: World) -> None:
    """A version of the content or a number of the history; one that the record does not have is not found."""
    world.school.archive.sign_off(world.school.actor("secretary"), world.record.code)
    world.ledger.integrate()
    assert (world.one().version, world.one(version=1).version, world.one(revision=1).version) == (2, 1, 1)
    assert world.one(version=1).topic == RecordFiled.TOPIC
    assert world.receipts.name(world.clerk, world.record.code) == world.record.code
    for which in ({"version": 2}, {"revision": 3}, {"revision": 0}):
        with pytest.raises(NotFound):
            world.one(**which)


def test_who_may_not_read_the_record_gets_no_receipt(world: World) -> None:
    """The policy is asked before anything else is looked at."""
    with pytest.raises(NotAllowed):
        world.receipts.one(world.school.actor("stranger"), world.record.code)


def test_what_is_not_published_yet_is_waited_for(world: World) -> None:
    """As long as the pauses say; then the error says that the event is stored. Nothing is proven by less."""
    with pytest.raises(ReceiptNotReady, match=world.record.code):
        world.receipts.one(world.clerk, world.record.code, pauses=(0.1, 0.2))
    assert world.slept == [0.1, 0.2]
    world.receipts = Receipts(
        archive=world.school.archive, events=world.school.events, ledger=world.ledger,
        published=lambda: world.ledger.checkpoint().encode(), witnessed=lambda: None,
        sign_note=world.ledger.signer.sign_note, pause=lambda _: world.integrate(),
    )  # fmt: skip
    assert read_receipt(world.receipts.one(world.clerk, world.record.code, pauses=(0.1,))).version == 1


def test_integrated_is_not_yet_published(world: World) -> None:
    """A leaf that no published checkpoint covers, or that there is no checkpoint at all: not ready."""
    world.ledger.integrate()
    first = world.ledger.checkpoint()
    world.school.archive.sign_off(world.school.actor("secretary"), world.record.code)
    world.ledger.integrate()
    world.ledger.notes[:] = [first]
    with pytest.raises(ReceiptNotReady):
        world.one()
    assert world.one(revision=1).version == 1
    world.ledger.notes.clear()
    with pytest.raises(ReceiptNotReady):
        world.one(revision=1)


def test_a_witnessed_checkpoint_is_taken_where_it_covers_the_event(world: World) -> None:
    """Otherwise the newest one, whoever cosigned it."""
    world.ledger.integrate()
    world.witnessed = world.ledger.checkpoint()
    world.school.archive.sign_off(world.school.actor("secretary"), world.record.code)
    world.ledger.integrate()
    assert world.one(revision=1).proof.checkpoint == world.witnessed
    assert world.one().proof.checkpoint == world.ledger.checkpoint()


def test_all_of_a_record(world: World) -> None:
    """A completeness receipt holds every event of it, and the log's word that there are no more."""
    world.school.archive.sign_off(world.school.actor("secretary"), world.record.code)
    world.ledger.integrate()
    complete = read_completeness(world.receipts.complete(world.clerk, world.record.code, pauses=()))
    check_completeness(complete, of_one_log(world.ledger.signer.vkey()), verifier_of)
    assert [each.version for each in complete.receipts] == [1, 2]


def test_of_an_erased_record_there_is_only_what_says_so(world: World) -> None:
    """Its other events have no content that a receipt could show; that it was erased has a receipt."""
    world.erase()
    world.ledger.integrate()
    for ask in (lambda: world.one(revision=1), lambda: world.receipts.complete(world.clerk, world.record.code)):
        with pytest.raises(RecordIsErased):
            ask()
    assert world.one(revision=3).version == 3


def test_nothing_is_handed_out_that_would_not_hold(world: World) -> None:
    """An event that is not what was entered, a row that is gone, nodes or leaves that were changed: each is named."""
    world.ledger.integrate()
    leaf = world.ledger.leaf_of(world.record.id, 1)
    assert leaf is not None
    for other in ({"position": 1}, {"position": 99}, {"hash": b"x" * 32}):
        world.ledger.taken[leaf.index] = replace(leaf, **other)
        with pytest.raises(LedgerInputAltered):
            world.one()
    world.ledger.taken[leaf.index] = leaf
    sound, world.ledger.taken[0] = world.ledger.taken[0], replace(world.ledger.taken[0], hash=b"x" * 32)
    with pytest.raises(DatabaseDamaged, match="do not lead to the published root"):
        world.one()
    world.ledger.taken[0] = sound
    assert world.one().version == 1  # nothing that was read from damaged tables is remembered


def test_leaves_that_do_not_follow_one_another_are_damage(world: World) -> None:
    """A record's second event cannot be in the ledger twice."""
    world.school.archive.sign_off(world.school.actor("secretary"), world.record.code)
    world.ledger.integrate()
    world.ledger.taken.append(replace(world.ledger.taken[-1], index=world.ledger.size()))
    world.ledger.integrate()
    with pytest.raises(DatabaseDamaged, match="do not follow"):
        world.one(revision=1)
