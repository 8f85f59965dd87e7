"""The drill of docs/how-to/keys.md: a key is lost, a key is stolen; what goes on, is found, and stays provable."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.home.house import House, open_archive
from adapters.keys.ring import SigningKeyMissing
from adapters.keys.signing import load_key
from domain.keys.events import keys_stream
from domain.ledger.checkpoint import Checkpoint
from domain.ledger.errors import InvalidNote, InvalidProof, KeyFileInvalid, LedgerRolledBack
from domain.ledger.tree import check_consistency, consistency_proof
from indexers.pipeline import integrate
from operations import keys
from operations.verification import verify_archive
from tests.keys_world import ORIGIN, accepted, classes, file, make, note, settings_of


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = make(settings_of(tmp_path / "home"), records=8)
    yield made
    made.close()


def continued(house: House, earlier: Checkpoint, later: Checkpoint) -> None:
    """What somebody who kept a checkpoint asks of the ledger's public tiles. Raises `InvalidProof`."""
    proof = consistency_proof(earlier.size, later.size, house.ledger.range_hash)
    check_consistency(earlier.size, later.size, proof, earlier.root, later.root)


def only_trusted_by(house: House, lost: str, folder: Path) -> House:
    """The same archive on a machine that never heard of the successor."""
    home = folder / "stranger"
    shutil.copytree(house.settings.home, home)
    (home / "keys" / "known").write_text(f"anchor {lost}\n")
    return open_archive(settings_of(home))


# ── lost ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_lost_key_comes_back_from_an_older_backup(house: House, tmp_path: Path) -> None:
    """The archive goes on as if nothing had been: what was signed last is older, and the ledger continues it."""
    shutil.copytree(house.settings.keys_folder, tmp_path / "backup")
    file(house, 3)
    kept = note(house)
    house.close()
    shutil.rmtree(house.settings.keys_folder)
    with pytest.raises(KeyFileInvalid, match=r"ledger\.key"):
        open_archive(house.settings)
    shutil.copytree(tmp_path / "backup", house.settings.keys_folder)
    again = open_archive(house.settings)
    file(again)
    assert classes(again, since=kept) == []
    assert again.events.stream(keys_stream(ORIGIN)) == []
    again.close()


def test_no_key_and_no_backup_a_successor_goes_on_and_everybody_can_see_it(house: House, tmp_path: Path) -> None:
    """The old key does not verify what comes, a kept checkpoint shows that it is the same ledger, `verify` says whom
    it trusts, and a machine that was not told names the event."""
    lost, kept = house.signer.vkey(), note(house)
    house.close()
    shutil.rmtree(house.settings.keys_folder)
    with pytest.raises(keys.LostKeyNeeded):
        keys.make_ready(house.settings.keys_folder, None)
    keys.make_ready(house.settings.keys_folder, lost)
    waiting = open_archive(house.settings)
    with pytest.raises(SigningKeyMissing, match=lost.split("+")[1]):
        waiting.signer.sign_note("anything\n")
    act = keys.key_changes(waiting).succeed(waiting.operator(), "磁盘损坏，没有备份")
    file(waiting)
    now = note(waiting)
    assert (act.lost, act.reason) == ([lost], "磁盘损坏，没有备份")
    assert accepted(now, lost) is None
    earlier, later = accepted(kept, lost), accepted(now, act.new)
    assert earlier is not None
    assert later is not None
    continued(waiting, earlier, later)
    found = verify_archive(waiting, since=kept)
    assert found.findings == []
    assert any(
        act.new.split("+")[1] in remark.en and "no lost one endorsed" in remark.en for remark in found.not_checked
    )
    stranger = only_trusted_by(waiting, lost, tmp_path)
    with pytest.raises(Exception, match=lost.split("+")[1]):  # it cannot sign: the key that it trusts is lost
        file(stranger)
    assert ("unauthorised", "event", f"{keys_stream(ORIGIN)}/1") in classes(stranger)
    stranger.close()
    waiting.close()


def test_keys_lost_while_the_ledger_was_behind(house: House) -> None:
    """Leaves that nobody could sign any more are signed by the successor: nothing that was filed is lost."""
    lost = house.signer.vkey()
    (house.settings.keys_folder / "known").write_text(f"anchor {lost}\n")
    (house.settings.keys_folder / "ledger.key").unlink()
    house.close()
    waiting = open_archive(house.settings)
    for _ in range(3):
        with pytest.raises(SigningKeyMissing):
            file(waiting)
    act = keys.key_changes(waiting).succeed(waiting.operator(), "密钥文件被删，没有备份")
    integrate(waiting)
    assert waiting.ledger.published() == waiting.ledger.size()
    assert accepted(note(waiting), act.new)
    assert classes(waiting) == []
    waiting.close()


def test_what_was_signed_last_is_not_forgotten_with_the_keys(house: House) -> None:
    """After a succession an old backup of the database is still not signed."""
    lost, size = house.signer.vkey(), house.ledger.size()
    house.close()
    shutil.rmtree(house.settings.keys_folder)
    keys.make_ready(house.settings.keys_folder, lost)
    again = open_archive(house.settings)
    keys.key_changes(again).succeed(again.operator(), "磁盘损坏，没有备份")
    last = again.guard.last()
    assert last is not None
    assert last[0].size == size
    with pytest.raises(LedgerRolledBack):
        again.guard.check(size - 1, 1, again.ledger.root)
    again.close()


def test_a_key_that_never_signed_this_ledger_cannot_be_called_the_lost_one(house: House, tmp_path: Path) -> None:
    """The checkpoint that is public speaks against it: the guard's memory cannot be made anew."""
    other = make(settings_of(tmp_path / "other"), records=0)
    wrong = other.signer.vkey()
    other.close()
    house.close()
    shutil.rmtree(house.settings.keys_folder)
    keys.make_ready(house.settings.keys_folder, wrong)
    again = open_archive(house.settings)
    with pytest.raises(Exception, match="last-signed"):
        keys.key_changes(again).succeed(again.operator(), "磁盘损坏，没有备份")
    assert again.events.stream(keys_stream(ORIGIN)) == []
    again.close()


# ── stolen ──────────────────────────────────────────────────────────────────────────────────────────────────────────


class Theft:
    """A ledger whose first key is stolen: rotated, retired at once, and pinned down by somebody outside."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.before = note(house)  # somebody outside kept it
        self.thief = load_key(house.settings.keys_folder / "ledger.key")
        file(house, 2)
        self.stolen_at = house.ledger.size()
        act = keys.key_changes(house).rotate(house.operator())
        self.retired = keys.key_changes(house).retire(house.operator(), act.old, "密钥被盗")
        file(house)
        self.old, self.new, self.pinned = act.old, act.new, note(house)

    def forged(self, size: int, root: bytes = bytes(range(32))) -> str:
        """What the thief signs."""
        return self.thief.sign_note(Checkpoint(ORIGIN, size, root).text())

    def publish(self, forged: str) -> None:
        (self.house.settings.ledger_folder / "checkpoint").write_text(forged)


@pytest.fixture
def theft(house: House) -> Theft:
    return Theft(house)


def test_a_rotation_without_an_overlap_leaves_nothing_for_the_thief_to_sign(theft: Theft) -> None:
    """No checkpoint but those of before the change carries the stolen key; the archive verifies clean."""
    assert theft.retired.size == theft.stolen_at
    assert accepted(theft.pinned, theft.new)
    assert accepted(theft.pinned, theft.old) is None
    assert classes(theft.house, since=theft.before) == classes(theft.house, since=theft.pinned) == []


def test_what_the_thief_signs_later_is_found(theft: Theft) -> None:
    """Above where the key ended it is unauthorised, whatever its root; below, it contradicts what was signed then."""
    size = theft.house.ledger.size()
    for forged in (theft.forged(size), theft.forged(size, theft.house.ledger.root(size))):
        theft.publish(forged)
        assert classes(theft.house) == [("unauthorised", "checkpoint", "checkpoint")]
    theft.publish(theft.forged(theft.stolen_at))
    assert ("forked", "checkpoint", "checkpoint") in classes(theft.house)
    theft.publish(theft.pinned)
    assert classes(theft.house) == []


def test_whoever_took_the_stolen_key_out_of_their_policy_is_not_deceived(theft: Theft) -> None:
    """Who did not is: the signature alone does not tell, and only what they kept does."""
    forged = theft.forged(theft.house.ledger.size())
    assert accepted(forged, theft.new) is None
    deceived = accepted(forged, theft.old)
    assert deceived is not None  # the honest limit
    kept = accepted(theft.before, theft.old)
    assert kept is not None
    with pytest.raises(InvalidProof):
        continued(theft.house, kept, deceived)


def test_what_was_witnessed_before_the_theft_and_what_was_pinned_after_stays_provable(theft: Theft) -> None:
    """The checkpoint of before is contained in the pinned one, and the pinned one in all that follow."""
    file(theft.house, 2)
    before, pinned = accepted(theft.before, theft.old), accepted(theft.pinned, theft.new)
    now = accepted(note(theft.house), theft.new)
    assert before is not None
    assert pinned is not None
    assert now is not None
    continued(theft.house, before, pinned)
    continued(theft.house, pinned, now)


def test_a_thief_who_also_writes_the_database_cannot_bring_the_key_back(theft: Theft) -> None:
    """An event that makes the stolen key good again is signed by nobody who may: it is named, and changes nothing."""
    house = theft.house
    forger = theft.thief
    with pytest.raises((InvalidNote, Exception), match="not changed"):
        house.key_keeping.rotate(house.operator(), house.keys.anchors, forger, forger, house.ledger.size())
    assert house.signer.vkeys() == (theft.new,)
    with pytest.raises(InvalidNote, match="not in force"):
        verify_archive(house, since=forger.sign_note(Checkpoint(ORIGIN, house.ledger.size(), bytes(32)).text()))
