"""The keys of an archive change, embedded and on servers: every checkpoint has its signatures, and `verify` knows."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from adapters.home.founding import create_archive
from adapters.home.house import House, open_archive
from adapters.keys.ring import SigningKeyMissing
from adapters.keys.signing import Ed25519Signer, generate_key, load_key
from domain.access import SYSTEM
from domain.errors import NotAllowed, NotFound
from domain.event import Stamp
from domain.keys.events import KeyRotated, keys_stream
from domain.keys.history import statement
from domain.keys.keeping import KeyActRefused
from domain.ledger.checkpoint import Checkpoint
from domain.ledger.errors import KeyFileInvalid, LedgerRolledBack
from domain.ledger.note import Note, Signature
from indexers.pipeline import integrate
from operations import keys
from tests.cli_world import BACK_ENDS, servers
from tests.keys_world import ORIGIN, accepted, classes, file, make, note, reopened, settings_of, signers


@pytest.fixture(params=BACK_ENDS)
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    with servers(request.param, request) as addresses:
        made = make(settings_of(tmp_path / "home", addresses))
        yield made
        made.close()


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[House]:
    made = make(settings_of(tmp_path / "home"))
    yield made
    made.close()


def rotated(house: House) -> tuple[str, str]:
    """The old and the new vkey."""
    act = keys.key_changes(house).rotate(house.operator())
    integrate(house)
    return act.old, act.new


def test_old_and_new_sign_together_until_the_old_is_retired(house: House) -> None:
    """Whoever trusts one of them accepts what both signed; what came before and after has one signature."""
    before = note(house)
    old, new = rotated(house)
    both = note(house)
    file(house)
    still_both = note(house)
    keys.key_changes(house).retire(house.operator(), old.split("+")[1], "到期更换")
    file(house)
    after = note(house)
    assert [signers(each, (old, new)) for each in (before, both, still_both, after)] == [
        [old], [old, new], [old, new], [new]
    ]  # fmt: skip
    house = reopened(house)
    assert classes(house) == classes(house, since=before) == classes(house, since=both) == []
    assert [event.TOPIC for event in house.events.stream(keys_stream(ORIGIN))] == [
        "jianzheng:ledger.key-rotated", "jianzheng:ledger.key-retired"
    ]  # fmt: skip
    house.close()


def test_what_is_public_names_the_keys_in_force(house: House) -> None:
    """The policy and the file beside the checkpoint, the newest key first."""

    def public() -> list[str]:
        assert [log.key.encode() for log in house.trust.published().policy.logs] == list(house.signer.vkeys())
        assert house.signer.vkey() == house.signer.vkeys()[0]
        return (house.settings.ledger_folder / "vkey").read_text().splitlines()

    [first] = public()
    old, new = rotated(house)
    assert (old, public()) == (first, [new, old])
    keys.key_changes(house).retire(house.operator(), old, "到期更换")
    integrate(house)
    assert public() == [new]


def test_another_process_signs_with_the_new_key_without_being_told(house: House) -> None:
    """It was open before; and once the key is retired, it uses it no more."""
    other = open_archive(house.settings)
    file(other)
    old, new = rotated(house)
    file(other)
    assert signers(note(other), (old, new)) == [old, new]
    keys.key_changes(house).retire(house.operator(), old, "到期更换")
    file(other)
    assert signers(note(other), (old, new)) == [new]
    assert classes(other) == []
    other.close()


def test_a_machine_without_a_key_in_force_signs_nothing(house: House, tmp_path: Path) -> None:
    """Filing goes on; with the key back, the ledger catches up."""
    _, new = rotated(house)
    path = house.settings.keys_folder / f"ledger-{new.split('+')[1]}.key"
    path.rename(tmp_path / "away")
    house = reopened(house)
    published = note(house)
    with pytest.raises(SigningKeyMissing, match=new.split("+")[1]):
        file(house)
    assert note(house) == published
    with pytest.raises(SigningKeyMissing):
        keys.key_changes(house).rotate(house.operator())
    (tmp_path / "away").rename(path)
    integrate(house)
    assert note(house) != published
    assert classes(house) == []
    house.close()


def test_a_lost_key_of_two_is_retired_without_it(house: House) -> None:
    """Also when the ledger is waiting for its signature already."""
    old, new = rotated(house)
    (house.settings.keys_folder / f"ledger-{new.split('+')[1]}.key").unlink()
    house = reopened(house)
    with pytest.raises(SigningKeyMissing):
        file(house)
    keys.key_changes(house).retire(house.operator(), new, "密钥文件丢失")
    integrate(house)
    assert signers(note(house), (old, new)) == [old]
    assert classes(house) == []
    with pytest.raises(KeyActRefused, match="only key"):
        keys.key_changes(house).retire(house.operator(), old, "不能")
    house.close()


def test_only_administrators_of_the_top_change_keys(embedded: House) -> None:
    """An administrator of a school may not."""
    office = embedded.administration
    office.add_organisation(SYSTEM, "school-01", "第一中学")
    for username, organisation, role in (("deputy", "school-01", "administrator"), ("clerk", "top", "clerk")):
        office.open_account(SYSTEM, username)
        office.grant(SYSTEM, username, role, organisation)
        actor = embedded.directory().account(username).actor()
        for act in (
            lambda a: keys.key_changes(embedded).rotate(a),
            lambda a: keys.key_changes(embedded).retire(a, "x", "y"),
            lambda a: keys.key_changes(embedded).succeed(a, "y"),
        ):
            with pytest.raises(NotAllowed):
                act(actor)
    with pytest.raises(NotFound):
        keys.key_changes(embedded).retire(embedded.operator(), "00000000", "没有这个密钥")
    assert embedded.events.stream(keys_stream(ORIGIN)) == []


def test_the_guard_keeps_working_with_both_keys(embedded: House) -> None:
    """What was signed with the old key is remembered after it is gone; a smaller tree is never signed."""
    old, _ = rotated(embedded)
    keys.key_changes(embedded).retire(embedded.operator(), old, "到期更换")
    (embedded.settings.keys_folder / "ledger.key").unlink()
    house = reopened(embedded)
    last = house.guard.last()
    assert last is not None
    assert house.guard.check(last[0].size, last[0].size, house.ledger.root) == last[1]
    with pytest.raises(LedgerRolledBack):
        house.guard.check(last[0].size - 1, 1, house.ledger.root)
    file(house)
    house.close()


def test_the_guard_asks_what_others_have_seen(embedded: House) -> None:
    """A tree that a witness has seen is continued, or nothing is signed."""
    size = embedded.ledger.size()
    seen = Checkpoint(ORIGIN, size, embedded.ledger.root(size))
    embedded.guard.seen = lambda: [seen]
    file(embedded)
    published = note(embedded)
    for wrong in (Checkpoint(ORIGIN, size, bytes(32)), Checkpoint(ORIGIN, 10**6, bytes(32))):
        embedded.guard.seen = lambda wrong=wrong: [wrong]
        with pytest.raises(LedgerRolledBack):
            file(embedded)
    assert note(embedded) == published
    embedded.guard.seen = tuple
    integrate(embedded)


# ── tampering ───────────────────────────────────────────────────────────────────────────────────────────────────────


def changed(house: House) -> tuple[House, str, str]:
    """A rotation and a retirement, with records before, between and after them."""
    old, new = rotated(house)
    file(house, 2)
    keys.key_changes(house).retire(house.operator(), old, "到期更换")
    file(house, 2)
    house.close()
    return house, old, new


TAMPERINGS: dict[str, tuple[str, Callable[[str], list[tuple[str, str, str]]]]] = {
    "note altered": (
        "UPDATE stored_events SET state = replace(state, 'size 9', 'size 8') WHERE topic LIKE '%key-rotated'",
        lambda stream: [("altered", "event", f"{stream}/1")],
    ),
    "rotation deleted": (
        "DELETE FROM stored_events WHERE topic LIKE '%key-rotated'",
        lambda stream: [("deleted", "event", f"{stream}/1")],
    ),
    "retirement deleted": (
        "DELETE FROM stored_events WHERE topic LIKE '%key-retired'",
        lambda stream: [("deleted", "event", f"{stream}/2")],
    ),
}


@pytest.mark.parametrize("case", TAMPERINGS)
def test_tampering_with_the_events_of_keys_is_named_and_nothing_else_is(embedded: House, case: str) -> None:
    """Sound checkpoints do not look forged because the event that speaks of their key was touched."""
    house, _, _ = changed(embedded)
    statement_, expected = TAMPERINGS[case]
    with sqlite3.connect(house.settings.events_file) as db:
        db.create_function(
            "replace", 3, lambda state, old, new: bytes(state).replace(old.encode(), new.encode()), deterministic=True
        )
        assert db.execute(statement_).rowcount == 1
    db.close()
    house = open_archive(house.settings)
    assert classes(house) == expected(str(keys_stream(ORIGIN)))
    house.close()


def forge(house: House, signer: Ed25519Signer) -> None:
    """An administrator of the database writes an event that names a key of their own, and lets the archive file it."""
    stream, old = keys_stream(ORIGIN), house.signer.vkey()
    stamp = Stamp("admin", house.clock(), house.entropy.salt)
    act = KeyRotated(origin=ORIGIN, size=0, old=old, new=signer.vkey(), note="", **stamp.header(stream, 1))
    text = statement(act)
    ids = (house.keys.anchors[0].key_id, signer.key.key_id)
    lines = tuple(Signature(ORIGIN, each, signer.sign(text.encode())) for each in ids)
    forged = KeyRotated(**{**vars(act), "note": Note(text, lines).encode()})
    house.events.append([forged])


def test_a_key_that_no_key_endorsed_signs_nothing_and_is_named(house: House) -> None:
    """The forged event is one that the rules could not have made; the ledger goes on with the true key."""
    attacker = generate_key(ORIGIN)
    forge(house, attacker)
    file(house)
    assert not accepted(note(house), attacker.vkey())
    assert classes(house) == [("unauthorised", "event", f"{keys_stream(ORIGIN)}/1")]
    rotated(house)  # the true keys can be changed all the same
    assert classes(house) == [("unauthorised", "event", f"{keys_stream(ORIGIN)}/1")]


def test_what_a_retired_key_signs_is_named(embedded: House, tmp_path: Path) -> None:
    """A thief publishes a checkpoint of the present tree with the stolen key, by itself."""
    stolen = load_key(embedded.settings.keys_folder / "ledger.key")
    house, _, _ = changed(embedded)
    house = open_archive(house.settings)
    size = house.ledger.size()
    forged = stolen.sign_note(Checkpoint(ORIGIN, size, house.ledger.root(size)).text())
    (house.settings.ledger_folder / "checkpoint").write_text(forged)
    assert classes(house) == [("unauthorised", "checkpoint", "checkpoint")]
    house.close()


def test_a_published_key_that_is_another_is_named(embedded: House) -> None:
    """As with a single key."""
    house, _, new = changed(embedded)
    house = open_archive(house.settings)
    (house.settings.ledger_folder / "vkey").write_text(generate_key(ORIGIN).vkey() + "\n")
    assert classes(house) == [("altered", "file", "vkey")]
    (house.settings.ledger_folder / "vkey").write_text(new + "\n")
    assert classes(house) == []
    house.close()


# ── a command of the operator's ─────────────────────────────────────────────────────────────────────────────────────


PROGRAM = """\
import os, sys
from base64 import b64encode
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
name, key_id, _ = os.environ["SIGN_KEY"].split("+", 2)
key = Ed25519PrivateKey.from_private_bytes(open(sys.argv[1] + "/" + key_id, "rb").read())
print(b64encode(key.sign(sys.stdin.buffer.read())).decode())
"""


class Module:
    """A security module: keys in a folder, and the program that signs with them."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self.vkeys: list[str] = []
        (folder / "sign.py").write_text(PROGRAM)

    def make(self) -> str:
        key = Ed25519PrivateKey.generate()
        signer = Ed25519Signer(ORIGIN, key)
        (self.folder / signer.key.key_id.hex()).write_bytes(key.private_bytes_raw())
        self.vkeys.append(signer.vkey())
        return signer.vkey()

    def settings(self) -> dict[str, str]:
        import sys

        return {
            "JIANZHENG_SIGN_COMMAND": f"'{sys.executable}' '{self.folder / 'sign.py'}' '{self.folder}'",
            "JIANZHENG_SIGN_VKEY": " ".join(self.vkeys),
        }


@pytest.fixture
def module(tmp_path: Path) -> Module:
    return Module(tmp_path / "module")


def test_an_archive_whose_key_never_was_in_a_file(module: Module, tmp_path: Path) -> None:
    """Made, signed, and changed to the next key of the module."""
    first = module.make()
    house = make(settings_of(tmp_path / "home", **module.settings()))
    assert not [*house.settings.keys_folder.glob("*.key")]
    assert accepted(note(house), first)
    house.close()
    second = module.make()
    house = open_archive(settings_of(tmp_path / "home", **module.settings()))
    keys.key_changes(house).rotate(house.operator(), command=True)
    file(house)
    assert signers(note(house), (first, second)) == [first, second]
    with pytest.raises(keys.NoNewKey):
        keys.key_changes(house).rotate(house.operator(), command=True)
    assert classes(house) == []
    assert [held.place for held in keys.key_changes(house).listing()] == ["command", "command"]
    house.close()


def test_a_module_that_fails_holds_up_nothing_but_the_ledger(module: Module, embedded: House, tmp_path: Path) -> None:
    """A key file hands over to a module; while that is away nothing is published unsigned, and later all is."""
    embedded.close()
    second = module.make()
    house = open_archive(settings_of(tmp_path / "home", **module.settings()))
    act = keys.key_changes(house).rotate(house.operator(), command=True)
    integrate(house)
    published = note(house)
    assert signers(published, (act.old, second)) == [act.old, second]
    (module.folder / "sign.py").rename(module.folder / "away.py")
    with pytest.raises(Exception, match="gave no valid signature"):
        file(house, 2)
    assert note(house) == published
    (module.folder / "away.py").rename(module.folder / "sign.py")
    integrate(house)
    assert accepted(note(house), second)
    assert classes(house) == []
    house.close()


def test_a_new_archive_needs_a_module_that_signs(module: Module, tmp_path: Path) -> None:
    """With one key of the right name; nothing is left of an attempt that fails."""
    other = Ed25519Signer("other.example/log", Ed25519PrivateKey.generate()).vkey()
    module.make()
    wrong = (
        {**module.settings(), "JIANZHENG_SIGN_VKEY": other},
        {**module.settings(), "JIANZHENG_SIGN_VKEY": " ".join([*module.vkeys, module.make()])},
        {**module.settings(), "JIANZHENG_SIGN_COMMAND": "false", "JIANZHENG_SIGN_VKEY": module.vkeys[0]},
    )
    for settings in wrong:
        with pytest.raises(Exception, match=r"JIANZHENG_SIGN_VKEY|no valid signature"):
            create_archive(settings_of(tmp_path / "home", **settings), name="示例", origin=ORIGIN)
        assert not (tmp_path / "home").exists()


def test_a_copy_takes_all_keys_along(embedded: House, tmp_path: Path) -> None:
    """The key folder is copied whole; without it an archive with other keys is not opened."""
    house, _, new = changed(embedded)
    folder = house.settings.keys_folder
    assert {path.name for path in folder.iterdir()} == {
        "ledger.key", f"ledger-{new.split('+')[1]}.key", "known", "last-signed"
    }  # fmt: skip
    (folder / "known").unlink()
    (folder / "ledger.key").unlink()
    with pytest.raises(KeyFileInvalid):
        open_archive(house.settings)
